"""Sums over square blocks of pixels, on the CPU: what a glimpse reads, at the same cost for every scale."""
import collections
import functools
import math
import weakref

import numpy as np

MADE, READ = 1 << 17, 1 << 15  # sums that are made and read at a time: few enough to stay in the processor's cache
LARGE = 1 << 15                # pixels of an image that may be so large that only what is glimpsed at is summed

# The memory of batches that are done with, for the next one: fresh memory costs more than the sums.
_spare = collections.deque(maxlen=2)


def block_sums(images, patch, scales, factor):
    """The sums over the blocks of every patch that a glimpse may have.

    Args:
        images: array (B, C, H, W) of uint8 or floats, in C order.
        patch, scales, factor: see ``ram.networks.glimpse_sensor.glimpse_sensor``.

    Returns:
        An object with ``read(edges, out)``, which writes the sums in the glimpses around pixel edges, int array (B, 2),
        columns (x, y), into ``out``, float array (B, K, C, patch, patch).
    """
    height, width = images.shape[2:]
    few = height * width > max(LARGE, 8 * (patch * factor ** (scales - 1)) ** 2)
    return (WindowSums if few else BlockSums)(images, patch, scales, factor)


class BlockSums:
    """The sums of all blocks of the images, made in advance.

    Level k has the sums of the blocks of scale k, see :func:`spans`, that begin at each pixel.  It is made of the level
    before, by adding a few copies shifted in x and then in y.  The rows of all images follow one another in memory with
    zeros between them, so each addition is one long run through memory.
    """

    def __init__(self, images, patch, scales, factor):
        count, channels, height, width = images.shape
        # Height and width of each level's blocks.  Coarser scales may have the same ones, and then share a level.
        self.blocks = sorted(set(spans((height, width), scales, factor)))
        # The margins are as wide as the largest block.  The zeros at the end of a row are also those before the next
        # row; so it is with rows and images.
        tall, wide = self.margins = self.blocks[-1]
        self.height, self.width = height + tall, width + wide
        area, self.beyond = self.height * self.width, tall * self.width + wide
        levels, self.outputs = len(self.blocks), (scales, channels, patch, patch)
        dtype = sums_dtype(images, tall * wide)
        # After the last image come its zeros too.  Additions in x go into the second array, and from there those in y.
        self.levels, self.between = self._claim(
            dtype, (levels, count * channels * area + self.beyond), max(MADE, area) + self.beyond)
        self._make_levels(images.reshape(-1, height, width))
        self.rows = block_starts(height, patch, scales, factor, self.width)
        self.columns = block_starts(width, patch, scales, factor)
        self.reach = patch * factor ** (scales - 1)
        level = np.minimum(np.arange(scales), levels - 1)[:, None, None] * self.levels.shape[1]
        self.origins = level + (np.arange(count * channels) * area).reshape(count, 1, channels, 1)

    def _claim(self, dtype, shape, more):
        """An array of the shape, and one of ``more`` numbers, in memory that is this object's while it lives."""
        size = math.prod(shape)
        needed = (size + more) * dtype.itemsize
        try:
            memory = _spare.pop()
        except IndexError:
            memory = ()
        if len(memory) < needed:
            memory = np.empty(needed, np.uint8)
        weakref.finalize(self, _spare.append, memory).atexit = False
        numbers = memory[:needed].view(dtype)
        return numbers[:size].reshape(shape), numbers[size:]

    def _make_levels(self, images):
        area = self.height * self.width
        at_once = max(1, MADE // area)
        for start in range(0, len(images), at_once):
            some = images[start:start + at_once]
            level, *coarser = self.levels[:, start * area:][:, :len(some) * area + self.beyond]
            level[:] = 0
            level[:len(some) * area].reshape(len(some), self.height, self.width)[
                :, self.margins[0]:, self.margins[1]:] = some
            length = len(level)
            for (tall, wide), (taller, wider), sums in zip(self.blocks, self.blocks[1:], coarser):
                grow = (wide, wider), (tall * self.width, taller * self.width)
                grow = [(step, end) for step, end in grow if step < end]
                for (step, end), target in zip(grow, (self.between, sums)[-len(grow):]):
                    length -= end - step
                    np.add(level[:length], level[step:][:length], out=target[:length])
                    for shift in range(2 * step, end, step):
                        target[:length] += level[shift:][:length]
                    level = target

    def read(self, edges, out):
        """See :func:`block_sums`."""
        x, y = edges.T + self.reach
        rows = (self.rows.take(y, axis=0, mode='clip')[:, :, None] + self.origins)[..., None]
        columns = self.columns.take(x, axis=0, mode='clip')[:, :, None, None]
        at_once = max(1, min(len(out), READ // math.prod(self.outputs)))
        places = np.empty((at_once, *self.outputs), np.intp)
        sums = np.empty(places.shape, self.levels.dtype)
        for start in range(0, len(out), at_once):
            some = slice(start, start + at_once)
            count = len(out[some])
            np.add(rows[some], columns[some], out=places[:count])
            # Clipping changes nothing here, but without it NumPy would make a copy of its output.
            self.levels.reshape(-1).take(places[:count], out=sums[:count], mode='clip')
            out[some] = sums[:count]


class WindowSums:
    """The same for images that are much larger than the largest patch: what is under it is cut out for each glimpse.

    So the cost does not grow with the image.
    """

    def __init__(self, images, patch, scales, factor):
        self.images, self.retina, self.side = images, (patch, scales, factor), patch * factor ** (scales - 1)

    def read(self, edges, out):
        """See :func:`block_sums`."""
        windows = np.zeros((*self.images.shape[:2], self.side, self.side), self.images.dtype)
        for window, image, (left, top) in zip(windows, self.images, (edges - self.side // 2).tolist()):
            y, x = max(top, 0), max(left, 0)
            part = image[:, y:max(top + self.side, 0), x:max(left + self.side, 0)]
            window[:, y - top:, x - left:][:, :part.shape[1], :part.shape[2]] = part
        BlockSums(windows, *self.retina).read(np.full_like(edges, self.side // 2), out)


@functools.lru_cache(maxsize=32)
def spans(size, scales, factor):
    """The sizes of the blocks that are summed for the scales of a glimpse.

    Scale k has blocks of ``factor**k`` pixels.  A block that is longer than the image has the same sum as a shorter
    one that can hold the whole image, too.  So none here is longer than needed for that: memory follows the image.

    Args:
        size: tuple of the lengths of the image in pixels, in one direction or in both.
        scales, factor: see :func:`block_sums`.

    Returns:
        tuple of K such tuples.  A length is 1, and then a multiple of the one before, less than twice the image's.
    """
    found = [(1,) * len(size)]
    while len(found) < scales:
        found.append(tuple(span * min(factor, -(-length // span)) for span, length in zip(found[-1], size)))
    return tuple(found)


def sums_dtype(images, pixels):
    """The type of sums over so many pixels: that of float images, else the smallest that holds all."""
    return images.dtype if images.dtype.kind == 'f' else np.min_scalar_type(255 * pixels)


@functools.lru_cache(maxsize=32)
def block_starts(length, patch, scales, factor, step=1):
    """Where the blocks of a glimpse begin in one direction, for each pixel edge that it may be centred on.

    Args:
        length: pixels of the image in this direction.
        patch, scales, factor: see :func:`block_sums`.
        step: the distance of two neighbours in memory.

    Returns:
        int array (length + 2 * side + 1, K, patch), with side that of the largest patch in pixels; its first entry is
        for the edge ``-side``.  Place 0 is the largest of the :func:`spans` before the first pixel.  A block that is
        wholly outside begins there, or right after the last pixel, where the sums are 0 too.
    """
    blocks, summed = factor ** np.arange(scales), np.array(spans((length,), scales, factor))
    edges = np.arange(-patch * blocks[-1], length + patch * blocks[-1] + 1)
    corners = edges[:, None] - patch * blocks // 2
    starts = corners[:, :, None] + blocks[:, None] * np.arange(patch)
    # The shorter block has the end of the longer one if that is in the image, else its start, or else all pixels.
    starts = np.minimum(starts + blocks[:, None] - summed, starts.clip(0))
    return step * (starts + summed[-1]).clip(0, length + summed[-1])


@functools.lru_cache(maxsize=32)
def block_shares(length, patch, scales, factor):
    """The share of each block that is inside the image, in one direction; arguments and entries as of ``block_starts``.

    Returns:
        float32 array (length + 2 * side + 1, K, patch) in [0, 1].
    """
    blocks, summed = factor ** np.arange(scales)[:, None], np.array(spans((length,), scales, factor))
    first = block_starts(length, patch, scales, factor) - summed[-1]
    return ((first + summed).clip(0, length) - first.clip(0, length)).astype(np.float32) / blocks.astype(np.float32)
