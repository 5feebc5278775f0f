#!/usr/bin/env python
"""Measures a trained model: python evaluate.py model.npz"""
import json

from ram import checkpoint, command_line, evaluation
from ram.controls import KINDS
from ram.model import POLICIES
from ram.models import TRAINING_SPLITS, UNSEEN_SPLITS


def parse():
    parser = command_line.Parser("Measures a model's test error. Errors are in percent.")
    parser.add_argument('model', help='model.npz; its task and sizes come from the file')
    parser.add_argument('--split', choices=evaluation.SEEDS, help="the scenes (default: test, or for the archived "
                        "repository's model, which learnt from those, train+validation)")
    parser.add_argument('--policy', choices=POLICIES, help='where to look (default: as in training)')
    parser.add_argument('--repeats', type=int, default=10, help='draws of the first locations (default: 10)')
    parser.add_argument('--seed', type=int, default=0, help='seed of the first locations (default: 0)')
    parser.add_argument('--json', action='store_true', help='print one JSON object')
    return parser.parse_args()


def report(model, result):
    """The result as a text."""
    config, (low, high) = model.config, result['ci95']
    if config.model in KINDS:
        who, over = f'the control {config.model}', ''
    else:
        who = (f'{config.glimpses} glimpses, {config.scales} x {config.patch} x {config.patch} pixels each, '
               f'{result["policy"]} policy')
        over = f', mean over {result["repeats"]} first locations'
    lines = [f'{config.dataset} ({config.digits} digits), {who}',
             f'test error {result["test_error"]:.2f} %, 95% interval {low:.2f} to {high:.2f} '
             f'({result["n"]} {result["split"]} scenes{over})']
    if config.model not in KINDS:
        lines += ['after t glimpses:', *(f'  {t}  {error:6.2f} %' for t, error in enumerate(result['by_glimpse'], 1))]
    if 'training_error' in result:
        lines.append(f'on the digits that it learnt from: {result["training_error"]:.2f} %')
    return '\n'.join(lines)


def measure(model, split, arguments, device):
    """The result of ``evaluation.evaluate`` on one split, whose name it holds too."""
    images, labels = (device.send(array) for array in evaluation.load_scenes(model.config, split, arguments.data))
    repeats = 1 if model.config.model in KINDS else arguments.repeats  # they have no first location
    return {'split': split, **evaluation.evaluate(
        model, images, labels, lambda seed: evaluation.generator(device, seed), arguments.seed, repeats,
        arguments.policy)}


def main():
    arguments = parse()
    if arguments.repeats < 1 or arguments.seed < 0:
        raise ValueError('--repeats must be at least 1 and --seed at least 0')
    device = command_line.device(arguments.gpu)
    model = checkpoint.load_model(arguments.model)
    model.to_device(device)
    kind = model.config.model
    result = measure(model, arguments.split or UNSEEN_SPLITS[kind], arguments, device)
    if kind == 'archived' and not arguments.split:
        result['training_error'] = measure(model, TRAINING_SPLITS[kind], arguments, device)['test_error']
    print(json.dumps(result) if arguments.json else report(model, result))


if __name__ == '__main__':
    command_line.run(main)
