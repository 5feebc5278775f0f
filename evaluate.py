#!/usr/bin/env python
"""Measures a trained model: python evaluate.py model.npz; or many: python evaluate.py --tables models"""
import json
import pathlib
import sys

from ram import checkpoint, command_line, safe_files, tasks
from ram.networks.gaze import POLICIES
from ram.random_streams import generator
from ram.registry import DATASETS
from ram.reports import evaluation, tables

SHOWN_CLASSES = 10


def parse(argv):
    parser = command_line.Parser("Measures a model's test error. Errors are in percent.")
    parser.add_argument('model', nargs='?', help='model.npz; its task and sizes come from the file')
    parser.add_argument('--images', help='of a model of --dataset folder, where the pictures are now')
    parser.add_argument('--split', choices=tasks.SEEDS, help="the scenes (default: test, or for the archived "
                        "repository's model, which learnt from those, train+validation)")
    parser.add_argument('--policy', choices=POLICIES, help='where to look (default: as in training)')
    parser.add_argument('--repeats', type=int, default=10, help='draws of the first locations (default: 10)')
    parser.add_argument('--seed', type=int, default=0, help='seed of the first locations (default: 0)')
    parser.add_argument('--json', action='store_true', help='print JSON')
    paper = parser.add_argument_group("the paper's tables")
    paper.add_argument('--tables', metavar='FOLDER', help='print tables 1 and 2 of the paper with the errors of the '
                        'models in this folder beside the published ones')
    paper.add_argument('--markdown', action='store_true', help='as Markdown')
    paper.add_argument('--write', nargs='+', metavar='FILE', default=[], help='write them into these documents, '
                        'between the lines <!-- tables --> and <!-- /tables -->')
    paper.add_argument('--check', nargs='+', metavar='FILE', default=[], help='fail if one of these documents states '
                        'other figures')
    return parser.parse_args(argv)


def report(model, result):
    """The result as a text."""
    config, (low, high) = model.config, result['ci95']
    if not model.gaze:
        who, over = f'the control {config.model}', ''
    else:
        who = (f'{config.glimpses} glimpses, {config.scales} x {config.patch} x {config.patch} pixels each, '
               f'{result["policy"]} policy')
        over = f', mean over {result["repeats"]} first locations'
    lines = [f'{DATASETS[config.dataset].name(config)}, {who}',
             f'test error {result["test_error"]:.2f} %, 95% interval {low:.2f} to {high:.2f} '
             f'({result["n"]} {result["split"]} scenes{over}); {model.count_params():,} parameters']
    if model.gaze:
        lines += ['after t glimpses:', *(f'  {t}  {error:6.2f} %' for t, error in enumerate(result['by_glimpse'], 1))]
    worst = sorted(((error, name) for name, error in zip(config.classes, result['by_class']) if error is not None),
                   reverse=True)[:SHOWN_CLASSES]
    lines += ['by class, the worst first:', *(f'  {error:6.2f} %  {name}' for error, name in worst)]
    if 'training_error' in result:
        lines.append(f'on its training digits: {result["training_error"]:.2f} %')
    return '\n'.join(lines)


def measure(model, split, arguments, device):
    """The result of ``evaluation.evaluate`` on one split, whose name it holds too."""
    images, labels = (device.send(array) for array in tasks.load_scenes(model.config, split, arguments.data))
    repeats = arguments.repeats if model.gaze else 1  # without a gaze there is no first location
    return {'split': split, **evaluation.evaluate(
        model, images, labels, lambda seed: generator(device, seed), arguments.seed, repeats,
        arguments.policy)}


def evaluated(model, arguments, device):
    """What comes out for a model."""
    model.to_device(device)
    result = measure(model, arguments.split or model.unseen_split, arguments, device)
    if model.unseen_split != 'test' and not arguments.split:  # it learns from what others are judged by
        result['training_error'] = measure(model, model.training_split, arguments, device)['test_error']
    return result


def tables_of(arguments, device):
    """The paper's tables with the models of a folder."""
    results, paths = {}, sorted(pathlib.Path(arguments.tables).glob('*.npz'))
    if not paths:
        raise FileNotFoundError(f'there is no model (*.npz) in {arguments.tables}')
    for path in paths:
        model = checkpoint.load_model(path)
        row = tables.row_of(model.config)
        if row is None:
            print(f'{path} is of no task of the paper and left out', file=sys.stderr)
        elif row in results:
            raise ValueError(f'{path}: another model in {arguments.tables} stands in the same row, {row}')
        else:
            results[row] = evaluated(model, arguments, device)
    return tables.make_tables(results)


def print_tables(arguments, device):
    """What --tables asks for; ValueError if a document of --check states other figures."""
    made = tables_of(arguments, device)
    print(tables.as_json(made) if arguments.json else
          tables.as_markdown(made) if arguments.markdown else tables.as_text(made))
    for name in arguments.write:
        text = tables.written(pathlib.Path(name).read_text(), made)
        with safe_files.replacing(name, 'w') as file:
            file.write(text)
    wrong = [f'{name}\n{line}' for name in arguments.check
             for line in tables.differences(pathlib.Path(name).read_text(), made)]
    if wrong:
        print('\n'.join(wrong), file=sys.stderr)
        raise ValueError(f'{len(wrong)} lines are not what comes out')


def main(argv=None):
    arguments = parse(argv)
    if arguments.repeats < 1 or arguments.seed < 0:
        raise ValueError('--repeats must be at least 1 and --seed at least 0')
    if bool(arguments.model) == bool(arguments.tables):
        raise ValueError('name either a model or, with --tables, a folder of models')
    device = command_line.device(arguments.gpu)
    if arguments.tables:
        print_tables(arguments, device)
    else:
        model = checkpoint.load_model(arguments.model, arguments.images)
        result = evaluated(model, arguments, device)
        print(json.dumps(result) if arguments.json else report(model, result))


if __name__ == '__main__':
    command_line.run(main)
