"""Shared by the pictures: colours, and figures as images."""
import io
import os
import pathlib

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image, ImageColor

from ram import checkpoint

# Blue and vermilion differ for all eyes.  As text on white, and behind INK, all have a contrast of at least 4.5.
GAZE = '#ffb000'        # the fixation, its patches and its path
RIGHT = '#0a66a8'       # text: the answer is right
WRONG = '#b5400a'       # text: it is wrong
RIGHT_BAR = '#6fb4ea'   # the bar of the true class
WRONG_BAR = '#ff9b6b'   # the bar of a wrong answer
OTHER = '#bcc5d0'       # other bars
INK = '#1f2328'         # text
OUTSIDE = '#3b4252'     # what lies outside an image
KEPT = 'white', 'black', GAZE, RIGHT, WRONG, RIGHT_BAR, WRONG_BAR, OTHER, INK, OUTSIDE  # in any palette
RESULTS = pathlib.Path('result')  # where pictures of models go that are in no run's folder


def file_for(arguments, suffix, kind=''):
    """The file of a picture: as --out says, or in the folder that --out names.

    Without --out it is beside the model.npz of a run, and else in RESULTS: the folder of a model that was trained
    elsewhere may be anybody's.

    Args:
        arguments: those of visualize.py.
        suffix: '.gif' or '.png'; it replaces one of these, or .npz.  Another dot belongs to the name.
        kind: a word that is added to the model's name, but not to a file's that --out names; with --image it is the
            name of that picture.

    Returns:
        pathlib.Path.
    """
    kind = pathlib.Path(arguments.image).stem if arguments.image else kind
    model, ending = pathlib.Path(arguments.model), f'-{kind}{suffix}' if kind else suffix
    if not arguments.out:
        folder = model.parent if model.name == checkpoint.MODEL else RESULTS
        return folder / (_stem(model) + ending)
    path = given(arguments.out, checkpoint.name_of(model) + ending)
    return path.with_name(_stem(path) + suffix)


def _stem(path):
    return path.stem if path.suffix.lower() in ('.gif', '.png', '.npz') else path.name


def given(path, name):
    """The file that a flag names: ``path``, or the one of this name in it if it is a folder, or ends as one does."""
    folder = str(path).endswith(tuple({'/', os.sep})) or os.path.isdir(path)
    return pathlib.Path(path, name) if folder else pathlib.Path(path)


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
    return few_colours(picture(figure))


def few_colours(image):
    """A PIL image, RGB, as the bytes of a PNG file with at most 256 colours, a third as large as with all."""
    file = io.BytesIO()
    quantized([image], 256)[0].save(file, 'PNG', optimize=True)
    return file.getvalue()


def animation(frames, durations):
    """An animated GIF.

    Args:
        frames: list of PIL images, RGB, of the same size.
        durations: how long each stays, in milliseconds.

    Returns:
        bytes.
    """
    first, *others = quantized(frames, 128)
    file = io.BytesIO()
    first.save(file, 'GIF', save_all=True, append_images=others, duration=durations, loop=0)
    return file.getvalue()


def quantized(frames, colours):
    """Images with one palette, made of all of them, so that no colour flickers.

    The colours that have a meaning keep their exact values: a palette made of the pixels alone may lose those that few
    pixels have.  No other pixel gets them.

    Args:
        frames: list of PIL images, RGB, of the same width.
        colours: size of the palette.

    Returns:
        list of PIL images, P.
    """
    tall = Image.fromarray(np.concatenate([np.asarray(each) for each in frames]))
    palette, results = tall.quantize(colours - len(KEPT), dither=Image.Dither.NONE), []
    values, kept = palette.getpalette(), list(map(ImageColor.getrgb, KEPT))
    for each in frames:
        indexes = np.array(each.quantize(palette=palette, dither=Image.Dither.NONE))
        for n, colour in enumerate(kept, len(values) // 3):
            indexes[(np.asarray(each) == colour).all(axis=2)] = n
        results.append(Image.fromarray(indexes))
        results[-1].putpalette(values + [value for colour in kept for value in colour])
    return results
