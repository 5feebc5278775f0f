"""The convolutional glimpse network over T glimpses, on arrays: each convolution is one large product.

It is used as ``ram.fast.linear_glimpse`` says.  Channels come last in memory, so that a window of 3 x 3 pixels is three
runs of it; the windows of all pixels, copied one under the other, are what the filters are multiplied with.  Pooling
comes before the bias and the rectifier, which gives the same with a quarter of the work.
"""
import numpy as np
from chainer.backends import cuda

from ram.fast.linear_glimpse import FastLinearGlimpse
from ram.fast.unroll import FastGlimpse

# Of the four pixels a b / c d of each square that is pooled, on a GPU.
POOL = ('T a, T b, T c, T d, T bias', 'bool below_left, bool below_right, bool right, T out', '''
    below_left = c > a;
    below_right = d > b;
    T most_left = max(a, c), most_right = max(b, d);
    right = most_right > most_left;
    out = max(max(most_left, most_right) + bias, (T) 0);
''', 'pool')
POOL_BACK = ('T gradient, T out, bool below_left, bool below_right, bool right', 'T a, T b, T c, T d', '''
    T passed = out > 0 ? gradient : (T) 0;
    a = !right && !below_left ? passed : (T) 0;
    b = right && !below_right ? passed : (T) 0;
    c = !right && below_left ? passed : (T) 0;
    d = right && below_right ? passed : (T) 0;
''', 'pool_back')


class FastConvGlimpse(FastGlimpse):
    """See ``ConvGlimpseNetwork``.

    Args:
        parameters: W and b of the two convolutions and of the four Linears, twelve float32 arrays.
        steps: number of glimpses T.
        count: number of images B.
        patch: side of a glimpse in pixels.
    """

    def __init__(self, parameters, steps, count, patch):
        first_W, first_b, second_W, second_b = parameters[:4]
        super().__init__(first_W.shape[1] * patch ** 2, steps, count, cuda.get_array_module(first_W))
        self.linear = FastLinearGlimpse(parameters[4:], steps, count)  # its rho are the features
        self.locations = self.linear.locations
        self.first = PooledConvolution(first_W, first_b, steps, count, patch)
        self.second = PooledConvolution(second_W, second_b, steps, count, patch // 2)
        self.shape = count, first_W.shape[1], patch, patch
        self.features = self.linear.rho.reshape(steps * count, patch // 4, patch // 4, -1)

    def step(self, t, out):
        """Writes g_{t+1} into ``out``, float32 array (B, hidden)."""
        part = self.first.part(t)
        self.first.inputs[part] = self.rho[t].reshape(self.shape).transpose(0, 2, 3, 1)
        self.first.step(part, self.second.inputs[part])
        self.second.step(part, self.features[part])
        self.linear.step(t, out)

    def backward(self, gradient, outputs):
        """As ``FastLinearGlimpse.backward``."""
        what, linear = self.linear.back_to_what(gradient, outputs)
        inputs, *second = self.second.backward((what @ self.linear.what_W).reshape(self.features.shape), self.features)
        _, *first = self.first.backward(inputs, self.second.inputs, to_inputs=False)
        return *first, *second, *linear


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
        self.xp, self.b, self.steps, self.count, self.side = xp, b, steps, count, side
        self.W = xp.ascontiguousarray(W.transpose(2, 3, 1, 0)).reshape(-1, filters)
        # A gradient goes back through the filters turned round, from each filter to each channel.
        self.W_back = xp.ascontiguousarray(W[:, :, ::-1, ::-1].transpose(2, 3, 0, 1)).reshape(-1, channels)
        self.padded = xp.zeros((steps * count, side + 2, side + 2, channels), np.float32)
        self.inputs = self.padded[:, 1:-1, 1:-1]
        self.windows = xp.empty((count * side * side, 9 * channels), np.float32)
        self.sums = xp.empty((count, side, side, filters), np.float32)
        # Which pixel of each square was the largest: in each of its two columns the lower one, and the right column's.
        self.below = xp.empty((steps * count, half, 2 * half, filters), bool)
        self.right = xp.empty((steps * count, half, half, filters), bool)

    def part(self, t, steps=1):
        """The rows of some glimpses."""
        return slice(t * self.count, (t + steps) * self.count)

    def step(self, part, out):
        """Writes the result for one glimpse's rows into ``out``, a float32 array (B, side // 2, side // 2, F)."""
        windows = spread(self.padded[part], self.windows)
        self.xp.matmul(windows, self.W, out=self.sums.reshape(len(windows), -1))
        below, right = self.below[part], self.right[part]
        if self.xp is not np:
            cuda.elementwise(*POOL)(*squares(self.sums), self.b, below[:, :, ::2], below[:, :, 1::2], right, out)
            return
        upper, lower = pairs_of_rows(self.sums)
        np.greater(lower, upper, out=below)
        np.maximum(lower, upper, out=upper)
        np.greater(upper[:, :, 1::2], upper[:, :, ::2], out=right)
        np.maximum(upper[:, :, 1::2], upper[:, :, ::2], out=out)
        out += self.b
        np.maximum(out, np.zeros_like(self.b), out=out)

    def backward(self, gradient, outputs, to_inputs=True):
        """Goes back through all glimpses: on a CPU one after the other, because what belongs to one fits in its cache.

        Args:
            gradient, outputs: float32 arrays (T * B, side // 2, side // 2, F), the results' gradient and the results.
            to_inputs: whether the inputs' gradient is wanted.

        Returns:
            The inputs' gradient, float32 array (T * B, side, side, C), or None; and the gradients of W and b.
        """
        xp, (total, _, _, channels), side, filters = self.xp, self.padded.shape, self.side, len(self.b)
        steps = 1 if xp is np else self.steps  # in a part
        rows, edge = steps * self.count, int(to_inputs)
        inputs = xp.empty((total, side, side, channels), np.float32) if to_inputs else None
        padded = xp.zeros((rows, side + 2 * edge, side + 2 * edge, filters), np.float32)
        sums = padded[:, edge:edge + side, edge:edge + side]
        windows, back = (xp.empty((rows * side * side, 9 * wide), np.float32) for wide in (channels, filters))
        ones, W, b = xp.ones(len(windows), np.float32), xp.zeros_like(self.W), xp.zeros_like(self.b)
        for t in range(0, self.steps, steps):
            part = self.part(t, steps)
            self.unpool(part, gradient[part], outputs[part], sums)
            flat = sums.reshape(-1, filters)
            W += spread(self.padded[part], windows).T @ flat
            b += ones @ flat
            if to_inputs:
                xp.matmul(spread(padded, back), self.W_back, out=inputs[part].reshape(-1, channels))
        return inputs, W.reshape(3, 3, channels, filters).transpose(3, 2, 0, 1), b

    def unpool(self, part, gradient, outputs, sums):
        """Writes the gradient of the convolution's result into ``sums``; what was not pooled stays as it is there."""
        below, right = self.below[part], self.right[part]
        if self.xp is not np:
            cuda.elementwise(*POOL_BACK)(gradient, outputs, below[:, :, ::2], below[:, :, 1::2], right, *squares(sums))
            return
        passed, columns = gradient * (outputs > 0), np.empty(below.shape, np.float32)
        np.multiply(passed, right, out=columns[:, :, 1::2])
        np.subtract(passed, columns[:, :, 1::2], out=columns[:, :, ::2])
        upper, lower = pairs_of_rows(sums)
        np.multiply(columns, below, out=lower)
        np.subtract(columns, lower, out=upper)


def spread(padded, out):
    """Writes the windows of 3 x 3 pixels of (N, side + 2, side + 2, C) into ``out``, (N * side * side, 9 * C)."""
    xp, (count, wide, _, channels) = cuda.get_array_module(padded), padded.shape
    shape, (image, row, pixel, _) = (count, wide - 2, wide - 2, 3, 3 * channels), padded.strides
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
