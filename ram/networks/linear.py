"""A fully connected layer."""
import chainer.links as L

from ram.fast.product import linear


class Linear(L.Linear):
    """Chainer's Linear for rows of numbers, whose products can be captured, see ``ram.fast.product``."""

    def forward(self, x):
        """Args: x float32 (B, inputs).  Returns: x W^T + b, float32 (B, outputs)."""
        return linear(x, self.W, self.b)
