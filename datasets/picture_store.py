"""Pictures of different sizes in one flat array of bytes, so that patches are read without copying whole pictures."""
import numpy
from PIL import Image

from datasets.augmentation import distortion, tones

LARGEST_BLOCK = 4096    # the coarsest level has at least this many pixels in a block
MARGIN = 1 << 15        # bytes before the first picture and after the last: a row of a patch may begin or end there
CHUNK = 1 << 26         # bytes that are sent to a GPU at once
SHARE = 0.8             # of a GPU's free memory that a store may take
SAMPLE = 1024           # pixels from which a picture's tones are known


def levels(factor):
    """The number of levels of a picture: for factors 1, 2, 3, 4, ... these are 1, 13, 9, 7, ..."""
    count = 1
    while factor > 1 and factor ** (count - 1) < LARGEST_BLOCK:
        count += 1
    return count


class PictureStore:
    """N pictures, each followed by its coarser levels.

    Level 0 is the picture itself, row by row, each pixel's channels side by side.  A pixel of level k is the mean of
    ``factor`` x ``factor`` pixels of level k - 1, rounded; the blocks at the right and lower border have only the
    pixels that exist.  For factor 2 all levels together take a third more than the pictures.

    Args:
        pixels: uint8 array (bytes,), usually memory-mapped.
        starts: int64 array (N, levels), where each level begins in ``pixels``.
        sizes: int32 array (N, 2), height and width of each picture.
        means: float32 array (N, C), of each channel, in [0, 255].
        deviations: float32 array (N,), the standard deviations of all values from the mean of their channel.
        factor: ratio of the sides of successive levels.
        fetch: function of two int arrays, the first bytes of some parts of ``pixels`` and those after their last; it
            makes the system read all these parts from the disk at once, in any order.  By default it does nothing.
    """

    def __init__(self, pixels, starts, sizes, means, deviations, factor, fetch=lambda begins, ends: None):
        self.pixels, self.starts, self.sizes, self.factor = pixels, starts, sizes, factor
        self.means, self.deviations, self.fetch = means, deviations, fetch
        self._copies = {}

    @classmethod
    def of(cls, images, factor):
        """A store in memory of pictures, a list of uint8 arrays (C, H, W)."""
        pictures = [Image.fromarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0)) for image in images]
        sizes = numpy.array([(picture.height, picture.width) for picture in pictures], numpy.int32)
        channels = len(images[0])
        starts, length = layout(sizes, channels, factor)
        margin = bytes(MARGIN)
        flat = b''.join([margin, *(encoded(picture, factor) for picture in pictures), margin])
        assert len(flat) == length
        means, deviations = zip(*map(statistics, pictures))
        return cls(numpy.frombuffer(flat, numpy.uint8), starts, sizes, numpy.stack(means),
                   numpy.array(deviations, numpy.float32), factor)

    @property
    def channels(self):
        return self.means.shape[1]

    def __len__(self):
        return len(self.sizes)

    def level(self, picture, k):
        """Level k of a picture: uint8 array (C, H, W), a view of ``pixels``."""
        height, width = (-(-int(side) // self.factor ** k) for side in self.sizes[picture])
        start = int(self.starts[picture, k])
        flat = self.pixels[start:start + height * width * self.channels]
        return flat.reshape(height, width, self.channels).transpose(2, 0, 1)

    def sample(self, xp, pictures):
        """Pixels from all over some pictures, for statistics.

        They are all pixels of the finest level that has at most SAMPLE of them; or, if no level is so coarse, SAMPLE of
        the coarsest one.

        Args:
            xp: numpy or cupy, the module of the store's arrays.
            pictures: int array (B,), of the same module.

        Returns:
            uint8 array (B, C, SAMPLE), and float32 array (B, 1, SAMPLE), their weights, whose sum is 1; a pixel that is
            none of the picture's has the weight 0.
        """
        blocks = self.factor ** xp.arange(self.starts.shape[1])[:, None]
        areas = xp.prod(-(-self.sizes[pictures].astype(xp.int64)[:, None] // blocks), axis=2)
        level = xp.minimum((areas > SAMPLE).sum(axis=1), len(blocks) - 1)
        areas = areas[xp.arange(len(areas)), level][:, None]
        counts, numbers = xp.minimum(areas, SAMPLE), xp.arange(SAMPLE)
        places = self.channels * xp.minimum(numbers * areas // counts, areas - 1)
        places += self.starts[pictures, level][:, None]
        self.fetch(places[:, 0], places[:, -1] + self.channels)
        weights = ((numbers < counts) / counts).astype(xp.float32)
        return self.pixels[places[:, None] + xp.arange(self.channels)[:, None]], weights[:, None]

    def on(self, xp):
        """The store as the sensor wants it: on a GPU if ``xp`` is cupy and there is room for it, else this one."""
        if xp is numpy or self.pixels.nbytes > SHARE * xp.cuda.runtime.memGetInfo()[0]:
            return self
        device = xp.cuda.Device().id
        if device not in self._copies:
            pixels = xp.empty(len(self.pixels), xp.uint8)
            for start in range(0, len(pixels), CHUNK):
                pixels[start:start + CHUNK].set(self.pixels[start:start + CHUNK])
            rest = map(xp.asarray, (self.starts, self.sizes, self.means, self.deviations))
            self._copies[device] = PictureStore(pixels, *rest, self.factor)
        return self._copies[device]


class Pictures:
    """Some pictures of a store, in some order: a split, or a batch.

    It has what the code needs of an array of images: its length, indexing by its first axis, and ``repeat``.

    No picture is copied, so random changes are those of what is read of it.  They are in arrays beside the indexes.

    Args:
        store: the PictureStore.
        indexes: int array (B,), which of its pictures these are.
        points: None, or float32 array (B, 2, G, G), how each picture is distorted, see
            :func:`datasets.augmentation.distortion.draw_points`.
        curves: None, or uint8 array (B, C, 256), how its tones are changed, see
            :func:`datasets.augmentation.tones.draw_curves`.
    """

    def __init__(self, store, indexes, points=None, curves=None):
        self.store, self.indexes, self.points, self.curves = store, indexes, points, curves

    def __len__(self):
        return len(self.indexes)

    def __getitem__(self, chosen):
        """Args: chosen: slice, list or int array.  Returns: Pictures."""
        return self._each(self.store, lambda values: values[chosen])

    def repeat(self, times, axis=0):
        """Each picture ``times`` times, as ``numpy.repeat`` does; ``axis`` must be 0."""
        return self._each(self.store, lambda values: values.repeat(times, axis=axis))

    def on(self, xp):
        """These pictures for a model on the CPU (``xp`` is numpy) or on a GPU (cupy)."""
        return self._each(self.store.on(xp), xp.asarray)

    def _each(self, store, change):
        """Pictures of whose arrays each is what ``change`` makes of it."""
        arrays = self.indexes, self.points, self.curves
        return type(self)(store, *(values if values is None else change(values) for values in arrays))

    def changed(self, xp, rng, size, shift, augmentation):
        """These pictures with random changes.

        Args:
            xp: numpy or cupy, the module of the indexes.
            rng: generator of the same device.
            size: the pixels in which ``shift`` and ``elastic`` are given: the longer side of each picture has so many.
            shift: the largest shift, down and across, in either direction; it becomes a whole number of the picture's
                own pixels.
            augmentation: the Augmentation.

        Returns:
            Pictures.
        """
        points = curves = None
        if shift or augmentation.distorts:
            heights, widths = self._rows(xp, self.store.sizes).T[:, :, None, None, None]
            unit = xp.maximum(heights, widths).astype(xp.float32) / size
            points = distortion.draw_points(xp, rng, len(self), heights, widths, augmentation, unit)
            if shift:
                points += xp.rint(shift * unit * (2 * rng.random((len(self), 2, 1, 1), dtype=xp.float32) - 1))
        if augmentation.retones:
            means = self._rows(xp, self.store.means).mean(axis=1) / 255
            curves = tones.draw_curves(xp, rng, means, self.store.channels, augmentation)
        return type(self)(self.store, self.indexes, points, curves)

    def _rows(self, xp, values):
        """The rows of these pictures in one of the store's arrays, on the device of the indexes."""
        here = isinstance(values, xp.ndarray)  # and not in a store that does not fit on a GPU
        return values[self.indexes] if here else xp.asarray(values[self.indexes.get()])

    def size(self, i):
        """Height and width of picture i, in pixels."""
        return tuple(map(int, self.store.sizes[self.indexes[i]]))

    def reduced(self, i, most):
        """Picture i at the finest level that is at most ``most`` pixels wide and high: uint8 array (C, H, W)."""
        return self.store.level(self.indexes[i], self.level(i, most))

    def all_reduced(self, most):
        """All pictures as :meth:`reduced` gives them, a list of views of the store."""
        return [self.reduced(i, most) for i in range(len(self))]

    def level(self, i, most):
        """The finest level at which picture i is at most ``most`` pixels wide and high; if there is none, the last."""
        k = 0
        while max(self.size(i)) > most * self.store.factor ** k and k < self.store.starts.shape[1] - 1:
            k += 1
        return k


def layout(sizes, channels, factor):
    """Where the levels of pictures begin in a store.

    Args:
        sizes: int array (N, 2), height and width of each picture.
        channels: C.
        factor: ratio of the sides of successive levels.

    Returns:
        int64 array (N, levels), and the number of bytes of the store.
    """
    blocks = factor ** numpy.arange(levels(factor))
    areas = numpy.prod(-(-sizes.astype(numpy.int64)[:, None] // blocks[:, None]), axis=2)
    ends = MARGIN + channels * areas.cumsum().reshape(areas.shape)
    return ends - channels * areas, int(ends[-1, -1] if len(ends) else MARGIN) + MARGIN


def encoded(picture, factor):
    """A PIL picture in mode L or RGB and its coarser levels as bytes."""
    parts = [picture.tobytes()]
    for _ in range(1, levels(factor)):
        picture = picture.reduce(factor)
        parts.append(picture.tobytes())
    return b''.join(parts)


def statistics(picture):
    """The mean of each channel, float32 (C,), and the standard deviation from these means, of a PIL picture."""
    counts = numpy.array(picture.histogram(), numpy.float64).reshape(-1, 256)
    counts /= counts[0].sum()
    values = numpy.arange(256.0)
    means = counts @ values
    return means.astype(numpy.float32), float(numpy.sqrt((counts @ values ** 2 - means ** 2).clip(0).mean()))
