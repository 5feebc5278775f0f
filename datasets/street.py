"""Street digits: a built-in stand-in for SVHN, made of the digits drawn from fonts."""
import functools

import numpy as np
from scipy import ndimage

from datasets import fonts
from datasets.svhn import SIDE

SEEDS = {'train': 11, 'test': 12}
CHUNK = 2000


@functools.cache
def load(part):
    """The 'train' (24,000) or 'test' (5,000) street digits; every call returns the same.

    Each is a font digit near the middle of 32 x 32 pixels.  Its colour differs from that of the ground, which has a
    gradient, texture and noise.  As in SVHN, most have neighbours cut off by the sides and are slightly out of focus.

    Returns:
        uint8 array (N, 3, 32, 32) and int32 array (N,) in [0, 9]: the digit in the middle.
    """
    digits, labels = fonts.load(part)
    rng = np.random.default_rng(SEEDS[part])
    chunks = [painted(_inked(digits, np.arange(start, min(start + CHUNK, len(digits))), rng), rng)
              for start in range(0, len(digits), CHUNK)]
    return np.concatenate(chunks), labels


def _inked(digits, which, rng):
    """float32 (n, 32, 32) in [0, 1]: the strokes of these digits and of their neighbours."""
    side, n = digits.shape[1], len(which)
    wide = np.zeros((n, SIDE, SIDE + 2 * side), np.uint8)  # room for neighbours on both sides
    top, left = rng.integers(0, SIDE - side + 1, (2, n))
    gap = rng.integers(16, 22, (2, n)) * np.array([[-1], [1]])
    there = rng.random((2, n)) < 0.6
    neighbours = rng.integers(0, len(digits), (2, n))
    for i in range(n):
        places = [(which[i], 0)] + [(neighbours[k, i], gap[k, i]) for k in (0, 1) if there[k, i]]
        for source, offset in places:
            x = side + left[i] + offset
            window = wide[i, top[i]:top[i] + side, x:x + side]
            np.maximum(window, digits[source], out=window)
    return wide[:, :, side:side + SIDE].astype(np.float32) / 255


def painted(ink, rng):
    """Strokes in colour on a coloured, textured ground.

    Args:
        ink: float32 array (N, side, side) in [0, 1], the strokes.
        rng: ``numpy.random.Generator``.

    Returns:
        uint8 array (N, 3, side, side).
    """
    n, side, _ = ink.shape
    ground = rng.uniform(0.2, 0.8, (n, 1, 1, 1)) + rng.uniform(-0.18, 0.18, (n, 3, 1, 1))
    # The strokes are lighter than a dark ground and darker than a light one, and have another hue.
    step = rng.uniform(0.25, 0.6, (n, 1, 1, 1)) * np.where(ground.mean(axis=1, keepdims=True) > 0.5, -1, 1)
    stroke = ground + step + rng.uniform(-0.12, 0.12, (n, 3, 1, 1))
    across, down = np.meshgrid(*2 * [np.linspace(-1, 1, side)])
    slope = rng.uniform(-0.15, 0.15, (2, n, 1, 1, 1))
    texture = ndimage.gaussian_filter(rng.standard_normal((n, 1, side, side)), (0, 0, 2, 2)) * 2 * 2 * np.pi ** 0.5
    picture = ground + (stroke - ground) * ink[:, None] + slope[0] * across + slope[1] * down
    picture += texture * rng.uniform(0, 0.08, (n, 1, 1, 1))
    picture = ndimage.gaussian_filter(picture, (0, 0, 0.7, 0.7))
    picture += rng.standard_normal(picture.shape) * rng.uniform(0, 0.04, (n, 1, 1, 1))
    return np.rint(picture.clip(0, 1) * 255).astype(np.uint8)
