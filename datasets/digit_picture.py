"""A user's picture of a digit, prepared as MNIST's digits were (LeCun et al., 1998): light on black, fitted into a box
of 20 x 20 pixels, and centred by its mass.

``ram/pictures/page.html`` does the same in the browser.
"""
import numpy as np
from scipy import ndimage

SIDE, BOX = 28, 20      # pixels of a digit, and of the box that it fits into
LONGEST = 256           # a larger picture is reduced first
FAINT, FULL = 0.3, 0.7  # of the largest contrast: ink begins, and is complete
LEAST = 0.1             # of the full range: with less contrast there is no digit
SPECK = 0.1             # of the largest piece of ink: smaller pieces are dirt
STROKE = 2.5            # pixels: thinner strokes, once they are fitted, are thickened; the median of MNIST's digits


def prepared(picture):
    """A digit as MNIST's are.

    The ground is the median along the border.  What differs from it, in the direction of ink, is the digit: darker on
    a light ground, lighter on a dark one.  Small specks are left out, and so are pieces that touch the border, such
    as shadows, unless nothing else is there.

    Args:
        picture: uint8 array (H, W).

    Returns:
        uint8 array (28, 28); None if there is no digit: the contrast is less than LEAST.
    """
    values = reduced(_floats(picture), -(-max(picture.shape) // LONGEST))
    ground = _median_of_border(values)
    contrast = (ground - values if ground > 0.5 else values - ground).clip(0)
    if contrast.max() < LEAST:
        return None
    ink = ((contrast / contrast.max() - FAINT) / (FULL - FAINT)).clip(0, 1)
    ink *= kept(ink > 0)
    return np.rint(centred(thickened(ink)) * 255).astype(np.uint8)


def on_light(picture):
    """Whether a picture, uint8 array (H, W), has a light ground."""
    return bool(_median_of_border(_floats(picture)) > 0.5)


def _floats(picture):
    return picture.astype(np.float32) / np.float32(255)


def _median_of_border(values):
    return np.median(np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]]))


def reduced(values, factor):
    """Means of blocks of factor x factor pixels; those at the lower and right border have the pixels that exist."""
    if factor == 1:
        return values
    starts = [np.arange(0, length, factor) for length in values.shape]
    sums = np.add.reduceat(np.add.reduceat(values, starts[0], axis=0), starts[1], axis=1)
    high, wide = (np.diff(np.append(first, length)) for first, length in zip(starts, values.shape))
    return sums / (high[:, None] * wide)


def kept(ink):
    """Which pixels of a bool array (H, W) belong to the digit."""
    pieces, count = ndimage.label(ink, np.ones((3, 3)))
    sizes = np.bincount(pieces.ravel(), minlength=count + 1)
    sizes[0] = 0
    inner = sizes.copy()
    inner[np.concatenate([pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]])] = 0
    sizes = inner if inner.any() else sizes
    return (sizes >= SPECK * sizes.max())[pieces] & ink


def thickened(ink):
    """Ink, float array (H, W) in [0, 1], whose strokes are about STROKE pixels wide once it is fitted, or wider.

    Returns:
        float array, larger than ``ink`` by the same margin on all sides.
    """
    # In a stroke that is w pixels wide, the distances to its border, from 1 on, have the mean w / 4 + 1 / 2.
    width = 4 * ndimage.distance_transform_cdt(np.pad(ink > 0.5, 1), 'chessboard').sum() / (ink > 0.5).sum() - 2
    more = max(0, round((STROKE * scale_of(ink) - width) / 2))
    return ndimage.maximum_filter(np.pad(ink, more), 2 * more + 1)


def scale_of(ink):
    """How many pixels of the ink become one."""
    rows, columns = (np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0))
    return max(np.ptp(rows) + 1, np.ptp(columns) + 1) / BOX


def centred(ink):
    """Ink, float array (H, W) in [0, 1], fitted into BOX and centred by its mass: float array (SIDE, SIDE)."""
    scale = scale_of(ink)
    middle = [(ink.sum(axis=1 - axis) * (np.arange(length) + 0.5)).sum() / ink.sum()
              for axis, length in enumerate(ink.shape)]
    down, across = (shares(length, place, scale) for length, place in zip(ink.shape, middle))
    small = down @ ink @ across.T
    return (small / small.max()).clip(0, 1)


def shares(length, middle, scale):
    """Which share of each source pixel is in each of SIDE pixels, ``scale`` source pixels wide, around ``middle``.

    Returns:
        float array (SIDE, length); the sums of its rows are 1 inside the source.
    """
    edges = (np.arange(SIDE + 1) - SIDE / 2) * scale + middle
    pixels = np.arange(length)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return overlap.clip(0) / scale
