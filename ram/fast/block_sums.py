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

    Level k has the sum of the ``factor**k`` x ``factor**k`` pixels that begin at each pixel.  It is made of the level
    before, by adding ``factor`` copies shifted in x and then as many in y.  The rows of all images follow one another
    in memory with zeros between them, so each addition is one long run through memory.
    """

    def __init__(self, images, patch, scales, factor):
        count, channels, height, width = images.shape
        self.factor, self.margin = factor, factor ** (scales - 1)  # the largest block is as wide as the margin
        # The zeros at the end of a row are also those before the next row; so it is with rows and images.
        self.height, self.width = height + self.margin, width + self.margin
        area, self.beyond = self.height * self.width, self.margin * (self.width + 1)
        levels = scales if factor > 1 else 1
        self.outputs = scales, channels, patch, patch
        dtype = sums_dtype(images, self.margin)
        # After the last image come its zeros too.  Additions in x go into the second array, and from there those in y.
        self.levels, self.between = self._claim(
            dtype, (levels, count * channels * area + self.beyond), max(MADE, area) + self.beyond)
        self._make_levels(images.reshape(-1, height, width))
        self.rows = block_starts(height, patch, scales, factor, self.width)
        self.columns = block_starts(width, patch, scales, factor)
        self.reach = patch * self.margin
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
                :, self.margin:, self.margin:] = some
            block, length = 1, len(level)
            for sums in coarser:
                for step, target in (block, self.between), (block * self.width, sums):
                    length -= (self.factor - 1) * step
                    np.add(level[:length], level[step:][:length], out=target[:length])
                    for shift in range(2 * step, self.factor * step, step):
                        target[:length] += level[shift:][:length]
                    level = target
                block *= self.factor

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


def sums_dtype(images, block):
    """The type of sums over ``block`` x ``block`` pixels: that of float images, else the smallest that holds all."""
    return images.dtype if images.dtype.kind == 'f' else np.min_scalar_type(255 * block ** 2)


@functools.lru_cache(maxsize=32)
def block_starts(length, patch, scales, factor, step=1):
    """Where the blocks of a glimpse begin in one direction, for each pixel edge that it may be centred on.

    Args:
        length: pixels of the image in this direction.
        patch, scales, factor: see :func:`block_sums`.
        step: the distance of two neighbours in memory.

    Returns:
        int array (length + 2 * side + 1, K, patch), with side that of the largest patch in pixels; its first entry is
        for the edge ``-side``.  Place 0 is a largest block before the first pixel.  A block that is wholly outside
        begins there, or right after the last pixel, where the sums are 0 too.
    """
    blocks = factor ** np.arange(scales)
    edges = np.arange(-patch * blocks[-1], length + patch * blocks[-1] + 1)
    corners = edges[:, None] - patch * blocks // 2
    starts = corners[:, :, None] + blocks[:, None] * np.arange(patch)
    return step * (starts + blocks[-1]).clip(0, length + blocks[-1])


@functools.lru_cache(maxsize=32)
def block_shares(length, patch, scales, factor):
    """The share of each block that is inside the image, in one direction; arguments and entries as of ``block_starts``.

    Returns:
        float32 array (length + 2 * side + 1, K, patch) in [0, 1].
    """
    blocks = factor ** np.arange(scales)[:, None]
    first = block_starts(length, patch, scales, factor) - blocks[-1]
    return ((first + blocks).clip(0, length) - first.clip(0, length)).astype(np.float32) / blocks.astype(np.float32)
