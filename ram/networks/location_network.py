"""The location network: where to look next (paper, sections 3.1 and 4)."""
import chainer
import chainer.functions as F
import numpy as np
from chainer.backends import cuda

from ram.fast.elementwise import EXTREMES
from ram.fast.product import product
from ram.networks.linear import Linear


class LocationNetwork(chainer.Chain):
    """The mean of the policy pi(l_{t+1} | h_t) = Normal(tanh(Linear(h_t)), sigma^2 I).

    Args:
        hidden: size of h.
    """

    def __init__(self, hidden=256):
        super().__init__()
        with self.init_scope():
            self.mean = Linear(hidden, 2)

    def forward(self, h):
        """Args: h float32 (B, hidden).  Returns: the mean location, float32 (B, 2) in [-1, 1], columns (x, y)."""
        return F.tanh(self.mean(h))

    def glance(self, h, sample, location):
        """Samples the next location, on arrays and without a graph, for the loop over the glimpses.

        Args:
            h: float32 array (B, hidden).
            sample: float32 array (B, 2), the policy's noise; the mean is added to it in place.
            location: float32 array (B, 2), receives the sample, clipped to [-1, 1].
        """
        moved, b = product(h, self.mean.W.array.T), self.mean.b.array
        if self.xp is np:
            sample += np.tanh(moved + b)
            np.clip(sample, -1, 1, out=location)
        else:
            cuda.elementwise('T product, T b', 'T sample, T location', '''
                sample += tanh(product + b);
                location = minimum(maximum(sample, (T) -1), (T) 1);
            ''', 'glance', preamble=EXTREMES)(moved, b, sample, location)
