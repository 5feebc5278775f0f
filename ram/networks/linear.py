"""A fully connected layer."""
import chainer.links as L

from ram.fast.product import linear


class Linear(L.Linear):
    """Chainer's Linear, with products that can be captured, see ``ram.fast.product``."""

    def forward(self, x):
        """Args: x float32 (B, ...), ``inputs`` numbers each.  Returns: float32 (B, outputs)."""
        return linear(x if x.ndim == 2 else x.reshape(len(x), -1), self.W, self.b)
