"""The paper's glimpse network over T glimpses, on arrays; ``ram.fast.unroll`` explains why.

A fast glimpse network belongs to one rollout.  For t = 0 ... T-1, fill ``rho[t]`` and ``locations[t]`` and call
``step(t, out)``; then call ``backward`` once.
"""
import numpy as np
from chainer.backends import cuda

from ram.fast.elementwise import back_through_relu, linear_relu
from ram.fast.product import product
from ram.fast.unroll import FastGlimpse


class FastLinearGlimpse(FastGlimpse):
    """h_g = ReLU(what(rho)), h_l = ReLU(where(l)), g = ReLU(from_what(h_g) + from_where(h_l)); see ``GlimpseNetwork``.

    Args:
        parameters: the arrays W and b of what, where, from_what and from_where.
        steps: number of glimpses T.
        count: number of images B.
    """

    def __init__(self, parameters, steps, count):
        (self.what_W, self.what_b, self.where_W, self.where_b, from_what_W, from_what_b, from_where_W,
         from_where_b) = parameters
        xp = cuda.get_array_module(self.what_W)
        super().__init__(self.what_W.shape[1], steps, count, xp)
        self.unit = len(self.what_b)
        self.W, self.b = xp.concatenate([from_what_W, from_where_W], axis=1), from_what_b + from_where_b
        self.both = xp.empty((steps, count, 2 * self.unit), np.float32)  # h_g and h_l, side by side

    def step(self, t, out):
        """Writes g_{t+1} into ``out``, float32 array (B, hidden)."""
        linear_relu(self.xp, self.rho[t], self.what_W, self.what_b, self.both[t, :, :self.unit])
        linear_relu(self.xp, self.locations[t], self.where_W, self.where_b, self.both[t, :, self.unit:])
        linear_relu(self.xp, self.both[t], self.W, self.b, out)

    def backward(self, gradient, outputs):
        """The parameters' gradients, in their order.

        Args:
            gradient: float32 array (T * B, hidden), the gradient of the outputs; it is overwritten.
            outputs: float32 array (T, B, hidden), g_1 ... g_T.
        """
        return self.back_to_what(gradient, outputs)[1]

    def back_to_what(self, gradient, outputs):
        """As :meth:`backward`, and before it the gradient at what(rho), float32 array (T * B, unit)."""
        both, ones, unit = self.flat(self.both), self.ones(), self.unit
        back_through_relu(self.xp, gradient, self.flat(outputs))
        features = product(gradient, self.W)
        back_through_relu(self.xp, features, both)
        W, b, features_b = product(gradient.T, both), product(ones, gradient), product(ones, features)
        what, where = features[:, :unit], features[:, unit:]
        return what, (product(what.T, self.flat(self.rho)), features_b[:unit],
                      product(where.T, self.flat(self.locations)), features_b[unit:], W[:, :unit], b, W[:, unit:], b)
