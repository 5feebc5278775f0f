"""Batches of scenes: digits on a larger canvas, among pieces of other digits (paper, section 4.1); and pictures,
alone or on a larger street.

Everything here works on NumPy and on CuPy arrays: it runs where its arrays are.
"""
import functools
from dataclasses import dataclass

import numpy

from datasets import augmentation as changes
from datasets.picture_store import Pictures

PIECE = 8
APART = 20  # pixels: MNIST's digits are drawn in boxes of that side, and in a scene no two of these boxes overlap
CELL = 32   # a street has one piece of another picture for every 32 x 32 pixels
FADE = 3    # pixels at the border of a picture that are blended with the street

# compose() on a GPU: one thread makes one pixel, so that a whole batch is a single launch.
SCENE_INPUTS = ('raw uint8 own, raw uint8 digits, raw int64 source, raw int64 corner, raw int64 piece_source, '
                'raw int64 piece_cut, raw int64 piece_corner, int32 side, int32 size, int32 objects, int32 pieces')
SCENE_OUTPUTS = 'uint8 pixel'
SCENE_OPERATION = f'const int piece_side = {PIECE};' + '''
    // i counts the scenes' pixels: (scene, row, column).
    ptrdiff_t scene = i / (size * size);
    int row = i / size % size, column = i % size;
    unsigned char brightest = 0;
    for (ptrdiff_t d = scene * objects; d < (scene + 1) * objects; ++d) {
        int y = row - corner[2 * d], x = column - corner[2 * d + 1];
        if (y < 0 || y >= side || x < 0 || x >= side) continue;
        unsigned char value = own[(source[d] * side + y) * side + x];
        if (value > brightest) brightest = value;
    }
    for (ptrdiff_t p = scene * pieces; p < (scene + 1) * pieces; ++p) {
        int y = row - piece_corner[2 * p], x = column - piece_corner[2 * p + 1];
        if (y < 0 || y >= piece_side || x < 0 || x >= piece_side) continue;
        y += piece_cut[2 * p], x += piece_cut[2 * p + 1];
        unsigned char value = digits[(piece_source[p] * side + y) * side + x];
        if (value > brightest) brightest = value;
    }
    pixel = brightest;
'''


@dataclass
class Layout:
    """The positions of everything in N scenes.

    Attributes:
        source: int array (N, D), the digits of each scene.
        corner: int array (N, D, 2), (top, left) of each digit in pixels.
        piece_source: int array (N, P), the digits that the pieces are cut from, never the scene's first one.
        piece_cut: int array (N, P, 2), where the pieces are cut from their digits, (top, left).
        piece_corner: int array (N, P, 2), where the pieces go, (top, left).
    """
    source: object
    corner: object
    piece_source: object
    piece_cut: object
    piece_corner: object

    def __getitem__(self, part):
        """The Layout of some of the scenes."""
        return Layout(*(value[part] for value in vars(self).values()))


def draw_layout(rng, source, digits, size, pieces, digit=28):
    """Draws layouts: digits and pieces uniformly at random, completely inside the canvas.

    Digits of the same scene are at least APART pixels apart, across or down.

    Args:
        rng: ``numpy.random.Generator`` or ``cupy.random.Generator``.
        source: int array (N,) or (N, D), the digits of each scene.
        digits: the number of digits from which pieces can be cut.
        size: side of a scene in pixels, at least ``digit``.
        pieces: pieces in a scene, P.
        digit: side of a digit in pixels.

    Returns:
        Layout of the N scenes.
    """
    n = len(source)
    source = source.reshape(n, -1)
    others = rng.integers(1, max(digits, 2), size=(n, pieces))
    return Layout(
        source=source,
        corner=_draw_corners(rng, *source.shape, size - digit + 1),
        piece_source=(source[:, :1] + others) % digits,
        piece_cut=rng.integers(0, digit - PIECE + 1, size=(n, pieces, 2)),
        piece_corner=rng.integers(0, size - PIECE + 1, size=(n, pieces, 2)),
    )


def _draw_corners(rng, n, objects, room):
    """Corners of digits, int array (n, objects, 2) below ``room``: all that are APART are equally likely."""
    corners = rng.integers(0, room, size=(n, objects, 2))
    while objects > 1 and len(again := _crowded(corners)):
        corners[again] = rng.integers(0, room, size=(len(again), objects, 2))
    return corners


def _crowded(corners):
    """The scenes in which some digits are not APART: an array of their indexes."""
    gaps = abs(corners[:, :, None] - corners[:, None]).max(axis=3)
    return ((gaps < APART).sum(axis=(1, 2)) > corners.shape[1]).nonzero()[0]  # each is near itself


def with_others(rng, first, digits, objects):
    """The digits of scenes of several: the first of each, and random other ones.

    Args:
        rng: generator of the same device.
        first: int array (N,).
        digits: the number of digits to choose from, at least 2.
        objects: the number of digits in each scene, D.

    Returns:
        int array (N, D).
    """
    if objects == 1:
        return first[:, None]
    first = first[:, None].repeat(objects, axis=1)
    first[:, 1:] += rng.integers(1, digits, size=(len(first), objects - 1))
    return first % digits


def compose(xp, digits, layout, size, own=None):
    """Composes scenes.  Where digits and pieces overlap, the brightest pixel is kept.

    Args:
        xp: numpy or cupy, the module of the arrays.
        digits: uint8 array (M, d, d).
        layout: the Layout of N scenes.
        size: side of a scene in pixels.
        own: uint8 array (N * D, d, d), the digits of the scenes, if they differ from those of ``layout.source``.

    Returns:
        uint8 array (N, 1, size, size).
    """
    (n, objects), d, pieces = layout.source.shape, digits.shape[1], layout.piece_source.shape[1]
    own, source = (digits, layout.source) if own is None else (own, xp.arange(n * objects).reshape(n, -1))
    if xp is not numpy:
        scenes = xp.empty((n, 1, size, size), xp.uint8)
        return _scene_kernel(xp)(own, digits, source, layout.corner, layout.piece_source, layout.piece_cut,
                                 layout.piece_corner, d, size, objects, pieces, scenes)
    scenes = numpy.zeros((n, 1, size, size), numpy.uint8)
    for k in range(objects):
        _lay(scenes, own[source[:, k]], layout.corner[:, k])
    cuts = _windows(numpy, digits, PIECE)
    for p in range(pieces):
        cut = layout.piece_cut[:, p]
        _lay(scenes, cuts[layout.piece_source[:, p], cut[:, 0], cut[:, 1]], layout.piece_corner[:, p])
    return scenes


def _lay(scenes, parts, corners):
    """Lays a square part, uint8 (N, side, side), onto each scene; of two pixels the brighter one stays."""
    places = _windows(numpy, scenes, parts.shape[-1])
    place = numpy.arange(len(scenes)), corners[:, 0], corners[:, 1], 0
    places[place] = numpy.maximum(places[place], parts)


@functools.cache
def _scene_kernel(cupy):
    return cupy.ElementwiseKernel(SCENE_INPUTS, SCENE_OUTPUTS, SCENE_OPERATION, 'compose')


def compose_street(xp, pictures, layout, size, own=None):
    """Composes streets: each has one picture at a random place, on a ground that continues the colours of its corners.

    Square pieces of other pictures are on the ground.  The picture covers them, and its border is blended with them.

    Args:
        xp: numpy or cupy, the module of the arrays.
        pictures: uint8 array (M, C, d, d).
        layout: the Layout of N scenes, each of one picture.
        size: side of a scene in pixels.
        own: uint8 array (N, C, d, d), the pictures of the scenes, if they differ from those of ``layout.source``.

    Returns:
        uint8 array (N, C, size, size).
    """
    own = (pictures[layout.source[:, 0]] if own is None else own).astype(xp.float32)
    n, channels, d = own.shape[:3]
    each = xp.arange(n)
    ends = xp.array([*range(4), *range(d - 4, d)])
    corners = own[:, :, ends[:, None], ends].reshape(n, channels, 2, 4, 2, 4).mean(axis=(3, 5))
    # The position of each row and column between the first (0) and the last (1) of the picture; constant outside it.
    far = ((xp.arange(size) - layout.corner[:, 0, :, None]) / xp.float32(d - 1)).clip(0, 1).astype(xp.float32)
    down, across = xp.stack([1 - far, far], axis=2).transpose(1, 0, 2, 3)[:, :, None]
    scenes = down.swapaxes(2, 3) @ corners @ across
    places, cuts = _windows(xp, scenes, PIECE), _windows(xp, pictures, PIECE)
    for p in range(layout.piece_source.shape[1]):
        places[each, layout.piece_corner[:, p, 0], layout.piece_corner[:, p, 1]] = cuts[
            layout.piece_source[:, p], layout.piece_cut[:, p, 0], layout.piece_cut[:, p, 1]]
    inside = xp.minimum(xp.arange(1, d + 1), xp.arange(d, 0, -1)).astype(xp.float32)
    opaque = (xp.minimum(inside[:, None], inside) / (FADE + 1)).clip(0, 1)
    place = each, layout.corner[:, 0, 0], layout.corner[:, 0, 1]
    places = _windows(xp, scenes, d)
    places[place] += opaque * (own - places[place])
    return xp.rint(scenes).astype(xp.uint8)


def street_pieces(size):
    """The number of pieces on a street of that size."""
    return (size // CELL) ** 2


def shifted(xp, rng, pictures, most):
    """Pictures shifted by up to ``most`` pixels in each direction; pixels outside are lost, the border is repeated.

    Args:
        xp: numpy or cupy, the module of the arrays.
        rng: generator of the same device.
        pictures: uint8 array (N, C, d, d).
        most: the largest shift in pixels.

    Returns:
        uint8 array (N, C, d, d).
    """
    wide = xp.pad(pictures, ((0, 0), (0, 0), (most, most), (most, most)), mode='edge')
    corner = rng.integers(0, 2 * most + 1, size=(len(pictures), 2))
    return _windows(xp, wide, pictures.shape[-1])[xp.arange(len(pictures)), corner[:, 0], corner[:, 1]]


def fresh_scenes(xp, rng, sources, chosen, size, pieces, shift=0, augmentation=changes.OFF):
    """Random scenes for training.

    Digits and pictures are distorted before a scene is made of them: a digit is black outside its border, and the
    border of a picture is repeated.  Tones are changed in the whole scene.

    Args:
        xp: numpy or cupy, the module of the arrays.
        rng: generator of the same device.
        sources: uint8 array, digits (M, d, d) to compose scenes of; or pictures (M, C, d, d), which are scenes
            themselves if d is ``size``, and otherwise have a random place on a street; or Pictures of a store, whose
            changes are those of what is read of them, see :meth:`Pictures.changed`.
        chosen: int array (N,), the source of each scene; or (N, D), the digits of scenes of several.
        size: side of a scene in pixels.
        pieces: pieces of clutter in a scene of digits.
        shift: the largest shift of a scene in pixels, in each direction; pixels outside are lost.
        augmentation: the Augmentation.

    Returns:
        uint8 array (N, C, size, size); C is 1 for digits.  Or Pictures.
    """
    if isinstance(sources, Pictures):
        return sources[chosen].changed(xp, rng, size, shift, augmentation)
    own = None
    if augmentation.distorts:
        own = sources[chosen.ravel()]
        own = augmentation.distort(xp, rng, own.reshape(len(own), -1, *own.shape[-2:]), sources.ndim == 4)
    if sources.ndim == 4 and sources.shape[-1] == size:
        scenes = sources[chosen] if own is None else own
        scenes = shifted(xp, rng, scenes, shift) if shift else scenes
    else:
        # A shifted scene is the middle of a larger one.
        wide, middle = size + 2 * shift, slice(shift, shift + size)
        make, pieces = _composition(sources, wide, pieces)
        layout = draw_layout(rng, chosen, len(sources), wide, pieces, sources.shape[-1])
        own = None if own is None else own.reshape(len(own), *sources.shape[1:])
        scenes = make(xp, sources, layout, wide, own)[:, :, middle, middle]
    return augmentation.retone(xp, rng, scenes)


def _composition(sources, size, pieces):
    """The function that composes scenes of these sources, and the number of pieces in each scene."""
    return (compose, pieces) if sources.ndim == 3 else (compose_street, street_pieces(size))


def _windows(xp, images, side):
    """A writable view (N, rows, columns, ..., side, side) of every square of that side in images (N, ..., H, W)."""
    height, width = images.shape[-2:]
    first, *between, down, right = images.strides
    return xp.lib.stride_tricks.as_strided(
        images, (len(images), height - side + 1, width - side + 1, *images.shape[1:-2], side, side),
        (first, down, right, *between, down, right))


def fixed_layout(count, size, pieces, seed, digit=28, objects=1):
    """The Layout of :func:`fixed_scenes` for ``count`` digits."""
    rng = numpy.random.default_rng(seed)
    chosen = with_others(rng, numpy.arange(count), count, objects)
    return draw_layout(rng, chosen, count, size, pieces, digit)


def fixed_scenes(sources, size, pieces, seed, objects=1):
    """One scene of every source, in order, always the same for the same seed.

    Args:
        sources, size, pieces: as for :func:`fresh_scenes`.
        objects: digits in a scene; each source is the first digit of one scene.

    Returns:
        uint8 array (N, C, size, size), or Pictures.
    """
    if isinstance(sources, Pictures) or sources.ndim == 4 and sources.shape[-1] == size:
        return sources
    make, pieces = _composition(sources, size, pieces)
    layout = fixed_layout(len(sources), size, pieces, seed, sources.shape[-1], objects)
    parts = (slice(start, start + 500) for start in range(0, len(sources), 500))  # a street is made of floats
    return numpy.concatenate([make(numpy, sources, layout[part], size) for part in parts])
