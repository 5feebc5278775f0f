"""Scenes: digits on a larger canvas, among pieces of other digits, composed by the batch (paper, section 4.1).

Everything here works on NumPy and on CuPy arrays alike: what it is given decides where it runs.
"""
from dataclasses import dataclass

import numpy

PIECE = 8


@dataclass
class Layout:
    """What goes where in N scenes.

    Attributes:
        source: int array (N,), the digit of each scene.
        corner: int array (N, 2), rows (top, left) of the digit in pixels.
        piece_source: int array (N, P), the digits that the pieces are cut from, never the scene's own.
        piece_cut: int array (N, P, 2), where the pieces are cut from their digits, (top, left).
        piece_corner: int array (N, P, 2), where the pieces go, (top, left).
    """
    source: object
    corner: object
    piece_source: object
    piece_cut: object
    piece_corner: object


def draw_layout(rng, source, digits, size, pieces, digit=28):
    """Draws layouts: digits and pieces uniformly at random, wholly inside the canvas.

    Args:
        rng: ``numpy.random.Generator`` or ``cupy.random.Generator``.
        source: int array (N,), the digit of each scene.
        digits: how many digits there are to cut pieces from.
        size: side of a scene in pixels, at least ``digit``.
        pieces: pieces in a scene, P.
        digit: side of a digit in pixels.
    """
    n = len(source)
    others = rng.integers(1, max(digits, 2), size=(n, pieces))
    return Layout(
        source=source,
        corner=rng.integers(0, size - digit + 1, size=(n, 2)),
        piece_source=(source[:, None] + others) % digits,
        piece_cut=rng.integers(0, digit - PIECE + 1, size=(n, pieces, 2)),
        piece_corner=rng.integers(0, size - PIECE + 1, size=(n, pieces, 2)),
    )


def compose(xp, digits, layout, size):
    """Composes scenes.  Where a piece meets the digit or another piece, the brighter pixel stays.

    Args:
        xp: numpy or cupy, the home of the arrays.
        digits: uint8 array (M, d, d).
        layout: the Layout of N scenes.
        size: side of a scene in pixels.

    Returns:
        uint8 array (N, 1, size, size).
    """
    n, d = len(layout.source), digits.shape[1]
    scenes = xp.zeros((n, 1, size, size), xp.uint8)
    each = xp.arange(n)
    _windows(xp, scenes, d)[each, layout.corner[:, 0], layout.corner[:, 1]] = digits[layout.source]
    places, cuts = _windows(xp, scenes, PIECE), _windows(xp, digits, PIECE)
    for p in range(layout.piece_source.shape[1]):
        piece = cuts[layout.piece_source[:, p], layout.piece_cut[:, p, 0], layout.piece_cut[:, p, 1]]
        place = each, layout.piece_corner[:, p, 0], layout.piece_corner[:, p, 1]
        places[place] = xp.maximum(places[place], piece)
    return scenes


def _windows(xp, images, side):
    """A writable view (N, rows, columns, side, side) of every square of that side in images (N, ..., H, W)."""
    height, width = images.shape[-2:]
    down, right = images.strides[-2:]
    return xp.lib.stride_tricks.as_strided(
        images, (len(images), height - side + 1, width - side + 1, side, side),
        (images.strides[0], down, right, down, right))


def to_float(xp, scenes):
    """uint8 scenes as the float32 images in [0, 1] that the model takes."""
    return scenes.astype(xp.float32) * xp.float32(1 / 255)


def fixed_layout(count, size, pieces, seed, digit=28):
    """The Layout of :func:`fixed_scenes` for so many digits."""
    return draw_layout(numpy.random.default_rng(seed), numpy.arange(count), count, size, pieces, digit)


def fixed_scenes(digits, size, pieces, seed):
    """One scene of every digit, in order, always the same for the same seed.

    Returns:
        uint8 array (N, 1, size, size).
    """
    return compose(numpy, digits, fixed_layout(len(digits), size, pieces, seed, digits.shape[1]), size)
