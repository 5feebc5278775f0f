"""The location network: where to look next (paper, sections 3.1 and 4)."""
import chainer
import chainer.functions as F
import chainer.links as L


class LocationNetwork(chainer.Chain):
    """The mean of the policy pi(l_{t+1} | h_t) = Normal(tanh(Linear(h_t)), sigma^2 I).

    Args:
        hidden: size of h.
    """

    def __init__(self, hidden=256):
        super().__init__()
        with self.init_scope():
            self.mean = L.Linear(hidden, 2)

    def forward(self, h):
        """Args: h float32 (B, hidden).  Returns: the mean location, float32 (B, 2) in [-1, 1], columns (x, y)."""
        return F.tanh(self.mean(h))

    def glance(self, h):
        """As ``forward``, from array to array, without the cost of a graph: for the loop over the glimpses."""
        return self.xp.tanh(h @ self.mean.W.array.T + self.mean.b.array)
