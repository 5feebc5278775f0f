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

from ram.config import Config
from ram.fast.archived_unroll import archived_unroll
from ram.networks.glimpse_sensor import GlimpseSensor
from ram.networks.recurrent_attention import Episode

# Quirk: the test set's iterator overwrites the training iterator, so it trains on the 10,000 MNIST test digits.
TRAINING_SPLIT = 'test'
UNSEEN_SPLIT = 'train+validation'


class ArchivedModel(chainer.Chain):
    """Glimpse network with a concatenation, and an LSTM core; has the methods of ``RecurrentAttentionModel``.

    Args:
        config: the Config that gives all sizes.
    """

    def __init__(self, config):
        super().__init__()
        self.config = config
        unit, hidden = config.unit, config.hidden
        with self.init_scope():
            self.ll1 = L.Linear(2, unit)
            self.lrho1 = L.Linear(config.scales * config.patch ** 2, unit)
            self.lh1 = L.Linear(2 * unit, hidden)
            self.lh2 = L.Linear(hidden, hidden)
            self.lstm = L.StatelessLSTM(hidden, hidden)
            self.ly = L.Linear(hidden, 10)
            self.ll = L.Linear(hidden, 2)
            self.lb = L.Linear(hidden, 1)

    def rollout(self, images, rng, policy='learned', explore=False):
        """See ``RecurrentAttentionModel.rollout``; here ``baselines`` has shape (B, 1) and belongs to the last step."""
        xp, shape = cuda.get_array_module(images), (self.config.glimpses, len(images), 2)
        uniform = rng.random(shape, dtype=xp.float32) * 2 - 1 if policy != 'center' else xp.zeros(shape, xp.float32)
        explore = explore and policy == 'learned' and self.config.glimpses > 1
        if explore:
            # Quirk: sigma is used as a variance when locations are drawn.
            samples = rng.standard_normal((shape[0] - 1, *shape[1:]), dtype=xp.float32) * self.config.sigma ** 0.5
        sensor = GlimpseSensor(self.config.patch, self.config.scales, self.config.factor)
        looked = []

        def see(images, l):  # noqa: E741
            # Quirk: a location's first column counts rows, so l is (y, x) inside this model.
            looked.append(self._seen_at(l, images.shape[-1]))
            return sensor.forward((images, looked[-1]))[0].reshape(len(images), -1)

        def look(t, h, location):
            if policy != 'learned':
                location[...] = uniform[t + 1]
                return
            with chainer.no_backprop_mode():
                location[...] = F.tanh(self.ll(h)).array
            if explore:
                samples[t] += location
                location[...] = samples[t]  # Quirk: the sampled location is not clipped to [-1, 1].

        # Quirk: what and where are concatenated and two more layers follow; the paper adds two Linears.
        before, last, states = archived_unroll(images, uniform[0], look, see, self, shape[0])
        episode = Episode(xp.stack(looked), states, self.ly(last))
        if explore:
            episode.samples = samples
            episode.means = F.tanh(self.ll(before)).reshape(samples.shape)
            episode.baselines = F.sigmoid(self.lb(last))  # Quirk: a sigmoid, and only the last step's is used.
        return episode

    def classify(self, states):
        """See ``RecurrentAttentionModel.classify``."""
        return self.ly(states.reshape(-1, states.shape[2])).reshape(*states.shape[:2], -1)

    def _seen_at(self, l, size):  # noqa: E741
        """The location (x, y) where our sensor crops what the archived sensor cropped at l = (y, x)."""
        # Quirk: [-1, 1] spans the centres of the pixels, 0 to size - 1; ours spans their edges, 0 to size.
        return (np.rint((l[:, ::-1] + 1) / 2 * (size - 1)) / size * 2 - 1).astype(l.dtype)


def config_of_weights(arrays):
    """The Config of a weight file of the archived repository; None if the arrays are not such a file.

    Args:
        arrays: dict of the file's arrays by name.
    """
    layout = {f'{name}/{part}' for name in ('ll1', 'lrho1', 'lh1', 'lh2', 'lstm/upward', 'ly', 'll', 'lb')
              for part in 'Wb'} | {'lstm/lateral/W'}
    if set(arrays) != layout or arrays['lrho1/W'].ndim != 2 or arrays['lh2/b'].ndim != 1:
        return None
    unit, retina = arrays['lrho1/W'].shape
    return Config(dataset='mnist', model='archived', size=28, patch=int(retina ** 0.5), scales=1, sigma=0.03,
                  unit=unit, hidden=len(arrays['lh2/b']))
