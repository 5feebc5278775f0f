"""The paper's controls, which see the whole image at once: two fully connected networks and a convolutional one."""
import chainer
import chainer.functions as F
import chainer.links as L

from ram.networks.recurrent_attention import Episode, normalised

KINDS = ('fc64', 'fc256', 'conv')


class ControlNetwork(chainer.Chain):
    """Layers on the whole image; has the methods of ``RecurrentAttentionModel``, with a single step.

    'fc64' and 'fc256': two hidden layers of 64 or 256 ReLU units.  'conv': 8 filters of 10 x 10 pixels with stride 5,
    then 256 units, all with ReLU.  (Mnih et al., section 4.1 and tables 1 and 2.)

    Args:
        config: the Config; its model, size, channels, classes and normalise are used.
    """

    def __init__(self, config):
        super().__init__()
        self.config = config
        with self.init_scope():
            if config.model == 'conv':
                self.first, units = L.Convolution2D(config.channels, 8, 10, stride=5), 256
                inputs = 8 * ((config.size - 10) // 5 + 1) ** 2
            else:
                units, pixels = int(config.model.removeprefix('fc')), config.channels * config.size ** 2
                self.first, inputs = L.Linear(pixels, units), units
            self.second = L.Linear(inputs, units)
            self.logits = L.Linear(units, len(config.classes))

    def rollout(self, images, rng=None, policy='learned', explore=False):
        """Classifies float32 images (B, C, H, W).

        Returns:
            Episode of one state, without locations.  The other arguments are ignored; RAM has them.
        """
        images = normalised(images) if self.config.normalise else images
        h = F.relu(self.second(F.relu(self.first(images))))
        return Episode(None, h.array[None], self.logits(h))

    def classify(self, states):
        """See ``RecurrentAttentionModel.classify``; here T is 1."""
        return self.logits(states[0])[None]
