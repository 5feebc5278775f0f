"""The action network: classifies the image (paper, sections 3.1 and 4)."""
import chainer
import numpy as np
from chainer.backends import cuda

from ram.networks.linear import Linear


class ActionNetwork(chainer.Chain):
    """Logits of the classes, Linear(h).  Their softmax is the policy of the action, which is a class.

    Args:
        hidden: size of h.
        classes: number of classes.
    """

    def __init__(self, hidden=256, classes=10):
        super().__init__()
        with self.init_scope():
            self.logits = Linear(hidden, classes)

    def forward(self, h):
        """Args: h float32 (B, hidden).  Returns: logits, float32 (B, classes)."""
        return self.logits(h)

    def choose(self, h, noise=0):
        """An action for each game, from arrays to arrays, without the cost of a graph: for the loop over the steps.

        Args:
            h: float32 array (B, hidden).
            noise: float32 array (B, classes) of :func:`gumbel_noise`, with which the action is drawn from the softmax;
                without it, the likeliest is chosen.

        Returns:
            int array (B,).
        """
        return (h @ self.logits.W.array.T + self.logits.b.array + noise).argmax(axis=1)


def gumbel_noise(rng, shape):
    """float32 array of that shape: the index of the largest of logits + noise is drawn from their softmax.

    (Gumbel, 1954.)  Uniform numbers are moved into the open interval, so that none is 0 or 1.
    """
    uniform = rng.random(shape, dtype=np.float32) * np.float32(1 - 2 ** -23) + np.float32(2 ** -25)
    xp = cuda.get_array_module(uniform)
    return -xp.log(-xp.log(uniform))
