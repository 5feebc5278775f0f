#!/usr/bin/env python
"""Shows where a model looks and what it thinks: python visualize.py model.npz"""
import os

from datasets import shown
from ram import checkpoint, command_line, safe_files
from ram.agents.gaze import POLICIES
from ram.pictures import drawing, lettering, page
from ram.pictures.page import SCENES, WEIGHTS
from ram.registry import RENDERERS, RENDERERS_OF

MOST = 20  # the largest number of scenes in a picture
EXAMPLES = [
    ('visualize.py result/cluttered', 'four test scenes: model.gif and model.png in the folder of the run'),
    ('visualize.py models/mnist-T6.npz --image digit.png --out look.gif', 'a picture of your own'),
    ('visualize.py models/mnist-T6.npz --page look.html', 'a page that runs the model in any browser')]


def parse(argv):
    parser = command_line.Parser('MODEL [flags]', 'Shows where a model looks and what it thinks, as a GIF and as a '
                                 'sheet (PNG).', EXAMPLES)
    parser.add_argument('model', nargs='?', help='model.npz, or the folder of a run; its task and sizes come from the '
                        'file')
    view = parser.add_argument_group('What is shown')
    what = view.add_mutually_exclusive_group()
    parser.add_argument('--index', place=what, type=int, nargs='+', metavar='N', help='test scenes to show (default: '
                        '--count scenes at random)')
    parser.add_argument('--image', place=what, metavar='FILE', help='a picture of your own instead')
    parser.add_as_is(view)
    for name, draw in RENDERERS.items():
        if name not in ('episodes', 'page'):
            summary = ' '.join(draw.__doc__.split('\n\n')[0].split())
            parser.add_argument(f'--{name}', place=what, action='store_const', const=name, dest='renderer',
                                default='episodes', help=summary[0].lower() + summary[1:])
    parser.add_argument('--count', place=view, type=int, default=4, metavar='N', help='how many to show, at most '
                        f'{MOST} (default: 4)')
    parser.add_argument('--policy', place=view, choices=POLICIES, help='where to look (default: as in training)')
    parser.add_argument('--seed', place=view, type=int, default=0, metavar='N', help='seed of the choice and of the '
                        'first locations (default: 0)')
    parser.add_argument('--images', place=view, metavar='DIR', help='for a model of --dataset folder or text, where '
                        'the pictures are now')
    parser.add_argument('--largest', place=view, rare=True, type=int, metavar='MEGAPIXELS', help='for such a model, '
                        'read pictures up to this size (default: as in training; 0: as large as the memory holds)')
    parser.add_argument('-o', '--out', place=view, metavar='FILE', help='the GIF, with the sheet beside it as .png, '
                        'or a folder for them (default: the folder of a run, else result/); with --heatmap and the '
                        "like, MODEL-heatmap.png; with --image, MODEL and the picture's name")
    site = parser.add_argument_group('A page for the browser')
    parser.add_argument('--page', place=site, metavar='FILE', help='one HTML file instead, or a folder for it, which '
                        'runs the model in any browser')
    parser.add_argument('--gallery', place=site, nargs='+', metavar='PATH', help='with --page, several models on one '
                        'page: files, folders of runs, or other folders, of which one model of each task is taken')
    parser.add_argument('--scenes', place=site, rare=True, type=int, metavar='N', help='test scenes on the page '
                        f'(default: {SCENES}; none of your own pictures)')
    parser.add_argument('--weights', place=site, rare=True, choices=WEIGHTS, default='float16', help='how the page '
                        'stores the weights (default: %(default)s)')
    return parser.parse_args(argv)


def check_flags(name, model, renderer, arguments):
    """Raises ValueError if a flag has no effect on the pictures of this name."""
    def refuse(names, reason):
        command_line.refuse_unused(arguments, names, reason)

    one = next((flag for flag in ('index', 'image') if flag in arguments.given), None)
    refuse(getattr(renderer, 'unused', ()), f'with --{name}' if name != 'episodes' else
           f'with {arguments.model}, a {model.role} of {model.config.dataset}')
    if not arguments.page:
        refuse(['scenes', 'weights'], 'without --page')
    if one:
        refuse(['count', 'scenes'], f'with --{one}, which says what to show')
    if arguments.image:
        refuse(['images'], 'with --image, which names its picture')
    whole = one if name == 'episodes' else name if name == 'heatmap' else None  # the seed chooses no scenes
    if whole and not model.draws(arguments.policy or model.config.policy):
        refuse(['seed'], f'with --{whole} and {arguments.model}, which draws no location')


def check_place(arguments):
    """Checks, before anything is drawn, where the pictures or the page are written.

    Raises:
        OSError: they cannot be written.
        ValueError: they would replace the picture or a model that they show.
    """
    if arguments.page:
        written, named = [page.file_for(arguments)], f'--page {arguments.page}'
    else:
        written = [drawing.file_for(arguments, suffix) for suffix in ('.gif', '.png')]
        named = f'--out {arguments.out}' if arguments.out else 'without --out'
        if not arguments.out and written[0].parent == drawing.RESULTS:
            drawing.RESULTS.mkdir(exist_ok=True)
    sources = [path for path in (arguments.image, arguments.model, *(arguments.gallery or [])) if path]
    for path in written:
        safe_files.check_target(path, named)
        for source in sources:
            if path.exists() and os.path.exists(source) and path.samefile(source):
                raise ValueError(f'{named}: {path} would replace {source}, which it shows: choose another name')


def main(argv=None):
    arguments = parse(argv)
    if arguments.seed < 0:
        raise ValueError(f'--seed must be at least 0, not {arguments.seed}')
    if not 1 <= arguments.count <= MOST:
        raise ValueError(f'--count must be at least 1 and at most {MOST}, not {arguments.count}')
    if not arguments.model and not arguments.gallery:
        raise ValueError('a model.npz or the folder of a run is needed, or --gallery PATH with --page FILE')
    if arguments.as_is and not arguments.image:
        raise ValueError('--as-is is for the picture of --image')
    if arguments.gallery and (arguments.model or not arguments.page):
        raise ValueError('--gallery names all models of the page: use it with --page FILE and without MODEL')
    if arguments.page and (arguments.image or arguments.renderer != 'episodes'):
        raise ValueError('--page cannot be combined with --image (a picture is opened on the page itself) or with '
                         'another kind of picture')
    if arguments.model:
        arguments.model = checkpoint.model_file(arguments.model)
    device = command_line.device(arguments.gpu)
    name, model, renderers = 'page' if arguments.page else arguments.renderer, None, RENDERERS
    if arguments.model:
        model = checkpoint.load_model(arguments.model, arguments.images, arguments.largest)
        renderers = RENDERERS_OF[model.goal]
        if name not in renderers:
            raise ValueError(f'--{name} is not for {model.config.dataset}')
        if not model.gaze and getattr(renderers[name], 'gaze', True):
            raise ValueError(f'{arguments.model} is the control {model.config.model}, which has no gaze to show')
        model.to_device(device)
    check_flags(name, model, renderers[name], arguments)
    check_place(arguments)
    with lettering.fonts_for(model.config.classes if model else ()):
        files = renderers[name](model, arguments, device)
    for path, content in files.items():
        with safe_files.replacing(path) as file:
            file.write(content)
        print(shown.text(path))


if __name__ == '__main__':
    command_line.run(main)
