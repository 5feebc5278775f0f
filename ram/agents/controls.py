"""Controls, which see the whole image at once.

They are the paper's two fully connected networks and its convolutional one, and a small convolutional network of today.
"""
from itertools import pairwise

import chainer
import chainer.functions as F
import chainer.links as L

from ram.agents.classifier import Classifier
from ram.agents.recurrent_attention import Episode
from ram.config.groups import Policy, Retina, names
from ram.fast.pooled_convolution import pooled_convolutions
from ram.networks.linear import Linear
from ram.networks.pixels import whole

MODERN_FILTERS = 32, 64, 128
EQUAL_FILTERS = *MODERN_FILTERS, 408


class ControlNetwork(Classifier):
    """Two layers of ReLU units and one of logits, on the whole image; its rollout has one step.

    Mnih et al., section 4.1 and tables 1 and 2.  Subclasses define the first two layers.

    Args:
        config: the Config; its size, channels, normalise and classes are used.
    """
    gaze = False
    unused = *names(Retina, Policy), 'glimpse_network', 'filters', 'unit', 'hidden', 'core'

    def __init__(self, config):
        super().__init__(config)
        with self.init_scope():
            self.first, self.second = self.layers(config)
            self.logits = Linear(len(self.second.b), len(self.outputs(config)))

    def _rollout(self, images, rng, policy, explore):
        """An Episode of one state, without locations."""
        h = F.relu(self.second(F.relu(self.first(whole(images, self.config.normalise)))))
        return Episode(None, h.array[None], self.answers(h))

    def answers(self, h):
        """The logits of an Episode, from the second hidden layer."""
        return self.logits(h)

    def classify(self, states):
        """See ``RecurrentAttentionModel.classify``; here T is 1."""
        return self.logits(states[0])[None]


class FullyConnectedControl(ControlNetwork):
    """Two hidden layers of 64 units ('fc64') or 256 units ('fc256')."""

    @staticmethod
    def layers(config):
        pixels, units = config.channels * config.size ** 2, _units(config)
        return Linear(pixels, units), Linear(units, units)

    @staticmethod
    def largest_layer(config):
        return config.channels * config.size ** 2 * _units(config)

    @staticmethod
    def row(config):
        return f'fc 2x{_units(config)}', None, ''


class ConvolutionalControl(ControlNetwork):
    """8 filters of 10 x 10 pixels with stride 5, then a layer of 256 units."""

    @staticmethod
    def layers(config):
        return L.Convolution2D(config.channels, 8, 10, stride=5), Linear(_outputs(config), 256)

    @staticmethod
    def largest_layer(config):
        return _outputs(config) * 256

    @staticmethod
    def row(config):
        return 'conv 2 layers', None, ''


class ConvolutionalLayers(chainer.ChainList):
    """Layers of 3 x 3 filters, padded with 1, each pooled over 2 x 2 pixels and rectified.

    Args:
        channels: those of the images, and then the filters of each layer.
    """

    def __init__(self, channels):
        super().__init__(*(L.Convolution2D(before, filters, 3, pad=1) for before, filters in pairwise(channels)))

    def forward(self, images):
        """Args: images float32 (B, C, side, side).  Returns: Variable float32 (B, F, side // 2^n, side // 2^n)."""
        return pooled_convolutions(images, [parameter for link in self for parameter in (link.W, link.b)])


class ModernControl(ControlNetwork):
    """Three layers of 3 x 3 filters (32, 64, 128), each pooled over 2 x 2 and rectified, then ``hidden`` units.

    Not in the paper: it shows what a plain convolutional network of as many parameters reaches on photographs.
    """
    unused = tuple(name for name in ControlNetwork.unused if name != 'hidden')

    @staticmethod
    def layers(config):
        channels = config.channels, *MODERN_FILTERS
        return ConvolutionalLayers(channels), Linear(_modern_outputs(config), config.hidden)

    @staticmethod
    def largest_layer(config):
        return _modern_outputs(config) * config.hidden

    @staticmethod
    def row(config):
        return 'conv 3 layers, pooled', None, ''


class EqualControl(ControlNetwork):
    """Four layers of 3 x 3 filters (32, 64, 128, 408), each pooled over 2 x 2 and rectified, their mean over the image,
    then ``hidden`` units.

    Not in the paper: with pictures of any size it has as many parameters as RAM with the preset for photographs.
    """
    unused = ModernControl.unused

    @staticmethod
    def layers(config):
        channels = config.channels, *EQUAL_FILTERS
        return AveragedLayers(channels), Linear(EQUAL_FILTERS[-1], config.hidden)

    @staticmethod
    def largest_layer(config):
        return 9 * EQUAL_FILTERS[-2] * EQUAL_FILTERS[-1]

    @staticmethod
    def row(config):
        return 'conv 4 layers, averaged', None, ''


class AveragedLayers(ConvolutionalLayers):
    """The same layers, averaged over the image: float32 (B, C, side, side) becomes Variable float32 (B, F)."""

    def forward(self, images):
        return F.mean(super().forward(images), axis=(2, 3))


def _modern_outputs(config):
    return MODERN_FILTERS[-1] * (config.size // 2 ** len(MODERN_FILTERS)) ** 2


def _units(config):
    return int(config.model.removeprefix('fc'))


def _outputs(config):
    return 8 * ((config.size - 10) // 5 + 1) ** 2
