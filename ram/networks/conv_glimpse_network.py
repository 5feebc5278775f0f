"""The convolutional glimpse network: what was seen, by small filters, and where, as one vector."""
import functools

import chainer
import chainer.functions as F
import chainer.links as L

from ram.fast.conv_glimpse import FastConvGlimpse


class ConvGlimpseNetwork(chainer.Chain):
    """Two convolutions between the patches and the Linears of ``GlimpseNetwork``.

    Each has 3 x 3 pixels, padded with 1, and is followed by max pooling of 2 x 2 pixels and a rectifier; the scales are
    channels of the first.  h_g = ReLU(Linear(features)), h_l = ReLU(Linear(l)), g = ReLU(Linear(h_g) + Linear(h_l)).

    Args:
        channels: those of a glimpse, K * C.
        patch: side of a glimpse in pixels, at least 4.
        filters: number of filters of each convolution.
        unit: size of h_g and of h_l.
        hidden: size of g.

    Source:
        Ba, Mnih and Kavukcuoglu, "Multiple Object Recognition with Visual Attention", ICLR 2015, section 3, who have
        three convolutions, and the elementwise product where the NIPS paper has the sum.
    """

    def __init__(self, channels, patch, filters=32, unit=128, hidden=256):
        super().__init__()
        self.patch = patch
        with self.init_scope():
            self.first = L.Convolution2D(channels, filters, 3, pad=1)
            self.second = L.Convolution2D(filters, filters, 3, pad=1)
            self.what = L.Linear((patch // 4) ** 2 * filters, unit)
            self.where = L.Linear(2, unit)
            self.from_what = L.Linear(unit, hidden)
            self.from_where = L.Linear(unit, hidden)

    @classmethod
    def from_config(cls, config):
        """The network of a Config's sizes."""
        return cls(config.scales * config.channels, config.patch, config.filters, config.unit, config.hidden)

    @staticmethod
    def check(config):
        """ValueError if the network does not go with the rest of the Config."""
        if config.patch < 4:
            raise ValueError(f'the glimpse network conv halves the patch twice: patch must be at least 4, not '
                             f'{config.patch}')

    @staticmethod
    def largest_layer(config):
        """Weights of its largest layer, for a Config."""
        inputs = 9 * max(config.scales * config.channels, config.filters)
        return max(config.filters * inputs, (config.patch // 4) ** 2 * config.filters * config.unit,
                   config.unit * config.hidden)

    def forward(self, rho, l):  # noqa: E741  (the paper's l)
        """Args: rho float32 (B, K * C, patch, patch), l float32 (B, 2).  Returns: g_t, float32 (B, hidden)."""
        features = rho
        for convolution in (self.first, self.second):
            features = F.relu(pooled(convolution(features)))
        h_g = F.relu(self.what(features.transpose(0, 2, 3, 1)))  # channels last, as the fast form has them
        h_l = F.relu(self.where(l))
        return F.relu(self.from_what(h_g) + self.from_where(h_l))

    def fast(self):
        """What computes the same for a whole rollout, and the parameters that it takes."""
        links = self.first, self.second, self.what, self.where, self.from_what, self.from_where
        return (functools.partial(FastConvGlimpse, patch=self.patch),
                [parameter for link in links for parameter in (link.W, link.b)])


def pooled(maps):
    """The largest of each 2 x 2 pixels of (B, F, side, side), or NaN if one of them is; an odd last row is left out.

    Chainer's maximum on a GPU ignores a NaN.  A mean does not, and 0 times it changes nothing else.
    """
    return F.max_pooling_2d(maps, 2, cover_all=False) + 0 * F.average_pooling_2d(maps, 2)
