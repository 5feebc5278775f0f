"""Layers of small filters, pooled and rectified, on arrays: each convolution is one large product.

Channels come last in memory, so that a window of 3 x 3 pixels is three contiguous runs.  The windows of all pixels are
copied into the rows of one matrix, which is multiplied by the filters.  Pooling comes before the bias and the
rectifier: the result is the same, with a quarter of the work.
"""
import chainer
import numpy as np
from chainer.backends import cuda

from ram.fast.elementwise import EXTREMES
from ram.fast.product import product

# Of the four pixels a b / c d of each square that is pooled, on a GPU.
POOL = ('T a, T b, T c, T d, T bias', 'bool below_left, bool below_right, bool right, T out', '''
    below_left = c > a;
    below_right = d > b;
    T most_left = maximum(a, c), most_right = maximum(b, d);
    right = most_right > most_left;
    out = maximum(maximum(most_left, most_right) + bias, (T) 0);
''', 'pool')
POOL_BACK = ('T gradient, T out, bool below_left, bool below_right, bool right', 'T a, T b, T c, T d', '''
    T passed = gradient * (out > 0);
    a = passed * (!right && !below_left);
    b = passed * (right && !below_right);
    c = passed * (!right && below_left);
    d = passed * (right && below_right);
''', 'pool_back')

AT_ONCE = 2 ** 19  # values in the windows of some images, on a CPU: what belongs to them stays in its cache


class PooledConvolution:
    """ReLU(max pooling of 2 x 2 pixels(convolution of 3 x 3 pixels, padded with 1)), for T glimpses at B images.

    An odd last row or column is not pooled.  All arrays have T * B rows, those of a glimpse together.

    Args:
        W, b: float32 arrays (F, C, 3, 3) and (F,).
        steps, count: T and B.
        side: side of the inputs in pixels.

    Attributes:
        inputs: float32 array (T * B, side, side, C), to be filled.
    """

    def __init__(self, W, b, steps, count, side):
        xp, half, (filters, channels) = cuda.get_array_module(W), side // 2, W.shape[:2]
        self.xp, self.b, self.side = xp, b, side
        self.W = xp.ascontiguousarray(W.transpose(2, 3, 1, 0)).reshape(-1, filters)
        # A gradient goes back through the filters turned round, from each filter to each channel.
        self.W_back = xp.ascontiguousarray(W[:, :, ::-1, ::-1].transpose(2, 3, 0, 1)).reshape(-1, channels)
        self.padded = xp.zeros((steps * count, side + 2, side + 2, channels), np.float32)
        self.inputs = self.padded[:, 1:-1, 1:-1]
        # Which pixel of each square was the largest: in each of its two columns the lower one, and the right column's.
        self.below = xp.empty((steps * count, half, 2 * half, filters), bool)
        self.right = xp.empty((steps * count, half, half, filters), bool)
        self.piece = self.images_at_once(count, channels)
        self.windows = xp.empty((self.piece * side * side, 9 * channels), np.float32)
        self.sums = xp.empty((self.piece, side, side, filters), np.float32)

    def images_at_once(self, count, channels):
        """How many of ``count`` images are worked on together, if their windows have so many channels."""
        return count if self.xp is not np else min(count, max(1, AT_ONCE // (9 * channels * self.side ** 2)))

    def step(self, part, out):
        """Writes the results of some rows into ``out``, a float32 array (B, side // 2, side // 2, F)."""
        for rows in pieces(part, self.piece):
            windows = spread(self.padded[rows], self.windows)
            sums = self.sums[:rows.stop - rows.start]
            product(windows, self.W, sums.reshape(len(windows), -1))
            self.pool(rows, sums, out[rows.start - part.start:rows.stop - part.start])

    def pool(self, rows, sums, out):
        """From the convolution's result to the pooled and rectified one."""
        below, right = self.below[rows], self.right[rows]
        if self.xp is not np:
            cuda.elementwise(*POOL, preamble=EXTREMES)(
                *squares(sums), self.b, below[:, :, ::2], below[:, :, 1::2], right, out)
            return
        upper, lower = pairs_of_rows(sums)
        np.greater(lower, upper, out=below)
        np.maximum(lower, upper, out=upper)
        np.greater(upper[:, :, 1::2], upper[:, :, ::2], out=right)
        np.maximum(upper[:, :, 1::2], upper[:, :, ::2], out=out)
        out += self.b
        np.maximum(out, np.zeros_like(self.b), out=out)

    def backward(self, gradient, outputs, to_inputs=True):
        """Goes back through all glimpses.

        Args:
            gradient, outputs: float32 arrays (T * B, side // 2, side // 2, F), the results' gradient and the results.
            to_inputs: whether the inputs' gradient is wanted.

        Returns:
            The inputs' gradient, float32 array (T * B, side, side, C), or None; and the gradients of W and b.
        """
        xp, (total, _, _, channels), side, filters = self.xp, self.padded.shape, self.side, len(self.b)
        size, edge = self.images_at_once(total, max(channels, filters)), int(to_inputs)
        inputs = xp.empty((total, side, side, channels), np.float32) if to_inputs else None
        padded = xp.zeros((size, side + 2 * edge, side + 2 * edge, filters), np.float32)
        windows, back = (xp.empty((size * side * side, 9 * values), np.float32) for values in (channels, filters))
        W, b = xp.zeros_like(self.W), xp.zeros_like(self.b)
        for rows in pieces(slice(0, total), size):
            around = padded[:rows.stop - rows.start]
            sums = around[:, edge:edge + side, edge:edge + side]
            self.unpool(rows, gradient[rows], outputs[rows], sums)
            flat = sums.reshape(-1, filters)
            W += product(spread(self.padded[rows], windows).T, flat)
            b += product(xp.ones(len(flat), np.float32), flat)
            if to_inputs:
                product(spread(around, back), self.W_back, inputs[rows].reshape(-1, channels))
        return inputs, W.reshape(3, 3, channels, filters).transpose(3, 2, 0, 1), b

    def unpool(self, rows, gradient, outputs, sums):
        """Writes the gradient of the convolution's result into ``sums``; what was not pooled stays as it is there."""
        below, right = self.below[rows], self.right[rows]
        if self.xp is not np:
            cuda.elementwise(*POOL_BACK)(gradient, outputs, below[:, :, ::2], below[:, :, 1::2], right, *squares(sums))
            return
        passed, columns = gradient * (outputs > 0), np.empty(below.shape, np.float32)
        np.multiply(passed, right, out=columns[:, :, 1::2])
        np.subtract(passed, columns[:, :, 1::2], out=columns[:, :, ::2])
        upper, lower = pairs_of_rows(sums)
        np.multiply(columns, below, out=lower)
        np.subtract(columns, lower, out=upper)


def pieces(part, size):
    """A slice as slices of at most so many rows."""
    return [slice(start, min(start + size, part.stop)) for start in range(part.start, part.stop, size)]


def spread(padded, out):
    """The windows of 3 x 3 pixels of (N, side + 2, side + 2, C), in the first N * side * side rows of ``out``."""
    xp, (count, wide, _, channels) = cuda.get_array_module(padded), padded.shape
    shape, (image, row, pixel, _) = (count, wide - 2, wide - 2, 3, 3 * channels), padded.strides
    out = out[:count * (wide - 2) ** 2]
    out.reshape(shape)[...] = xp.lib.stride_tricks.as_strided(
        padded, shape, (image, row, pixel, row, padded.itemsize))
    return out


def pairs_of_rows(pixels):
    """The upper and the lower row of all squares in (N, side, side, F); an odd last row or column is left out."""
    even = pixels.shape[1] // 2 * 2
    return pixels[:, :even:2, :even], pixels[:, 1:even:2, :even]


def squares(pixels):
    """The four pixels a b / c d of all squares: four views (N, side // 2, side // 2, F)."""
    upper, lower = pairs_of_rows(pixels)
    return upper[:, :, ::2], upper[:, :, 1::2], lower[:, :, ::2], lower[:, :, 1::2]


class PooledConvolutionsFunction(chainer.FunctionNode):
    """See :func:`pooled_convolutions`.  Its gradient cannot be differentiated again."""

    def __init__(self, images):
        self.images = images

    def forward(self, parameters):
        xp, (count, _, side, _) = cuda.get_array_module(self.images), self.images.shape
        weights, biases = parameters[::2], parameters[1::2]
        self.layers = [PooledConvolution(W, b, 1, count, side // 2 ** i)
                       for i, (W, b) in enumerate(zip(weights, biases))]
        side //= 2 ** len(self.layers)
        self.results = [layer.inputs for layer in self.layers[1:]]  # the next layer's inputs
        self.results.append(xp.empty((count, side, side, len(biases[-1])), np.float32))
        self.layers[0].inputs[...] = self.images.transpose(0, 2, 3, 1)
        for layer, outputs in zip(self.layers, self.results):
            layer.step(slice(0, count), outputs)
        return self.results[-1].transpose(0, 3, 1, 2),

    def backward(self, indexes, grad_outputs):
        gradient, found = grad_outputs[0].array.transpose(0, 2, 3, 1), []
        for layer, outputs in zip(self.layers[::-1], self.results[::-1]):
            gradient, W, b = layer.backward(gradient, outputs, to_inputs=layer is not self.layers[0])
            found = [W, b, *found]
        return tuple(map(chainer.as_variable, found))


def pooled_convolutions(images, parameters):
    """Layers of 3 x 3 filters, padded with 1, each pooled over 2 x 2 pixels and rectified.

    Args:
        images: float32 array (B, C, side, side); no gradient flows into it.
        parameters: W and b of each layer, Variables or Parameters float32 (F, C, 3, 3) and (F,).

    Returns:
        Variable float32 (B, F, side // 2^n, side // 2^n) after n layers.

    Raises:
        ValueError: the images are not squares, or have another number of channels than the first layer.
    """
    (_, channels, _, _), side = parameters[0].shape, images.shape[2]
    if images.shape[1:] != (channels, side, side):
        raise ValueError(f'images must be squares with {channels} channels, not of shape {images.shape[1:]}')
    return PooledConvolutionsFunction(images).apply(parameters)[0]
