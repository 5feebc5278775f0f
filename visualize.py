#!/usr/bin/env python
"""Shows where a model looks and what it thinks: python visualize.py model.npz"""
import pathlib

import numpy as np
from PIL import Image

from ram import checkpoint, command_line, evaluation, rendering
from ram.controls import KINDS
from ram.model import POLICIES
from ram.models import UNSEEN_SPLITS


def parse():
    parser = command_line.Parser('Renders episodes as a GIF and as a contact sheet (PNG).')
    parser.add_argument('model', help='model.npz; its task and sizes come from the file')
    what = parser.add_mutually_exclusive_group()
    what.add_argument('--index', type=int, nargs='+', help='test scenes to show (default: 4, drawn with --seed)')
    what.add_argument('--image', help='a picture of your own instead, white on black as in MNIST')
    what.add_argument('--heatmap', action='store_true', help='instead of episodes a map (PNG) of where the first, the '
                      'second, ... glimpse goes over the whole test set, in the image and around the digit')
    parser.add_argument('--seed', type=int, default=0, help='seed of the choice and of the first locations')
    parser.add_argument('--policy', choices=POLICIES, help='where to look (default: as in training)')
    parser.add_argument('-o', '--out', help='the GIF; the sheet is beside it, as .png (default: beside the model). '
                        'With --heatmap, the map (default: MODEL-heatmap.png)')
    return parser.parse_args()


def own_picture(path, size, channels):
    """A picture as uint8 (1, C, size, size): whole, as large as fits, centred on black; grey if C is 1, else in colour.

    Raises:
        ValueError: the file is not a picture, or is absurdly large.
    """
    mode = {1: 'L', 3: 'RGB'}[channels]
    try:
        with Image.open(path) as file:
            picture = file.convert(mode)
    except FileNotFoundError:
        raise
    except (OSError, ValueError, Image.DecompressionBombError, SyntaxError) as error:
        raise ValueError(f'{path} is not a picture that Pillow can read: {error}') from None
    picture.thumbnail((size, size), Image.Resampling.LANCZOS)
    canvas = Image.new(mode, (size, size))
    canvas.paste(picture, ((size - picture.width) // 2, (size - picture.height) // 2))
    return np.asarray(canvas).reshape(1, size, size, channels).transpose(0, 3, 1, 2)


def chosen_scenes(config, arguments):
    """The images uint8 (N, C, size, size) and truths (N, or None) that the flags ask for."""
    if arguments.image:
        return own_picture(arguments.image, config.size, config.channels), None
    images, labels = evaluation.load_scenes(config, UNSEEN_SPLITS[config.model], arguments.data)
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
    images, _ = evaluation.load_scenes(config, split, arguments.data)
    locations = evaluation.fixations(model, device.send(images), evaluation.generator(device, arguments.seed),
                                     arguments.policy)
    model_path = pathlib.Path(arguments.model)
    out = pathlib.Path(arguments.out or model_path.with_name(f'{model_path.stem}-heatmap')).with_suffix('.png')
    centres = evaluation.digit_centres(config, split, len(images))
    all_in_one_place = (centres == centres[0]).all()  # then both rows of maps would be the same
    return {out: rendering.heatmap(locations, config.size, None if all_in_one_place else centres)}


def main():
    arguments = parse()
    if arguments.seed < 0:
        raise ValueError(f'--seed must be at least 0, not {arguments.seed}')
    device = command_line.device(arguments.gpu)
    model = checkpoint.load_model(arguments.model)
    if model.config.model in KINDS:
        raise ValueError(f'{arguments.model} is the control {model.config.model}, which has no gaze to show')
    model.to_device(device)
    for path, content in (draw_heatmap if arguments.heatmap else draw_episodes)(model, arguments, device).items():
        with checkpoint.replacing(path) as file:
            file.write(content)
        print(path)


if __name__ == '__main__':
    command_line.run(main)
