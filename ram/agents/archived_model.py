"""The model of the archived repository alokwhitewolf/Visual-Attention-Model, quirk for quirk.

It reproduces that repository's results and reads its weight files.  Every comment that begins with "Quirk" names a
difference from the paper; docs/archived-repository.md describes the effect of each.  Parameters have the archived
names, so files saved by that repository load unchanged.
"""
import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
from chainer.backends import cuda

from ram.agents.classifier import Classifier
from ram.agents.recurrent_attention import Episode, RecurrentAttentionModel
from ram.fast.archived_glimpse import FastArchivedGlimpse
from ram.fast.cores import FastLSTMCore
from ram.fast.unroll import unroll
from ram.networks.glimpse_sensor import prepare
from ram.networks.linear import Linear


class ArchivedModel(Classifier):
    """Glimpse network with a concatenation, and an LSTM core; has the methods of ``RecurrentAttentionModel``.

    Args:
        config: the Config that gives all sizes.
    """
    loss = 'archived'
    # Quirk: the test set's iterator overwrites the training iterator, so it trains on the 10,000 MNIST test digits.
    training_split, unseen_split = 'test', 'train+validation'
    unused = 'filters', 'core', 'reward', 'reinforce', 'into_core'

    def __init__(self, config):
        super().__init__(config)
        unit, hidden = config.unit, config.hidden
        with self.init_scope():
            self.ll1 = L.Linear(2, unit)
            self.lrho1 = L.Linear(config.scales * config.patch ** 2, unit)
            self.lh1 = L.Linear(2 * unit, hidden)
            self.lh2 = L.Linear(hidden, hidden)
            self.lstm = L.StatelessLSTM(hidden, hidden)
            self.ly = Linear(hidden, 10)
            self.ll = Linear(hidden, 2)
            self.lb = Linear(hidden, 1)

    @staticmethod
    def check(config):
        if config.channels > 1 or config.dataset == 'folder' or config.normalise:
            raise ValueError('the archived model knows only grey digits as they are: dataset must not be svhn or '
                             'folder, and normalise must be off')
        if config.policy != 'learned':
            raise ValueError(f'the archived model learns where to look: policy must be learned, not {config.policy!r}')
        if config.glimpse_network != 'linear' or config.context:
            raise ValueError('the archived model has a glimpse network of its own, and no context network: '
                             'glimpse_network must be linear, and context off')
        if (config.start, config.start_range) != ('random', 1):
            raise ValueError('the archived model looks anywhere first: start must be random, and start_range 1')
        if config.glimpses < 2 or config.mc > 1:
            raise ValueError('the archived model looks at least twice, and has one episode for each image: glimpses '
                             'must be at least 2, and mc 1')

    largest_layer = RecurrentAttentionModel.largest_layer

    @staticmethod
    def row(config):
        return None

    def _rollout(self, images, rng, policy, explore):
        """In its Episode ``baselines`` has shape (B, 1) and belongs to the last step."""
        xp, shape = cuda.get_array_module(images), (self.config.glimpses, len(images), 2)
        uniform = rng.random(shape, dtype=xp.float32) * 2 - 1 if policy != 'center' else xp.zeros(shape, xp.float32)
        explore = explore and policy == 'learned' and self.config.glimpses > 1
        if explore:
            # Quirk: sigma is used as a variance when locations are drawn.
            samples = rng.standard_normal((shape[0] - 1, *shape[1:]), dtype=xp.float32) * self.config.sigma ** 0.5
        sensor = prepare(images, self.config)
        looked = []

        def see(t, l, out):  # noqa: E741
            # Quirk: a location's first column counts rows, so l is (y, x) inside this model.
            looked.append(self._seen_at(l, images.shape[-1]))
            sensor(looked[-1], out)

        def look(t, h, location):
            if policy != 'learned':
                location[...] = uniform[t + 1]
                return
            with chainer.no_backprop_mode():
                location[...] = F.tanh(self.ll(h)).array
            if explore:
                samples[t] += location
                location[...] = samples[t]  # Quirk: the sampled location is not clipped to [-1, 1].

        before, last, states, _ = unroll(see, uniform[0], look, self._glimpse(), self._core(), shape[0])
        episode = Episode(xp.stack(looked), states, self.ly(last))
        if explore:
            episode.samples = samples
            episode.means = F.tanh(self.ll(before)).reshape(samples.shape)
            episode.baselines = F.sigmoid(self.lb(last))  # Quirk: a sigmoid, and only the last step's is used.
        return episode

    def _glimpse(self):
        # Quirk: what and where are concatenated and two more layers follow; the paper adds two Linears.
        links = self.ll1, self.lrho1, self.lh1, self.lh2
        return FastArchivedGlimpse, [parameter for link in links for parameter in (link.W, link.b)]

    def _core(self):
        return FastLSTMCore, (self.lstm.upward.W, self.lstm.upward.b, self.lstm.lateral.W)

    def classify(self, states):
        """See ``RecurrentAttentionModel.classify``."""
        return self.ly(states.reshape(-1, states.shape[2])).reshape(*states.shape[:2], 10)

    def _seen_at(self, l, size):  # noqa: E741
        """The location (x, y) where our sensor crops what the archived sensor cropped at l = (y, x)."""
        # Quirk: [-1, 1] spans the centres of the pixels, 0 to size - 1; ours spans their edges, 0 to size.
        return (np.rint((l[:, ::-1] + 1) / 2 * (size - 1)) / size * 2 - 1).astype(l.dtype)
