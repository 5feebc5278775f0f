"""Shared by the pictures: colours, and figures as images."""
import io

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

GAZE = '#ffb000'     # the fixation, its patches and its path
RIGHT = '#2a9d4a'    # the bar of the true class
OTHER = '#8c96a3'    # the other bars
WRONG = '#d1495b'    # a wrong answer


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
