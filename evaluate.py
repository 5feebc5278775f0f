#!/usr/bin/env python
"""Measures a trained model: python evaluate.py model.npz"""
import argparse
import json
import sys

from datasets import bit_depth, shown
from datasets.progress import say
from ram import checkpoint, command_line, tasks
from ram.agents.gaze import POLICIES
from ram.random_streams import generator
from ram.registry import PREDICTIONS, REPORTS
from ram.reports import prediction, stopping
from ram.tasks import remarks

EXAMPLES = [
    ('evaluate.py result/cluttered/model.npz', 'the test error, by number of glimpses and by class'),
    ('evaluate.py models/mnist-T6.npz --passes 10', 'also the error of answers from ten looks at each picture'),
    ('evaluate.py models/mnist-T6.npz --until 0.99', 'also the error with only as many glimpses as needed'),
    ('evaluate.py models/mnist-T6.npz --predict FILE.png DIR', 'classifies pictures of your own')]


class Moved(argparse.Action):
    """A flag of the maker of tables, which was a part of this script."""

    def __call__(self, parser, namespace, values, option_string=None):
        raise ValueError(f"{option_string}: the paper's tables are made by models/tables.py now; see its --help")


def parse(argv):
    parser = command_line.Parser('MODEL [flags]', "Measures a model's test error, or the share of games that a player "
                                 'wins.', EXAMPLES)
    parser.add_argument('model', nargs='?', help='model.npz, or the folder of a run; its task and sizes come from the '
                        'file')
    test = parser.add_argument_group('The test')
    parser.add_argument('--split', place=test, choices=tasks.SEEDS, help="the scenes (default: test; for the archived "
                        "repository's model, which was trained on the test digits, train+validation)")
    parser.add_argument('--policy', place=test, choices=POLICIES, help='where to look (default: as in training)')
    parser.add_draws(test, passes=1)
    parser.add_argument('--until', place=test, type=float, metavar='P', help='stop looking as soon as an answer has '
                        'this probability, such as 0.99: how many glimpses that takes, the error then, and the same '
                        'for other probabilities; with --predict, the number of glimpses is one more column')
    parser.add_argument('--images', place=test, metavar='DIR', help='for a model of --dataset folder or text, where '
                        'the pictures are now')
    parser.add_argument('--largest', place=test, rare=True, type=int, metavar='MEGAPIXELS', help='for such a model, '
                        'read pictures up to this size (default: as in training; 0: as large as the memory holds)')
    parser.add_argument('--json', place=test, action='store_true', help='print JSON')
    own = parser.add_argument_group('Your own pictures')
    parser.add_argument('--predict', place=own, nargs='+', metavar='PATH', help='instead classify or read these '
                        'pictures, or those in these folders: prints file, class or text, and probability (mean over '
                        'the first locations), separated by tabs; a name with a tab or the like is a JSON string, in '
                        'quotation marks')
    parser.add_as_is(own)
    parser.add_argument('--tables', '--markdown', '--write', '--check', '--picture', nargs='*', action=Moved,
                        help=argparse.SUPPRESS)
    parser.set_defaults(gaze=True)  # whether it helps is said of each model of pictures
    return parser.parse_args(argv)


def check_flags(model, arguments):
    """Raises ValueError if a flag has no effect on what is found for the model."""
    def refuse(names, reason):
        command_line.refuse_unused(arguments, names, reason)

    refuse(getattr(REPORTS[model.goal], 'unused', ()),
           f'with {arguments.model}, a {model.role} of {model.config.dataset}')
    if arguments.predict:
        refuse(['passes'], 'with --predict, which averages over --repeats')
        refuse(['split', 'images'], 'with --predict, which names its pictures')
    if not model.gaze:
        refuse(['policy', 'until'], f'with {arguments.model}, which sees the whole image')
    if arguments.until is not None:
        refuse(['passes'], f'with --until {arguments.until:g}, which stops each look by itself')
    if not model.draws(arguments.policy or model.config.policy):
        refuse(['passes', 'repeats', 'seed'], f'with {arguments.model}, which draws no location')


def predict(model, arguments, device):
    """Prints the model's answers for the files of --predict; ValueError if none can be read."""
    if model.goal not in PREDICTIONS:
        raise ValueError(f'--predict is for pictures, and {arguments.model} is a {model.role} of '
                         f'{model.config.dataset}')
    files, rows, whites = prediction.files_of(arguments.predict), [], []
    repeats = arguments.repeats if model.draws(arguments.policy or model.config.policy) else 1
    preparation = tasks.preparation(model.config, arguments.as_is)
    with remarks.first_few(lambda text: say(f'left out: {shown.text(text)}', sys.stderr)) as unreadable:
        for row in prediction.predictions(model, files, lambda seed: generator(device, seed), arguments.seed, repeats,
                                          arguments.policy, unreadable, whites.append, arguments.as_is,
                                          arguments.until):
            if not rows:
                remarks.say(preparation)
            rows.append(row)
            if not arguments.json:
                file, answer, probability, *glimpses = row.values()
                names = (shown.field(name, sys.stdout.encoding) for name in (file, answer))
                say('\t'.join([*names, f'{probability:.4f}', *map(str, glimpses)]), sys.stdout)
    remarks.say(bit_depth.summary(whites, 'pictures'))
    if not rows:
        raise ValueError(f'--predict: none of {len(files)} files is a picture that can be read')
    if arguments.json:
        print(json.dumps(rows))


def main(argv=None):
    arguments = parse(argv)
    if not arguments.model:
        raise ValueError(f"name a model first: evaluate.py model.npz{' --predict PATH' if arguments.predict else ''}")
    if arguments.as_is and not arguments.predict:
        raise ValueError('--as-is is for the pictures of --predict')
    command_line.check_draws(arguments)
    stopping.check_threshold(arguments.until)
    device = command_line.device(arguments.gpu)
    arguments.model = checkpoint.model_file(arguments.model)
    model = checkpoint.load_model(arguments.model, arguments.images, arguments.largest)
    check_flags(model, arguments)
    model.to_device(device)
    if arguments.predict:
        return predict(model, arguments, device)
    report = REPORTS[model.goal](model, arguments, device)
    print(json.dumps(report.result) if arguments.json else report.text())


if __name__ == '__main__':
    command_line.run(main)
