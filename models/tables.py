#!/usr/bin/env python
"""Makes the paper's tables with the errors of our models: python models/tables.py [FOLDER]"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from ram import command_line, safe_files  # noqa: E402
from ram.pictures import cost_picture, errors_picture  # noqa: E402
from ram.pictures.drawing import png  # noqa: E402
from ram.reports import tables  # noqa: E402
from ram.reports.measured import measure_folder  # noqa: E402
from ram.reports.stopping import THRESHOLDS  # noqa: E402

EXAMPLES = [
    ('models/tables.py', 'prints the tables of the models in models/'),
    ('models/tables.py --check docs/results.md', 'fails if this page states other figures')]


def parse(argv):
    parser = command_line.Parser('[FOLDER] [flags]', "Prints the paper's tables with the errors of our models in a "
                                 'folder.', EXAMPLES)
    parser.add_argument('folder', nargs='?', default='models', help='folder of the models (default: %(default)s)')
    parser.add_draws(passes=10)
    form = parser.add_mutually_exclusive_group()
    parser.add_argument('--json', place=form, action='store_true', help='print JSON')
    parser.add_argument('--markdown', place=form, action='store_true', help='print Markdown')
    parser.add_argument('--write', nargs='+', metavar='FILE', default=[], help='write the tables into these documents, '
                        'between the lines <!-- tables --> and <!-- /tables -->')
    parser.add_argument('--check', nargs='+', metavar='FILE', default=[], help='fail if one of these documents has '
                        'other figures')
    parser.add_argument('--picture', metavar='FILE.png', help='draw the errors over the number of glimpses, beside the '
                        'published ones')
    parser.add_argument('--cost', metavar='FILE.png', help='draw the errors over the multiplications that an answer '
                        'costs, with as many glimpses as needed, and those of the controls')
    parser.set_defaults(split=None, policy=None, gaze=False)  # each model is measured as its row says
    arguments = parser.parse_args(argv)
    arguments.until = max(THRESHOLDS) if arguments.cost else None
    command_line.check_draws(arguments)
    return arguments


def document(name, flag):
    """The text of a document; a ValueError that names the flag if it cannot be read."""
    try:
        return pathlib.Path(name).read_text('utf-8')
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f'{flag} {name}: {getattr(error, "strerror", "it is not text in UTF-8")}') from None


def main(argv=None):
    arguments = parse(argv)
    for flag, names in ('--write', arguments.write), ('--check', arguments.check):
        for name in names:
            tables.check_marks(document(name, flag), f'{flag} {name}')
    pictures = {name: file for name, file in (('picture', arguments.picture), ('cost', arguments.cost)) if file}
    for flag, names in ('write', arguments.write), *((flag, [file]) for flag, file in pictures.items()):
        for name in names:
            safe_files.check_target(name, f'--{flag} {name}')
    device = command_line.device(arguments.gpu)
    found = measure_folder(arguments.folder, arguments, device)
    made = tables.make_tables(found)
    print(tables.as_json(made) if arguments.json else
          tables.as_markdown(made) if arguments.markdown else tables.as_text(made))
    for name in arguments.write:
        text = tables.written(document(name, '--write'), made)
        with safe_files.replacing(name, 'w') as file:
            file.write(text)
    figures = {'picture': lambda: errors_picture.draw(made), 'cost': lambda: cost_picture.draw(found)}
    for flag, path in pictures.items():
        with safe_files.replacing(path) as file:
            file.write(png(figures[flag]()))
    wrong = [f'{name}\n{line}' for name in arguments.check
             for line in tables.differences(document(name, '--check'), made)]
    if wrong:
        print('\n'.join(wrong), file=sys.stderr)
        raise ValueError(f'{len(wrong)} lines differ from the computed tables')


if __name__ == '__main__':
    command_line.run(main)
