#!/usr/bin/env python
"""Shows where a model looks and what it thinks: python visualize.py model.npz"""
import pathlib

import numpy as np

from datasets import folder as pictures
from ram import checkpoint, command_line, tasks
from ram.networks.controls import KINDS
from ram.networks.recurrent_attention import POLICIES
from ram.registry import UNSEEN_SPLITS
from ram.reports import evaluation, page, rendering


def parse():
    parser = command_line.Parser('Renders episodes as a GIF and as a contact sheet (PNG).')
    parser.add_argument('model', nargs='?', help='model.npz; its task and sizes come from the file')
    parser.add_argument('--images', help='of a model of --dataset folder, where the pictures are now')
    what = parser.add_mutually_exclusive_group()
    what.add_argument('--index', type=int, nargs='+', help='test scenes to show (default: 4, drawn with --seed)')
    what.add_argument('--image', help='a picture of your own instead; a digit white on black, as in MNIST')
    what.add_argument('--heatmap', action='store_true', help='instead of episodes a map (PNG) of where the first, the '
                      'second, ... glimpse goes over the whole test set, in the image and around the digit')
    parser.add_argument('--page', help='instead of pictures one HTML file, which runs the model in any browser')
    parser.add_argument('--gallery', nargs='+', metavar='PATH', help='with --page, several models on one page: files, '
                        'or folders, of which one model of each task is taken')
    parser.add_argument('--scenes', type=int, help=f'test scenes on the page (default: {page.SCENES}; none of your '
                        'own pictures)')
    parser.add_argument('--weights', choices=page.WEIGHTS, default='float16', help='how the page stores the weights '
                        '(default: %(default)s)')
    parser.add_argument('--seed', type=int, default=0, help='seed of the choice and of the first locations')
    parser.add_argument('--policy', choices=POLICIES, help='where to look (default: as in training)')
    parser.add_argument('-o', '--out', help='the GIF; the sheet is beside it, as .png (default: beside the model). '
                        'With --heatmap, the map (default: MODEL-heatmap.png)')
    return parser.parse_args()


def chosen_scenes(config, arguments):
    """The images uint8 (N, C, size, size) and truths (N, or None) that the flags ask for."""
    if arguments.image:
        how = dict(fit=config.fit) if config.dataset == 'folder' else dict(fit='pad', fill=0)
        return pictures.read(arguments.image, config.size, config.channels == 3, **how)[None], None
    images, labels = tasks.load_scenes(config, UNSEEN_SPLITS[config.model], arguments.data)
    index = arguments.index
    if index is None:
        index = np.random.default_rng(arguments.seed).choice(len(images), 4, replace=False)
    if min(index) < 0 or max(index) >= len(images):
        raise ValueError(f'--index must be between 0 and {len(images) - 1}, not {", ".join(map(str, index))}')
    return images[index], labels[index]


def draw_episodes(model, arguments, device):
    """The files to write, by path: the GIF and the contact sheet."""
    images, truths = chosen_scenes(model.config, arguments)
    episodes = rendering.watch(model, images, truths, evaluation.generator(device, arguments.seed),
                               arguments.policy or model.config.policy)
    out = pathlib.Path(arguments.out or arguments.model).with_suffix('.gif')
    return {out: rendering.gif(episodes), out.with_suffix('.png'): rendering.contact_sheet(episodes)}


def draw_heatmap(model, arguments, device):
    """The file to write, by path: the map of all test scenes."""
    config, split = model.config, UNSEEN_SPLITS[model.config.model]
    images, _ = tasks.load_scenes(config, split, arguments.data)
    locations = evaluation.fixations(model, device.send(images), evaluation.generator(device, arguments.seed),
                                     arguments.policy)
    model_path = pathlib.Path(arguments.model)
    out = pathlib.Path(arguments.out or model_path.with_name(f'{model_path.stem}-heatmap')).with_suffix('.png')
    boxes = tasks.digit_boxes(config, split, len(images))
    return {out: rendering.heatmap(locations, config.size, *(boxes or ()))}


def draw(arguments):
    """The files to write, by path."""
    if arguments.page:
        return page.draw_page(arguments)
    device = command_line.device(arguments.gpu)
    model = checkpoint.load_model(arguments.model, arguments.images)
    if model.config.model in KINDS:
        raise ValueError(f'{arguments.model} is the control {model.config.model}, which has no gaze to show')
    model.to_device(device)
    return (draw_heatmap if arguments.heatmap else draw_episodes)(model, arguments, device)


def main():
    arguments = parse()
    if (arguments.model is None) == (arguments.gallery is None) or arguments.gallery and not arguments.page:
        raise ValueError('one model is needed, or --page FILE with --gallery PATH')
    if arguments.page and (arguments.image or arguments.heatmap):
        raise ValueError('--page goes with neither --image nor --heatmap: a picture is opened on the page itself')
    if arguments.seed < 0:
        raise ValueError(f'--seed must be at least 0, not {arguments.seed}')
    for path, content in draw(arguments).items():
        with checkpoint.replacing(path) as file:
            file.write(content)
        print(path)


if __name__ == '__main__':
    command_line.run(main)
