"""The archived repository's glimpse network over T glimpses, on arrays; used as ``ram.fast.linear_glimpse``."""
import numpy as np
from chainer.backends import cuda

from ram.fast.elementwise import back_through_relu, linear_relu
from ram.fast.product import product
from ram.fast.unroll import FastGlimpse


class FastArchivedGlimpse(FastGlimpse):
    """ReLU(lh2(ReLU(lh1([ReLU(ll1(l)), ReLU(lrho1(rho))])))); see ``ArchivedModel``.

    Args:
        parameters: the arrays W and b of ll1, lrho1, lh1 and lh2.
        steps: number of glimpses T.
        count: number of images B.
    """

    def __init__(self, parameters, steps, count):
        (self.where_W, self.where_b, self.what_W, self.what_b, self.first_W, self.first_b, self.second_W,
         self.second_b) = parameters
        xp = cuda.get_array_module(self.where_W)
        super().__init__(self.what_W.shape[1], steps, count, xp)
        self.unit = len(self.where_b)
        self.both = xp.empty((steps, count, 2 * self.unit), np.float32)
        self.first = xp.empty((steps, count, len(self.first_b)), np.float32)

    def step(self, t, out):
        """See ``FastLinearGlimpse.step``."""
        linear_relu(self.xp, self.locations[t], self.where_W, self.where_b, self.both[t, :, :self.unit])
        linear_relu(self.xp, self.rho[t], self.what_W, self.what_b, self.both[t, :, self.unit:])
        linear_relu(self.xp, self.both[t], self.first_W, self.first_b, self.first[t])
        linear_relu(self.xp, self.first[t], self.second_W, self.second_b, out)

    def backward(self, gradient, outputs):
        """See ``FastLinearGlimpse.backward``."""
        both, hidden, ones, unit = self.flat(self.both), self.flat(self.first), self.ones(), self.unit
        back_through_relu(self.xp, gradient, self.flat(outputs))
        first = product(gradient, self.second_W)
        back_through_relu(self.xp, first, hidden)
        features = product(first, self.first_W)
        back_through_relu(self.xp, features, both)
        features_b = product(ones, features)
        return (product(features[:, :unit].T, self.flat(self.locations)), features_b[:unit],
                product(features[:, unit:].T, self.flat(self.rho)), features_b[unit:],
                product(first.T, both), product(ones, first), product(gradient.T, hidden), product(ones, gradient))
