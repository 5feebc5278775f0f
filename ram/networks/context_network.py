"""The context network: a coarse look at the whole picture, which chooses where the first glimpse goes."""
import chainer
import chainer.functions as F
import numpy as np
from chainer.backends import cuda

from ram.fast.product import product
from ram.networks.linear import Linear


class ContextNetwork(chainer.Chain):
    """c = ReLU(Linear(ReLU(Linear(coarse)))), where coarse is the picture reduced to the size of one patch.

    The policy chooses l_1 from c as it chooses l_{t+1} from h_t.  The core never gets c: its h_0 stays 0, so that the
    answer comes from the glimpses.

    Args:
        channels: channels of a picture.
        patch: side of the reduced picture in pixels.
        unit: size of the hidden layer.
        hidden: size of c, that of h.

    Source:
        Ba, Mnih and Kavukcuoglu, "Multiple Object Recognition with Visual Attention", ICLR 2015, section 3, who have
        three convolutions here.
    """

    def __init__(self, channels, patch, unit=128, hidden=256):
        super().__init__()
        self.patch = patch
        with self.init_scope():
            self.first = Linear(channels * patch ** 2, unit)
            self.second = Linear(unit, hidden)

    @classmethod
    def from_config(cls, config):
        """The network of a Config's sizes."""
        return cls(config.channels, config.patch, config.unit, config.hidden)

    @staticmethod
    def largest_layer(config):
        """Weights of its largest layer, for a Config."""
        return config.unit * max(config.channels * config.patch ** 2, config.hidden)

    def forward(self, images):
        """Args: images float32 (B, C, H, W).  Returns: c, float32 (B, hidden)."""
        return F.relu(self.second(F.relu(self.first(reduced(images, self.patch)))))


def reduced(images, side):
    """Pictures of any height and width as squares: each pixel is the mean over its share of the picture's area.

    Args:
        images: float32 array (B, C, H, W).
        side: side of the squares in pixels; it may be larger than H or W.

    Returns:
        float32 array (B, C, side, side).
    """
    xp, (height, width) = cuda.get_array_module(images), images.shape[2:]
    across = product(images, _shares(xp, width, side).T)
    return product(across.swapaxes(2, 3), _shares(xp, height, side).T).swapaxes(2, 3)


def _shares(xp, length, side):
    """The share of each of ``length`` pixels in each of ``side`` cells of the same line, float32 (side, length)."""
    cells, pixels = xp.arange(side)[:, None] * length / side, xp.arange(length)
    common = xp.minimum(cells + length / side, pixels + 1) - xp.maximum(cells, pixels)
    return (xp.maximum(common, 0) * (side / length)).astype(np.float32)
