"""The convolutional glimpse network over T glimpses, on arrays; it is used as ``ram.fast.linear_glimpse`` says."""
from chainer.backends import cuda

from ram.fast.linear_glimpse import FastLinearGlimpse
from ram.fast.pooled_convolution import PooledConvolution
from ram.fast.product import product
from ram.fast.unroll import FastGlimpse


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
        part = slice(t * len(out), (t + 1) * len(out))  # of the rows of all glimpses
        self.first.inputs[part] = self.rho[t].reshape(self.shape).transpose(0, 2, 3, 1)
        self.first.step(part, self.second.inputs[part])
        self.second.step(part, self.features[part])
        self.linear.step(t, out)

    def backward(self, gradient, outputs):
        """As ``FastLinearGlimpse.backward``."""
        what, linear = self.linear.back_to_what(gradient, outputs)
        features = product(what, self.linear.what_W).reshape(self.features.shape)
        inputs, *second = self.second.backward(features, self.features)
        _, *first = self.first.backward(inputs, self.second.inputs, to_inputs=False)
        return *first, *second, *linear
