#!/usr/bin/env python
"""Shows where a model looks and what it thinks: python visualize.py model.npz"""
from ram import checkpoint, command_line, safe_files
from ram.networks.gaze import POLICIES
from ram.registry import GAME_RENDERERS, RENDERERS


def parse(argv):
    parser = command_line.Parser('Renders episodes as a GIF and as a contact sheet (PNG).')
    parser.add_argument('model', help='model.npz; its task and sizes come from the file')
    parser.add_argument('--images', metavar='DIR', help='for a model of --dataset folder, where the pictures are now')
    what = parser.add_mutually_exclusive_group()
    what.add_argument('--index', type=int, nargs='+', metavar='N', help='test scenes to show (default: 4, drawn with '
                      '--seed)')
    what.add_argument('--image', metavar='FILE', help='a picture of your own instead; a digit white on black, as in '
                      'MNIST')
    for name, draw in RENDERERS.items():
        if name != 'episodes':
            summary = ' '.join(draw.__doc__.split('\n\n')[0].split())
            what.add_argument(f'--{name}', action='store_const', const=name, dest='renderer', default='episodes',
                              help=summary[0].lower() + summary[1:])
    parser.add_argument('--seed', type=int, default=0, metavar='N', help='seed of the choice and of the first '
                        'locations (default: 0)')
    parser.add_argument('--policy', choices=POLICIES, help='where to look (default: as in training)')
    parser.add_argument('-o', '--out', metavar='FILE', help='the GIF, with the sheet beside it as .png (default: '
                        'beside the model); with --heatmap, the map (default: MODEL-heatmap.png)')
    return parser.parse_args(argv)


def main(argv=None):
    arguments = parse(argv)
    if arguments.seed < 0:
        raise ValueError(f'--seed must be at least 0, not {arguments.seed}')
    device = command_line.device(arguments.gpu)
    model = checkpoint.load_model(arguments.model, arguments.images)
    if not model.gaze:
        raise ValueError(f'{arguments.model} is the control {model.config.model}, which has no gaze to show')
    model.to_device(device)
    renderers = GAME_RENDERERS if model.goal == 'game' else RENDERERS
    if arguments.renderer not in renderers:
        raise ValueError(f'--{arguments.renderer} is not for {model.config.dataset}')
    for path, content in renderers[arguments.renderer](model, arguments, device).items():
        with safe_files.replacing(path) as file:
            file.write(content)
        print(path)


if __name__ == '__main__':
    command_line.run(main)
