"""The square around a number in a photograph."""
import hashlib

import numpy as np
from PIL import Image

ROOM = 1.3  # side of the tight square, in sides of the number's box: 30% more, as in the paper


def square(boxes, width, height, margin, place):
    """The square that is cut out of a photograph.

    The number's box holds the boxes of all its digits.  The tight square has its middle, and ROOM
    times its longer side.  The square that is cut out is ``margin`` times as wide as the tight one,
    and contains it.  Of the squares that do, those that show most of the photograph are considered:
    in each direction, the square ends within the photograph, or the photograph within the square.
    ``place`` says which of these is taken; with a margin of 1 there is only one.

    Args:
        boxes: sequence of (left, top, width, height) in pixels; what is outside the photograph does
            not count.
        width, height: of the photograph, in pixels.
        margin: float, at least 1.
        place: two floats from 0 to 1, for the horizontal and the vertical direction.

    Returns:
        left, top and side of the square, ints, in pixels; parts of it may be outside.

    Raises:
        ValueError: a box is outside the photograph.
    """
    left, top, wide, high = np.array(boxes, float).T
    edges = [(left.clip(0, width), (left + wide).clip(0, width), width),
             (top.clip(0, height), (top + high).clip(0, height), height)]
    for first, last, _ in edges:
        if (last - first <= 0).any():
            box = ', '.join(f'{value:g}' for value in boxes[int((last - first <= 0).argmax())])
            raise ValueError(f'the box ({box}) of a digit is outside the picture, which is {width} x {height} pixels')
    edges = [(first.min(), last.max(), length) for first, last, length in edges]
    tight = ROOM * max(last - first for first, last, _ in edges)
    side = margin * tight
    starts = []
    for (first, last, length), share in zip(edges, place):
        middle = (first + last) / 2
        allowed = middle + tight / 2 - side, middle - tight / 2
        best = np.clip(sorted((0, length - side)), *allowed)
        starts.append(round(best[0] + share * (best[1] - best[0])))
    return *starts, max(1, round(side))


def place_of(name):
    """Where the number of a picture lies in its square: two floats from 0 to 1, always the same for a file's name."""
    digest = hashlib.sha256(name.encode('utf-8', 'surrogateescape')).digest()
    return [int.from_bytes(part, 'big') / (1 << 64) for part in (digest[:8], digest[8:16])]


def cropped(picture, left, top, side, size, fill=None):
    """A square of a photograph.

    Args:
        picture: PIL picture in mode L or RGB.
        left, top, side: see :func:`square`; a part of it is inside.
        size: side of the result in pixels.
        fill: the colour outside the photograph: an int from 0 to 255, or one for each channel; by
            default its border is repeated.

    Returns:
        PIL picture of the same mode.
    """
    inside = [max(left, 0), max(top, 0), min(left + side, picture.width), min(top + side, picture.height)]
    # The edges of what is inside in the result, of which it has at least a pixel.
    edges = [round((edge - start) * size / side) for edge, start in zip(inside, (left, top, left, top))]
    first = [min(edge, size - 1) for edge in edges[:2]]
    last = [max(edge, low + 1) for edge, low in zip(edges[2:], first)]
    part = picture.resize([high - low for low, high in zip(first, last)], Image.Resampling.LANCZOS, box=inside)
    pixels = np.asarray(part)
    if fill is not None:
        result = np.empty((size, size, *pixels.shape[2:]), np.uint8)
        result[...] = fill
        result[first[1]:last[1], first[0]:last[0]] = pixels
        return Image.fromarray(result)
    margins = [(low, size - high) for low, high in zip(first, last)][::-1]
    return Image.fromarray(np.pad(pixels, margins + [(0, 0)] * (pixels.ndim - 2), mode='edge'))
