"""The glimpse sensor: a retina of concentric patches, sharp in the middle and coarse around it (paper, section 3.1)."""
import chainer
import numpy as np
from chainer.backends import cuda
from chainer.utils import type_check

# One thread computes one output pixel of any scale, so a whole batch is a single launch.  The retina's sizes are
# constants of the compiled kernel, which makes divisions by them cheap.
KERNEL_CONSTANTS = 'constexpr int channels = {}, patch = {}, scales = {}, factor = {};'
KERNEL_INPUTS = 'raw T images, raw L locations, int32 height, int32 width'
KERNEL_OUTPUTS = 'T glimpse'
KERNEL_OPERATION = '''
    // i counts the glimpse's elements: (image, scale, channel, row, column).
    ptrdiff_t rest = i;
    int column = rest % patch;  rest /= patch;
    int row = rest % patch;  rest /= patch;
    int channel = rest % channels;  rest /= channels;
    int k = rest % scales;  rest /= scales;
    ptrdiff_t image = rest;

    int block = 1;
    for (int j = 0; j < k; ++j) block *= factor;
    int side = patch * block;
    float centre_x = rintf((locations[2 * image] + 1) / 2 * width);
    float centre_y = rintf((locations[2 * image + 1] + 1) / 2 * height);
    int left = (int) fminf(fmaxf(centre_x, -side), width + side) - side / 2 + column * block;
    int top = (int) fminf(fmaxf(centre_y, -side), height + side) - side / 2 + row * block;

    ptrdiff_t origin = (image * channels + channel) * height * width;
    T sum = 0;
    for (int y = max(top, 0); y < min(top + block, height); ++y)
        for (int x = max(left, 0); x < min(left + block, width); ++x)
            sum += images[origin + (ptrdiff_t) y * width + x];
    glimpse = sum / (block * block);
'''


def patch_corners(locations, height, width, side):
    """Top-left corners of the square patches that are centred on the locations.

    The fixated pixel edge is ``rint((l + 1) / 2 * (width, height))``, rounded half to even; the patch reaches
    ``side // 2`` pixels to its left and above it.

    Args:
        locations: float array (B, 2), columns (x, y); [-1, 1] spans the image, values beyond it are allowed.
        height, width: the image's size in pixels.
        side: the patch's side in pixels.

    Returns:
        Two int arrays (B,), ``top`` and ``left``, in pixels; the patch may lie partly or wholly outside.
    """
    xp = cuda.get_array_module(locations)
    edges = xp.rint((locations + 1) / 2 * xp.array([width, height], dtype=locations.dtype))
    # A patch further outside sees only zeros, as this one does, and the integers cannot overflow.
    x = xp.clip(edges[:, 0], -side, width + side).astype(int)
    y = xp.clip(edges[:, 1], -side, height + side).astype(int)
    return y - side // 2, x - side // 2


class GlimpseSensor(chainer.FunctionNode):
    """See :func:`glimpse_sensor`."""

    def __init__(self, patch, scales, factor=2):
        self.patch = patch
        self.scales = scales
        self.factor = factor

    def check_type_forward(self, in_types):
        images, locations = in_types
        type_check.expect(
            images.dtype.kind == 'f',
            images.ndim == 4,
            locations.dtype.kind == 'f',
            locations.ndim == 2,
            locations.shape[0] == images.shape[0],
            locations.shape[1] == 2,
        )

    def forward(self, inputs, out=None):
        """See FunctionNode.forward; ``out``, if given, is a contiguous array that receives the glimpses."""
        images, locations = inputs
        xp, (count, channels) = cuda.get_array_module(images), images.shape[:2]
        if out is None:
            out = xp.empty((count, self.scales * channels, self.patch, self.patch), images.dtype)
        (self.forward_cpu if xp is np else self.forward_gpu)(images, locations, out)
        return out,

    def forward_cpu(self, images, locations, out):
        count, channels, height, width = images.shape
        glimpse = out.reshape(count, self.scales, channels, self.patch, self.patch)
        pixels = np.ascontiguousarray(images).reshape(-1)
        origins = np.arange(count * channels).reshape(count, channels, 1) * (height * width)
        for k in range(self.scales):
            block = self.factor ** k
            side = self.patch * block
            top, left = patch_corners(locations, height, width, side)
            # The patch's rows, (block, B, 1, patch): the first row of every block, then the second, and so on.
            rows = (np.arange(block)[:, None] + np.arange(0, side, block))[:, None, None] + top[:, None, None]
            columns = left[:, None] + np.arange(side)
            # A row of a patch is a run of pixels in memory.  Pixels read outside the image are set to zero below.
            starts = origins + rows.clip(0, height - 1) * width + left[:, None, None]
            seen = _runs(pixels, starts, side)
            seen[np.broadcast_to((rows < 0) | (rows >= height), starts.shape)] = 0
            # The mean over blocks: first over rows, then over columns, by a product with an averaging matrix.
            seen = seen.sum(axis=0) if block > 1 else seen[0]
            seen *= ((columns >= 0) & (columns < width))[:, None, None]
            if block > 1:
                average = np.repeat(np.eye(self.patch, dtype=images.dtype), block, axis=0) / block ** 2
                seen = seen.reshape(-1, side) @ average
            glimpse[:, k] = seen.reshape(glimpse[:, k].shape)

    def forward_gpu(self, images, locations, out):
        images, locations = (cuda.cupy.ascontiguousarray(array) for array in (images, locations))
        channels, height, width = images.shape[1:]
        kernel = cuda.elementwise(
            KERNEL_INPUTS, KERNEL_OUTPUTS, KERNEL_OPERATION, 'glimpse_sensor',
            preamble=KERNEL_CONSTANTS.format(channels, self.patch, self.scales, self.factor))
        kernel(images, locations, height, width, out)

    def backward(self, indexes, grad_outputs):
        return None, None


def _runs(pixels, starts, length):
    """Runs of consecutive pixels: (..., length) for int starts (...).  Values beyond either end are arbitrary."""
    if len(pixels) < length:
        return pixels.take(starts[..., None] + np.arange(length), mode='clip')
    size, last = pixels.itemsize, len(pixels) - length
    runs = np.ndarray(last + 1, f'V{length * size}', pixels, strides=(size,))  # each run is one item, copied at once
    taken = runs[np.ascontiguousarray(starts.clip(0, last))].view(pixels.dtype).reshape(*starts.shape, length)
    over = (starts < 0) | (starts > last)  # in the first or the last image of the batch
    if over.any():
        taken[over] = pixels.take(starts[over][:, None] + np.arange(length), mode='clip')
    return taken


def glimpse_sensor(images, locations, patch, scales, factor=2):
    """Extracts retina-like glimpses around locations.

    Scale k, counted from 0, is the square of ``patch * factor**k`` pixels centred on the location, reduced to
    ``patch`` x ``patch`` by the mean of its blocks.  Outside the image everything is zero.  No gradient flows to the
    images or to the locations: the policy is learned by REINFORCE.

    Args:
        images: float array or Variable (B, C, H, W), any range.
        locations: float array or Variable (B, 2), columns (x, y); (-1, -1) is the top-left corner of the image,
            (1, 1) its bottom-right corner.
        patch: side of the glimpse in pixels, at least 1.
        scales: number of patches K, at least 1.
        factor: ratio of the sides of successive patches, at least 1.

    Returns:
        Variable (B, K * C, patch, patch) of the images' dtype, scale by scale, the finest first.

    Source:
        Mnih et al., "Recurrent Models of Visual Attention", NIPS 2014, section 3.1 and figure 1A.
    """
    return GlimpseSensor(patch, scales, factor).apply((images, locations))[0]
