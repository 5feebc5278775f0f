"""The glimpse sensor: a retina of concentric patches, sharp in the middle and coarse around it (paper, section 3.1)."""
import math
import numbers

import chainer
import numpy as np
from chainer.backends import cuda

from ram.config.config import LARGEST_PATCH
from ram.fast.block_sums import block_shares, block_sums, spans, sums_dtype
from ram.networks.images import described, for_sensor
from ram.networks.pixels import statistics, to_float

# On a GPU, level k has the sums of all blocks of tall x wide pixels (their sizes are ``spans``), from those that have
# only their last row and column inside the image.  One launch makes a level of the whole batch from the one before,
# whose blocks have low x narrow pixels; level 0 is the images.
LEVEL_INPUTS = 'raw I finer, int32 height, int32 width, int32 low, int32 narrow, int32 tall, int32 wide'
LEVEL_OUTPUTS = 'S coarser'
LEVEL_OPERATION = '''
    // i counts the level's sums: (image and channel, row, column).
    int rows = height + tall - 1, columns = width + wide - 1;
    int finer_rows = height + low - 1, finer_columns = width + narrow - 1;
    int left = i % columns - wide + narrow, top = i / columns % rows - tall + low;
    ptrdiff_t origin = i / columns / rows * finer_rows * finer_columns;
    coarser = 0;
    for (int y = top; y < top + tall; y += low)
        for (int x = left; x < left + wide; x += narrow)
            if (y >= 0 && y < finer_rows && x >= 0 && x < finer_columns)
                coarser += finer[origin + (ptrdiff_t) y * finer_columns + x];
'''

# One thread computes one output pixel of any scale, so a whole batch is a single launch.  The retina's sizes are
# constants of the compiled kernel, which makes divisions by them cheap.
KERNEL_CONSTANTS = 'constexpr int channels = {}, patch = {}, scales = {}, factor = {};'
KERNEL_INPUTS = 'raw I images, raw S levels, raw L locations, int32 count, int32 height, int32 width, T gain, T shift'
KERNEL_OUTPUTS = 'T glimpse'
ELEMENT = '''
    // i counts the glimpse's elements: (image, scale, channel, row, column).
    ptrdiff_t rest = i;
    int column = rest % patch;  rest /= patch;
    int row = rest % patch;  rest /= patch;
    int channel = rest % channels;  rest /= channels;
    int k = rest % scales;  rest /= scales;
    ptrdiff_t image = rest;
'''
KERNEL_OPERATION = ELEMENT + '''
    int block = 1, tall = 1, wide = 1;  // the size of the patch's blocks, and of those that are summed for it
    ptrdiff_t level = 0, planes = (ptrdiff_t) count * channels;
    for (int j = 0; j < k; ++j) {
        block *= factor;
        tall *= min(factor, (height + tall - 1) / tall);
        wide *= min(factor, (width + wide - 1) / wide);
        if (j < k - 1) level += planes * (height + tall - 1) * (width + wide - 1);
    }
    int side = patch * block;
    float centre_x = rintf((locations[2 * image] + 1) / 2 * width);
    float centre_y = rintf((locations[2 * image + 1] + 1) / 2 * height);
    int left = (int) fminf(fmaxf(centre_x, -side), width + side) - side / 2 + column * block;
    int top = (int) fminf(fmaxf(centre_y, -side), height + side) - side / 2 + row * block;
    int right = min(left + block, width), bottom = min(top + block, height);

    glimpse = 0;
    if (left < width && top < height && right > 0 && bottom > 0) {
        ptrdiff_t plane = image * channels + channel;
        int x = min(left + block, max(left, 0) + wide) - 1, y = min(top + block, max(top, 0) + tall) - 1;
        ptrdiff_t place = (plane * (height + tall - 1) + y) * (width + wide - 1) + x;
        T inside = (right - max(left, 0)) * (bottom - max(top, 0));
        glimpse = ((k == 0 ? (T) images[place] : (T) levels[level + place]) * gain - inside * shift) / (block * block);
    }
'''


def fixated(locations, height, width, most):
    """The pixel edges at the locations: ``rint((l + 1) / 2 * (width, height))``, rounded half to even.

    Args:
        locations: float array (B, 2), columns (x, y); [-1, 1] spans the image, values beyond it are allowed.  A
            coordinate that is NaN, as in a run that diverges, is as far left, or above, as ``most`` allows.
        height, width: the image's size in pixels.
        most: how far the edges may be outside the image, in pixels; those further outside are moved there.

    Returns:
        int array (B, 2), columns (x, y).
    """
    xp = cuda.get_array_module(locations)
    size = xp.array([width, height], dtype=locations.dtype)
    return xp.fmin(xp.fmax(xp.rint((locations + 1) / 2 * size), -most), size + most).astype(int)


def patch_corners(locations, height, width, side):
    """Top-left corners of the square patches that are centred on the locations.

    A patch reaches ``side // 2`` pixels to the left of the :func:`fixated` edge and above it.

    Args:
        locations, height, width: see :func:`fixated`.
        side: the patch's side in pixels.

    Returns:
        Two int arrays (B,), ``top`` and ``left``, in pixels; the patch may lie partly or wholly outside.
    """
    # A patch further outside sees only zeros, as this one does, and the integers cannot overflow.
    x, y = fixated(locations, height, width, side).T
    return y - side // 2, x - side // 2


class GlimpseSensor:
    """The sensor of one batch of images: they are made ready once, and then glimpsed at many times.

    An output is ``gain * (mean of its block) - shift * (share of its block inside the image)``.  The gain brings bytes
    to [0, 1].  To normalise, it also divides by the image's deviation, and the shift is the mean over the deviation.

    Args:
        images: array (B, C, H, W) of uint8, or of floats in any range.  The sensor may keep it: do not change it.
        patch, scales, factor: see :func:`glimpse_sensor`.
        normalise: whether glimpses are those of ``ram.networks.pixels.whole(images, True)``.
    """

    def __init__(self, images, patch, scales, factor=2, normalise=False):
        xp = cuda.get_array_module(images)
        self.retina, self.side = (patch, scales, factor), patch * factor ** (scales - 1)
        count, channels, *self.size = images.shape
        self.shape = count, scales, channels, patch, patch
        self.dtype = images.dtype if images.dtype.kind == 'f' else np.dtype(np.float32)
        self.gain, self.shift = 1 if images.dtype.kind == 'f' else 1 / 255, 0
        if normalise:
            mean, deviation = statistics(to_float(images))
            self.gain, self.shift = (x[:, None] for x in (self.dtype.type(self.gain) / deviation, mean / deviation))
        self.images = xp.ascontiguousarray(images)
        self.prepare_cpu() if xp is np else self.prepare_gpu()

    def __call__(self, locations, out=None):
        """Glimpses around locations.

        Args:
            locations: float array (B, 2), columns (x, y).
            out: contiguous array that receives the glimpses, of any shape that holds them; None for a new one.

        Returns:
            array (B, K * C, patch, patch), float32 for bytes, and else of the images' dtype.
        """
        xp, (count, scales, channels, patch, _) = cuda.get_array_module(locations), self.shape
        glimpse = xp.empty(self.shape, self.dtype) if out is None else out.reshape(self.shape)
        (self.forward_cpu if xp is np else self.forward_gpu)(locations, glimpse)
        return glimpse.reshape(count, scales * channels, patch, patch)

    def prepare_cpu(self):
        scales, factor = self.retina[1:]
        self.sums = block_sums(self.images, *self.retina)
        areas = np.float64(factor) ** (2 * np.arange(scales)[:, None, None, None])
        self.gains = (self.gain / areas).astype(self.dtype)
        self.shares = [block_shares(length, *self.retina) for length in self.size]

    def forward_cpu(self, locations, glimpse):
        edges = fixated(locations, *self.size, self.side)
        self.sums.read(edges, glimpse)
        glimpse *= self.gains
        if not np.isscalar(self.shift):
            rows, columns = (self.shares[i][edges[:, 1 - i] + self.side] for i in (0, 1))
            glimpse -= self.shift * (rows[:, :, None, :, None] * columns[:, :, None, None, :])

    def prepare_gpu(self):
        count, channels, height, width = self.images.shape
        blocks = spans((height, width), *self.retina[1:])
        ends = np.cumsum([0] + [count * channels * (height + tall - 1) * (width + wide - 1)
                                for tall, wide in blocks[1:]]).tolist()
        self.levels = cuda.cupy.empty(max(ends[-1], 1), sums_dtype(self.images, math.prod(blocks[-1])))
        kernel = cuda.elementwise(LEVEL_INPUTS, LEVEL_OUTPUTS, LEVEL_OPERATION, 'block_sums')
        finer = self.images
        for k in range(1, len(blocks)):
            coarser = self.levels[ends[k - 1]:ends[k]]
            finer = kernel(finer, *self.size, *blocks[k - 1], *blocks[k], coarser)

    def forward_gpu(self, locations, glimpse):
        (patch, scales, factor), (count, _, channels, *_) = self.retina, self.shape
        kernel = cuda.elementwise(
            KERNEL_INPUTS, KERNEL_OUTPUTS, KERNEL_OPERATION, 'glimpse_sensor',
            preamble=KERNEL_CONSTANTS.format(channels, patch, scales, factor))
        gain, shift = (x if np.isscalar(x) else cuda.cupy.broadcast_to(x, self.shape) for x in (self.gain, self.shift))
        locations = cuda.cupy.ascontiguousarray(locations)
        kernel(self.images, self.levels, locations, count, *self.size, gain, shift, glimpse)


def prepare(images, config):
    """The sensor for a batch that a model is to glimpse at.

    Args:
        images: array (B, C, H, W) of uint8, or of floats in [0, 1]; or a batch that has a sensor of its own, which its
            method ``sensor(config)`` returns.
        config: the Config; its patch, scales, factor and normalise are used.

    Returns:
        A function of the locations and ``out``, as ``GlimpseSensor.__call__``.
    """
    if hasattr(images, 'sensor'):
        return images.sensor(config)
    return GlimpseSensor(images, config.patch, config.scales, config.factor, config.normalise)


def glimpse_sensor(images, locations, patch, scales, factor=2):
    """Extracts retina-like glimpses around locations.

    Let x(row, column) be a channel of an image, 0 outside, and (X, Y) = rint((l + 1) / 2 * (W, H)) the fixated edge.
    With b = factor^k, output (i, j) of scale k = 0 ... K - 1 is the mean of a block of b x b pixels::

        rho_k(i, j) = 1 / b^2  sum_{u, v = 0 ... b - 1}  x(Y - s + i b + u,  X - s + j b + v),   s = floor(patch b / 2)

    So scale k shows the square of ``patch * b`` pixels centred on the location.  No gradient flows to the images or to
    the locations: the policy is learned by REINFORCE.

    Args:
        images: array or Variable (B, C, H, W) of uint8, of bool, or of floats in any range.
        locations: float array or Variable (B, 2), columns (x, y); (-1, -1) is the top-left corner of the image,
            (1, 1) its bottom-right corner.
        patch: side of the glimpse in pixels, at least 1.
        scales: number of patches K, at least 1.
        factor: ratio of the sides of successive patches, at least 1.  The largest patch may be 4096 pixels wide.

    Returns:
        Variable (B, K * C, patch, patch), scale by scale, the finest first: float64 if the images are, and else
        float32; of bytes, in [0, 1].

    Raises:
        ValueError: an argument is something else, is not on the same device, or is infinite or NaN.

    Source:
        Mnih et al., "Recurrent Models of Visual Attention", NIPS 2014, section 3.1 and figure 1A.
    """
    images, locations = (x.array if isinstance(x, chainer.Variable) else x for x in (images, locations))
    images = for_sensor(images)
    locations = _checked_locations(locations, images)
    for name, value in dict(patch=patch, scales=scales, factor=factor).items():
        if not isinstance(value, numbers.Integral) or value < 1:
            raise ValueError(f'{name} must be an int of at least 1, not {value!r}')
    if math.log2(patch) + (scales - 1) * math.log2(factor) > math.log2(LARGEST_PATCH):
        raise ValueError(f'patch * factor^(scales - 1), the side of the largest patch in pixels, must be at most '
                         f'{LARGEST_PATCH}, not {patch} * {factor}^{scales - 1}')
    return chainer.Variable(GlimpseSensor(images, patch, scales, factor)(locations), requires_grad=False)


def _checked_locations(locations, images):
    xp = cuda.get_array_module(images)
    if not isinstance(locations, xp.ndarray) or locations.shape != (len(images), 2) or (
            locations.dtype.kind != 'f' or not xp.isfinite(locations).all()):
        raise ValueError(f'locations must be a {xp.__name__} array ({len(images)}, 2) of finite floats, a row for each '
                         f'image, not {described(locations)}')
    return locations.astype(np.result_type(locations.dtype, np.float32), copy=False)
