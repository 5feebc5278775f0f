"""The linear glimpse network over T glimpses, on arrays: forward glimpse by glimpse, backward with fat products.  For
why, see ``ram.fast.unroll``.

A fused glimpse network is made for one rollout and then used so: ``rho[t]`` and ``locations[t]`` are filled and
``step(t, out)`` called, for t = 0 ... T-1; ``backward`` once.
"""
import numpy as np
from chainer.backends import cuda

from ram.fast.cores import back_through_relu, linear_relu


class FusedLinearGlimpse:
    """g_t = ReLU(from_what(ReLU(what(rho_t))) + from_where(ReLU(where(l_t)))); see ``GlimpseNetwork``.

    Args:
        parameters: W and b of what, where, from_what and from_where, eight float32 arrays.
        steps: number of glimpses T.
        count: number of images B.

    Attributes:
        rho: float32 array (T, B, retina), to be filled.
        locations: float32 array (T, B, 2), l_1 ... l_T, to be filled.
    """

    def __init__(self, parameters, steps, count):
        (self.what_W, self.what_b, self.where_W, self.where_b,
         from_what_W, from_what_b, from_where_W, from_where_b) = parameters
        xp = self.xp = cuda.get_array_module(self.what_W)
        self.unit = len(self.what_b)
        # Their inputs stand side by side in memory, so that one product serves both.
        self.W, self.b = xp.concatenate([from_what_W, from_where_W], axis=1), from_what_b + from_where_b
        self.rho = xp.empty((steps, count, self.what_W.shape[1]), np.float32)
        self.locations = xp.empty((steps, count, 2), np.float32)
        self.both = xp.empty((steps, count, 2 * self.unit), np.float32)  # h_g beside h_l

    def step(self, t, out):
        """Writes g_{t+1} into ``out``, a float32 array (B, hidden)."""
        linear_relu(self.xp, self.rho[t], self.what_W, self.what_b, self.both[t, :, :self.unit])
        linear_relu(self.xp, self.locations[t], self.where_W, self.where_b, self.both[t, :, self.unit:])
        linear_relu(self.xp, self.both[t], self.W, self.b, out)

    def backward(self, gradient, outputs):
        """Goes back through all steps.

        Args:
            gradient: float32 array (T * B, hidden), the gradient of g_1 ... g_T, one under the other; it is changed.
            outputs: float32 array (T, B, hidden), g_1 ... g_T.

        Returns:
            Tuple of the parameters' gradients, in their order.
        """
        return self.back_to_what(gradient, outputs)[1]

    def back_to_what(self, gradient, outputs):
        """As :meth:`backward`, and before it the gradient of what(rho), float32 (T * B, unit)."""
        xp, rows, unit = self.xp, len(gradient), self.unit
        back_through_relu(xp, gradient, outputs.reshape(rows, -1))
        both = self.both.reshape(rows, -1)
        features = gradient @ self.W
        back_through_relu(xp, features, both)

        ones = xp.ones(rows, np.float32)  # a sum over the rows, as a product, takes half the time
        W, b, features_b = gradient.T @ both, ones @ gradient, ones @ features
        what, where = features[:, :unit], features[:, unit:]
        return what, (what.T @ self.rho.reshape(rows, -1), features_b[:unit],
                      where.T @ self.locations.reshape(rows, 2), features_b[unit:],
                      W[:, :unit], b, W[:, unit:], b.copy())
