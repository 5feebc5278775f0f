#!/usr/bin/env python
"""Measures a trained model: python evaluate.py model.npz; or many: python evaluate.py --tables models"""
import dataclasses
import json
import pathlib
import shlex
import sys
from itertools import pairwise

from ram import checkpoint, command_line, safe_files, tasks
from ram.agents.gaze import POLICIES
from ram.pictures import errors_picture
from ram.pictures.drawing import png
from ram.random_streams import generator
from ram.registry import REPORTS
from ram.reports import prediction, published, tables


def parse(argv):
    parser = command_line.Parser("Measures a model's test error, or the share of games that a player wins, in percent.")
    parser.add_argument('model', nargs='?', help='model.npz; its task and sizes come from the file')
    parser.add_argument('--images', metavar='DIR', help='for a model of --dataset folder, where the pictures are now')
    parser.add_argument('--split', choices=tasks.SEEDS, help="the scenes (default: test; for the archived "
                        "repository's model, which was trained on the test digits, train+validation)")
    parser.add_argument('--policy', choices=POLICIES, help='where to look (default: as in training)')
    parser.add_argument('--repeats', type=int, default=10, metavar='N', help='draws of the first locations (default: '
                        '10)')
    parser.add_argument('--passes', type=int, default=1, metavar='N', help='also measure the error of answers by the '
                        'mean probabilities of N passes, each with other first locations (default: 1, no such error)')
    parser.add_argument('--seed', type=int, default=0, metavar='N', help='seed of the first locations (default: 0)')
    parser.add_argument('--json', action='store_true', help='print JSON')
    parser.add_argument('--predict', nargs='+', metavar='PATH', help='instead classify these pictures, or those in '
                        'these folders: prints file, class and probability (mean over the first locations), separated '
                        'by tabs')
    paper = parser.add_argument_group("the paper's tables")
    paper.add_argument('--tables', metavar='FOLDER', help='print tables 1 and 2 of the paper with the errors of the '
                        'models in this folder beside the published ones')
    paper.add_argument('--markdown', action='store_true', help='as Markdown')
    paper.add_argument('--write', nargs='+', metavar='FILE', default=[], help='write them into these documents, '
                        'between the lines <!-- tables --> and <!-- /tables -->')
    paper.add_argument('--picture', metavar='FILE.png', help='draw the errors over the number of glimpses, beside the '
                       'published ones')
    paper.add_argument('--check', nargs='+', metavar='FILE', default=[], help='fail if one of these documents has '
                        'other figures')
    return parser.parse_args(argv)


def check_passes(model, arguments):
    """Raises ValueError if the model has nothing that several passes could average."""
    config, passes = model.config, f'--passes {arguments.passes}'
    if model.goal != 'classification':
        raise ValueError(f'{passes} averages probabilities of classes, and {arguments.model} is a player of '
                         f'{config.dataset}: only 1 is allowed')
    if arguments.predict:
        raise ValueError(f'{passes}: --predict averages over --repeats; only --passes 1 is allowed with it')
    if not model.draws(arguments.policy or config.policy):
        raise ValueError(f'{passes}: {arguments.model} draws no location, so all passes are the same; only 1 is '
                         'allowed')


def predict(model, arguments, device):
    """Prints the model's answers for the files of --predict; ValueError if none can be read."""
    def unreadable(text):
        print(f'left out: {text}', file=sys.stderr)

    if model.goal != 'classification':
        raise ValueError(f'--predict classifies pictures, and {arguments.model} is a player of {model.config.dataset}')
    files, rows = prediction.files_of(arguments.predict), []
    repeats = arguments.repeats if model.draws(arguments.policy or model.config.policy) else 1
    for row in prediction.predictions(model, files, lambda seed: generator(device, seed), arguments.seed,
                                      repeats, arguments.policy, unreadable):
        rows.append(row)
        if not arguments.json:
            print('{file}\t{class}\t{probability:.4f}'.format_map(row), flush=True)
    if not rows:
        raise ValueError(f'--predict: none of {len(files)} files is a picture that can be read')
    if arguments.json:
        print(json.dumps(rows))


def started_from(model):
    """The name of the model that a model's training started from (``train.py --init``); '' if there is none."""
    try:
        words = shlex.split(model.provenance.get('command', ''))
    except ValueError:  # no command that a shell would take
        return ''
    given = [after for word, after in pairwise(words) if word == '--init']
    given += [word.removeprefix('--init=') for word in words if word.startswith('--init=')]
    return pathlib.Path(given[-1]).stem if given else ''


def tables_of(arguments, device):
    """The paper's tables with the models of a folder."""
    runs, paths = {}, sorted(pathlib.Path(arguments.tables).glob('*.npz'))
    if not paths:
        raise FileNotFoundError(f'there is no model (*.npz) in {arguments.tables}')
    for path in paths:
        model = checkpoint.load_model(path)
        row, seed = published.row_of(model.config), model.config.seed
        if row is None:
            print(f'{path} belongs in no row of the tables and is left out', file=sys.stderr)
        elif seed in runs.setdefault(row, {}):
            raise ValueError(f'{path}: another model in {arguments.tables} has the same row and seed: {row}, {seed}')
        else:
            check_seed(path, model, runs[row].values())
            runs[row][seed] = path, model
    results = {}
    for row, found in runs.items():
        measured = []
        for path, model in (found[seed] for seed in sorted(found)):
            model.to_device(device)
            measured.append({**REPORTS[model.goal](model, arguments, device).result, 'name': path.stem,
                             'epoch': model.config.epoch, 'init': started_from(model)})
        results[row] = tables.mean_of_seeds(measured)
    return tables.make_tables(results)


def check_seed(path, model, others):
    """Raises ValueError if a model's training differs from that of others of its row in more than seed and epochs.

    Args:
        path, model: the model with its file.
        others: (path, model) of those.  A control leaves fields unused, so only models with a gaze are compared.
    """
    def recipe(model):
        return {**dataclasses.asdict(model.config), 'init': started_from(model), 'seed': None, 'epoch': None}

    for other, one in others if model.gaze else ():
        known = recipe(one)
        changes = [f'{name} {value}' for name, value in recipe(model).items() if value != known[name]]
        if changes:
            raise ValueError(f'{path} differs from {other} in more than the seed, and would be in one row with it: it '
                             f'has {", ".join(changes)}')


def print_tables(arguments, device):
    """Prints, writes and checks the tables; ValueError if a document of --check has other figures."""
    for name in (*arguments.write, *arguments.check):
        tables.check_marks(pathlib.Path(name).read_text('utf-8'), name)
    made = tables_of(arguments, device)
    print(tables.as_json(made) if arguments.json else
          tables.as_markdown(made) if arguments.markdown else tables.as_text(made))
    for name in arguments.write:
        text = tables.written(pathlib.Path(name).read_text('utf-8'), made)
        with safe_files.replacing(name, 'w') as file:
            file.write(text)
    if arguments.picture:
        with safe_files.replacing(arguments.picture) as file:
            file.write(png(errors_picture.draw(made)))
    wrong = [f'{name}\n{line}' for name in arguments.check
             for line in tables.differences(pathlib.Path(name).read_text('utf-8'), made)]
    if wrong:
        print('\n'.join(wrong), file=sys.stderr)
        raise ValueError(f'{len(wrong)} lines differ from the computed tables')


def main(argv=None):
    arguments = parse(argv)
    if arguments.passes < 1:
        raise ValueError(f'--passes must be at least 1, not {arguments.passes}')
    if arguments.repeats < 1 or arguments.seed < 0:
        raise ValueError('--repeats must be at least 1 and --seed at least 0')
    if arguments.predict and not arguments.model:
        raise ValueError('--predict needs a model: evaluate.py model.npz --predict PATH')
    if bool(arguments.model) == bool(arguments.tables):
        raise ValueError('name either a model or, with --tables, a folder of models')
    if arguments.tables and arguments.policy:
        raise ValueError('--policy cannot be used with --tables, whose rows say where each model looks')
    if not arguments.tables and (arguments.write or arguments.check or arguments.picture):
        raise ValueError('--write, --check and --picture need --tables')
    device = command_line.device(arguments.gpu)
    if arguments.tables:
        print_tables(arguments, device)
    else:
        model = checkpoint.load_model(arguments.model, arguments.images)
        if arguments.passes > 1:
            check_passes(model, arguments)
        model.to_device(device)
        if arguments.predict:
            return predict(model, arguments, device)
        report = REPORTS[model.goal](model, arguments, device)
        print(json.dumps(report.result) if arguments.json else report.text())


if __name__ == '__main__':
    command_line.run(main)
