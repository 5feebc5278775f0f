"""The glimpse sensor of pictures that differ in size: it reads patches from a store, see ``datasets.picture_store``.

It computes what ``ram.networks.glimpse_sensor`` does.  The finest patch is exact.  A coarser one, whose blocks have
b x b pixels, is read from the level of the store that has such blocks.  The blocks of a patch begin anywhere between
two blocks of that level, so each is the mean of its four neighbours there, weighted by the area that they have in
common with it.  That blurs the patch, by less than one block.  docs/performance.md says how much that changes.
"""
import numpy as np
from chainer.backends import cuda

from datasets.picture_store import Pictures
from ram.networks.glimpse_sensor import ELEMENT
from ram.networks.pixels import BLANK

KERNEL_CONSTANTS = 'constexpr int channels = {}, patch = {}, scales = {}, factor = {}, levels = {};'
KERNEL_INPUTS = ('raw uint8 pixels, raw int64 starts, raw int32 sizes, raw float32 means, raw float32 gains, '
                 'raw int64 indexes, raw float32 locations')
KERNEL_OUTPUTS = 'float32 glimpse'
KERNEL_OPERATION = ELEMENT + '''
    ptrdiff_t picture = indexes[image];
    int block = 1;
    for (int j = 0; j < k; ++j) block *= factor;
    int side = patch * block, level = min(k, levels - 1);
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
    float sum = 0, mean = means[picture * channels + channel];
    for (int y = 0; y < 2; ++y)
        for (int x = 0; x < 2; ++x) {
            float share = (float) inside[0][y] * inside[1][x];
            if (share > 0)
                sum += share * (pixels[starts[picture * levels + level]
                                       + ((first[0] + y) * width + first[1] + x) * channels + channel] - mean);
        }
    glimpse = sum / ((float) block * block) * gains[picture];
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
        pictures: Pictures, B of them.
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
        if xp is np:
            self.indexes = cuda.to_cpu(pictures.indexes)
            self.sizes, self.starts = store.sizes[self.indexes], store.starts[self.indexes]
            self.means, self.gains = _tones(store, self.indexes, normalise)
        else:
            self.indexes = pictures.indexes.astype(xp.int64)
            self.means, self.gains = _tones(store, slice(None), normalise)

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
            out[...] = xp.asarray(self.forward_cpu(cuda.to_cpu(locations)))  # sends no more than the patches
        else:
            kernel = cuda.elementwise(
                KERNEL_INPUTS, KERNEL_OUTPUTS, KERNEL_OPERATION, 'native_sensor', preamble=KERNEL_CONSTANTS.format(
                    channels, self.patch, self.scales, self.factor, self.store.starts.shape[1]))
            kernel(self.store.pixels, self.store.starts, self.store.sizes, self.means, self.gains, self.indexes,
                   cuda.cupy.ascontiguousarray(locations), out)
        return out

    def forward_cpu(self, locations):
        channels, patch, scales = self.store.channels, self.patch, np.arange(self.scales)
        blocks = self.factor ** scales
        sides = patch * blocks
        # For rows and for columns: the blocks' numbers in their level, int (B, K, patch + 1), and how much each of them
        # contributes to the patch's pixel that begins in it and to the one before, float32 (2, B, K, patch + 1).
        (rows, down), (columns, across) = (self._blocks(locations[:, 1 - axis], self.sizes[:, axis], sides, blocks)
                                           for axis in (0, 1))
        # A row is a run of bytes.  What is read outside the picture counts as 0 below.
        heights, widths = (-(-self.sizes[:, axis, None] // blocks) for axis in (0, 1))
        left = columns[:, :, 0].clip(-patch - 1, widths)
        starts = rows.clip(0, heights[:, :, None] - 1) * widths[:, :, None] + left[:, :, None]
        starts = self.starts[:, np.minimum(scales, self.starts.shape[1] - 1), None] + starts * channels
        self.store.fetch(starts[:, :, 0].ravel(), starts[:, :, -1].ravel() + (patch + 1) * channels)
        size = (patch + 1) * channels
        pixels = self.store.pixels
        runs = np.ndarray(len(pixels) - size + 1, f'V{size}', pixels, strides=(1,))  # each run is one item
        seen = runs[starts].view(np.uint8).reshape(*starts.shape, size)
        seen = seen - np.tile(self.means, patch + 1)[:, None, None]
        seen = seen[:, :, :-1] * down[0, :, :, :-1, None] + seen[:, :, 1:] * down[1, :, :, 1:, None]
        across = (across * self.gains[:, None, None]).repeat(channels, axis=3)[:, :, :, None]
        seen = seen[..., :-channels] * across[0, ..., :-channels] + seen[..., channels:] * across[1, ..., channels:]
        seen = seen.reshape(*seen.shape[:3], patch, channels).transpose(0, 1, 4, 2, 3)
        return seen.reshape(len(locations), -1, patch, patch)

    def _blocks(self, locations, lengths, sides, blocks):
        """The blocks along one axis, see ``forward_cpu``.

        Args:
            locations: float32 (B,), the coordinate of each location along the axis.
            lengths: int (B,), the pictures' lengths in pixels.
            sides, blocks: int (K,), of each scale's patch and of its blocks, in pixels.
        """
        centres = np.rint((locations + 1) / 2 * lengths.astype(np.float32))[:, None]
        edges = np.fmin(np.fmax(centres, -sides), lengths[:, None] + sides).astype(np.int64) - sides // 2
        first = edges // blocks
        after = (edges - first * blocks)[:, :, None]
        numbers = first[:, :, None] + np.arange(self.patch + 1)
        blocks = blocks[:, None]
        left = (lengths[:, None, None] - numbers * blocks).clip(0) * (numbers >= 0)  # pixels from the block on
        shares = np.stack([(left - after).clip(0, blocks - after), np.minimum(left, after)]) / blocks
        return numbers, shares.astype(np.float32)


def _tones(store, chosen, normalise):
    """What is subtracted from the bytes, float32 (N, C), and by what they are multiplied then, float32 (N,)."""
    means, deviations = store.means[chosen], store.deviations[chosen]
    if normalise:
        return means, 1 / (deviations + 255 * BLANK)
    return 0 * means, 0 * deviations + np.float32(1 / 255)
