"""Shared by the pictures: colours, and figures as images."""
import io
import pathlib

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

GAZE = '#ffb000'     # the fixation, its patches and its path
RIGHT = '#2a9d4a'    # the bar of the true class
OTHER = '#8c96a3'    # the other bars
WRONG = '#d1495b'    # a wrong answer


def file_for(arguments, suffix, kind=''):
    """The file of a picture: as --out says, or beside the model.

    Args:
        arguments: those of visualize.py.
        suffix: '.gif' or '.png'; it replaces one of these, or .npz.  Another dot belongs to the name.
        kind: a word that is added to the model's name, but not to --out.

    Returns:
        pathlib.Path.
    """
    path = pathlib.Path(arguments.out or arguments.model)
    name = path.stem if path.suffix.lower() in ('.gif', '.png', '.npz') else path.name
    return path.with_name(name + f'-{kind}' * bool(kind and not arguments.out) + suffix)


def scene_indices(index, count, total, rng):
    """Which scenes to draw: those of --index, or some that are drawn at random.

    Args:
        index: list of int, or None.
        count: how many are drawn at random, at most ``total``.
        total: how many scenes there are.
        rng: ``numpy.random.Generator``; --index does not use it.

    Returns:
        sequence of int.

    Raises:
        ValueError: an index is out of range.
    """
    if index is None:
        return rng.choice(total, min(count, total), replace=False)
    if min(index) < 0 or max(index) >= total:
        raise ValueError(f'--index must be between 0 and {total - 1}, not {", ".join(map(str, index))}')
    return index


def picture(figure):
    """A matplotlib Figure as a PIL image, RGB."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())[:, :, :3])


def png(figure):
    """A matplotlib Figure as the bytes of a PNG file."""
    file = io.BytesIO()
    picture(figure).save(file, 'PNG')
    return file.getvalue()


def animation(frames, durations):
    """An animated GIF.

    Args:
        frames: list of PIL images, RGB, of the same size.
        durations: how long each stays, in milliseconds.

    Returns:
        bytes.
    """
    # One palette for all frames, made of all of them, so that no colour flickers; and of a patch of each colour that
    # has a meaning, which otherwise might be lost where few pixels have it.
    patches = [Image.new('RGB', frames[0].size, colour) for colour in (GAZE, RIGHT, OTHER, WRONG)]
    tall = Image.fromarray(np.concatenate([np.asarray(each) for each in (*frames, *patches)]))
    palette = tall.quantize(128, dither=Image.Dither.NONE)
    frames = [each.quantize(palette=palette, dither=Image.Dither.NONE) for each in frames]
    file = io.BytesIO()
    frames[0].save(file, 'GIF', save_all=True, append_images=frames[1:], duration=durations, loop=0)
    return file.getvalue()
