"""The glimpse sensor of pictures that differ in size: it reads patches from a store, see ``datasets.picture_store``.

It computes what ``ram.networks.glimpse_sensor`` does.  The finest patch is exact.  A coarser one, whose blocks have
b x b pixels, is read from the level of the store that has such blocks.  The blocks of a patch begin anywhere between
two blocks of that level, so each is the mean of its four neighbours there, weighted by the area that they have in
common with it.  That blurs the patch, by less than one block.  docs/performance.md says how much that changes.

Random changes of the pictures are made in what is read: ``distorted_glimpse`` says how of distortions.  Tones are
changed in the store's bytes, before they are interpolated.  So the finest patch has the tones of the changed picture,
and a coarser one those that belong to the means of its blocks.
"""
import numpy as np
from chainer.backends import cuda

from datasets.augmentation import distortion, tones
from datasets.picture_store import Pictures
from ram.networks import distorted_glimpse
from ram.networks.glimpse_sensor import ELEMENT
from ram.networks.pixels import BLANK

KERNEL_CONSTANTS = ('constexpr int channels = {}, patch = {}, scales = {}, factor = {}, levels = {}, grid = {}; '
                    'constexpr bool toned = {};')
KERNEL_INPUTS = ('raw uint8 pixels, raw int64 starts, raw int32 sizes, raw float32 means, raw float32 gains, '
                 'raw int64 indexes, raw float32 points, raw uint8 curves, raw float32 locations')
KERNEL_OUTPUTS = 'float32 glimpse'
# The element's block, and how a block of its level is read, for KERNEL_OPERATION and that of distorted pictures.
BLOCK = ELEMENT + '''
    ptrdiff_t picture = indexes[image];
    int block = 1;
    for (int j = 0; j < k; ++j) block *= factor;
    int side = patch * block, level = min(k, levels - 1);
    ptrdiff_t origin = starts[picture * levels + level];
    auto tone = [&](ptrdiff_t place) -> float {
        int value = pixels[origin + place * channels + channel];
        return toned ? curves[(image * channels + channel) * 256 + value] : value;
    };
'''
KERNEL_OPERATION = '''
    // First the rows, then the columns: the first of two blocks of the level, and the pixels that each contributes.
    int first[2], inside[2][2];
    for (int axis = 0; axis < 2; ++axis) {
        int length = sizes[2 * picture + axis];
        float centre = rintf((locations[2 * image + 1 - axis] + 1) / 2 * length);
        int edge = (int) fminf(fmaxf(centre, -side), length + side) - side / 2 + (axis ? column : row) * block;
        first[axis] = edge >= 0 ? edge / block : -((block - 1 - edge) / block);
        int after = edge - first[axis] * block;
        for (int j = 0; j < 2; ++j) {
            int begin = (first[axis] + j) * block, left = begin < 0 ? 0 : max(length - begin, 0);
            inside[axis][j] = j ? min(left, after) : min(max(left - after, 0), block - after);
        }
    }
    ptrdiff_t width = (sizes[2 * picture + 1] + block - 1) / block;
    float sum = 0, mean = means[image * channels + channel];
    for (int y = 0; y < 2; ++y)
        for (int x = 0; x < 2; ++x) {
            float share = (float) inside[0][y] * inside[1][x];
            if (share > 0) sum += share * (tone((first[0] + y) * width + first[1] + x) - mean);
        }
    glimpse = sum / ((float) block * block) * gains[image];
'''


class NativePictures(Pictures):
    """A batch of Pictures, as the models take it."""

    def sensor(self, config):
        """The NativeSensor of these pictures, for a Config; ValueError if its channels or its factor are others."""
        if self.store.channels != config.channels:
            raise ValueError(f'pictures must have {config.channels} channels for this model, not '
                             f'{self.store.channels}')
        return NativeSensor(self, config.patch, config.scales, config.factor, config.normalise)


class NativeSensor:
    """Extracts glimpses at pictures of any sizes: the form of ``ram.networks.glimpse_sensor.prepare``.

    Pixels are in [0, 1]; if ``normalise``, each picture has mean 0 in each channel and standard deviation 1 over all.
    Outside a picture everything is 0.

    Args:
        pictures: Pictures, B of them, whose changes are made in the glimpses.
        patch, scales, factor: see :func:`ram.networks.glimpse_sensor.glimpse_sensor`; the factor is the store's.
        normalise: whether the contrast is normalised.

    Raises:
        ValueError: the store has not the levels that the retina needs.
    """

    def __init__(self, pictures, patch, scales, factor, normalise=False):
        store = pictures.store
        levels = store.starts.shape[1]
        if scales > 1 and (factor != store.factor or factor > 1 and scales > levels):
            raise ValueError(f'the store of these pictures has {levels} scales of factor {store.factor}; a retina of '
                             f'{scales} scales of factor {factor} needs a store with that factor')
        xp = cuda.get_array_module(store.pixels)
        self.patch, self.scales, self.factor, self.store = patch, scales, factor, store
        # The store, and so all of these, may be on the CPU although the model is on a GPU.
        arrays = pictures.indexes.astype(np.int64), pictures.points, pictures.curves
        self.indexes, self.points, self.curves = (
            cuda.to_cpu(array) if xp is np and array is not None else array for array in arrays)
        self.means, self.gains = _normalisation(xp, store, self.indexes, self.curves, normalise)
        if xp is np:
            self.blocks, self.sizes = factor ** np.arange(scales), store.sizes[self.indexes]
            level = np.minimum(np.arange(scales), levels - 1)
            self.level_starts = store.starts[self.indexes][:, level]

    def __call__(self, locations, out=None):
        """The glimpses.

        Args:
            locations: float32 array (B, 2), columns (x, y), see :func:`ram.networks.glimpse_sensor.glimpse_sensor`.
            out: contiguous float32 array of as many values as the result, which it receives; or None.

        Returns:
            float32 array (B, K * C, patch, patch), scale by scale, the finest first.
        """
        xp, channels = cuda.get_array_module(locations), self.store.channels
        shape = len(locations), self.scales * channels, self.patch, self.patch
        out = (xp.empty(shape, np.float32) if out is None else out).reshape(shape)
        if isinstance(self.store.pixels, np.ndarray):
            forward_cpu = NativeSensor.forward_cpu if self.points is None else distorted_glimpse.forward_cpu
            seen = forward_cpu(self, cuda.to_cpu(locations))
            out[...] = xp.asarray(seen.reshape(shape))  # sends no more than the patches
        else:
            self.forward_gpu(cuda.cupy.ascontiguousarray(locations), out)
        return out

    def forward_gpu(self, locations, out):
        store, toned, distorted = self.store, self.curves is not None, self.points is not None
        name, operation = (('distorted_glimpse', distorted_glimpse.KERNEL_OPERATION) if distorted else
                           ('native_sensor', KERNEL_OPERATION))
        kernel = cuda.elementwise(
            KERNEL_INPUTS, KERNEL_OUTPUTS, BLOCK + operation, name, preamble=KERNEL_CONSTANTS.format(
                store.channels, self.patch, self.scales, self.factor, store.starts.shape[1], distortion.POINTS,
                str(toned).lower()))
        points, curves = self.points if distorted else self.gains, self.curves if toned else store.pixels
        kernel(store.pixels, store.starts, store.sizes, self.means, self.gains, self.indexes, points, curves, locations,
               out)

    def forward_cpu(self, locations):
        channels, patch, blocks = self.store.channels, self.patch, self.blocks
        # For rows and for columns: the blocks' numbers in their level, int (B, K, patch + 1), and how much each of them
        # contributes to the patch's pixel that begins in it and to the one before, float32 (2, B, K, patch + 1).
        (rows, down), (columns, across) = (self._shares(locations[:, 1 - axis], axis) for axis in (0, 1))
        # A row is a run of bytes.  What is read outside the picture counts as 0 below.
        heights, widths = (-(-self.sizes[:, axis, None] // blocks) for axis in (0, 1))
        left = columns[:, :, 0].clip(-patch - 1, widths)
        starts = rows.clip(0, heights[:, :, None] - 1) * widths[:, :, None] + left[:, :, None]
        starts = self.level_starts[:, :, None] + starts * channels
        self.store.fetch(starts[:, :, 0].ravel(), starts[:, :, -1].ravel() + (patch + 1) * channels)
        seen = self.read(starts, patch + 1)
        seen = seen[:, :, :-1] * down[0, :, :, :-1, None] + seen[:, :, 1:] * down[1, :, :, 1:, None]
        across = (across * self.gains[:, None, None]).repeat(channels, axis=3)[:, :, :, None]
        seen = seen[..., :-channels] * across[0, ..., :-channels] + seen[..., channels:] * across[1, ..., channels:]
        return seen.reshape(*seen.shape[:3], patch, channels).transpose(0, 1, 4, 2, 3)

    def read(self, starts, count):
        """Pixels of the store with changed tones, less the means of their pictures.

        Args:
            starts: int array (B, ...), the bytes with which runs of ``count`` pixels begin.

        Returns:
            float32 array (B, ..., count * C).
        """
        size, pixels = count * self.store.channels, self.store.pixels
        runs = np.ndarray(len(pixels) - size + 1, f'V{size}', pixels, strides=(1,))  # each run is one item
        seen = runs[starts].view(np.uint8).reshape(*starts.shape, size)
        each = len(starts), *[1] * (starts.ndim - 1), size
        if self.curves is not None:
            first = np.arange(self.means.size, dtype=np.int32).reshape(self.means.shape) * 256
            seen = self.curves.reshape(-1).take(seen + np.tile(first, count).reshape(each))
        return seen - np.tile(self.means, count).reshape(each)

    def edges(self, locations, axis):
        """Where the patches begin along an axis: int (B, K), in pixels, of the locations' coordinates float32 (B,)."""
        lengths, sides = self.sizes[:, axis], self.patch * self.blocks
        centres = np.rint((locations + 1) / 2 * lengths.astype(np.float32))[:, None]
        return np.fmin(np.fmax(centres, -sides), lengths[:, None] + sides).astype(np.int64) - sides // 2

    def _shares(self, locations, axis):
        """The blocks along one axis, see ``forward_cpu``."""
        edges, blocks = self.edges(locations, axis), self.blocks
        first = edges // blocks
        after = (edges - first * blocks)[:, :, None]
        numbers = first[:, :, None] + np.arange(self.patch + 1)
        blocks = blocks[:, None]
        left = (self.sizes[:, axis, None, None] - numbers * blocks).clip(0) * (numbers >= 0)  # pixels from the block on
        shares = np.stack([(left - after).clip(0, blocks - after), np.minimum(left, after)]) / blocks
        return numbers, shares.astype(np.float32)


def _normalisation(xp, store, indexes, curves, normalise):
    """What is subtracted from the bytes, float32 (B, C), and by what they are multiplied then, float32 (B,)."""
    means, deviations = store.means[indexes], store.deviations[indexes]
    if not normalise:
        return 0 * means, 0 * deviations + np.float32(1 / 255)
    if curves is not None:
        means, deviations = _retoned(xp, store, indexes, curves, means, deviations)
    return means, 1 / (deviations + 255 * BLANK)


def _retoned(xp, store, indexes, curves, means, deviations):
    """The means and deviations of pictures with other tones: what they are changed by is seen in samples of pixels.

    So those of pictures that have no more pixels than a sample are exact.
    """
    pixels, weights = store.sample(xp, indexes)
    changed = tones.retoned(xp, pixels[..., None], curves)[..., 0]
    (mean, deviation), (new_mean, new_deviation) = (_statistics(sample.astype(np.float32), weights)
                                                    for sample in (pixels, changed))
    return means + new_mean - mean, deviations * (new_deviation + BLANK) / (deviation + BLANK)


def _statistics(pixels, weights):
    """The means, float32 (B, C), and the deviations from them, float32 (B,), of pixels, float32 (B, C, S)."""
    mean = (pixels * weights).sum(axis=2, keepdims=True)
    return mean[:, :, 0], np.sqrt(((pixels - mean) ** 2 * weights).sum(axis=2).mean(axis=1))
