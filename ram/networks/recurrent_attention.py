"""The Recurrent Attention Model: the networks of the paper's figure 1C, unrolled over T glimpses."""
from dataclasses import dataclass

import chainer
import chainer.functions as F
import numpy as np
from chainer.backends import cuda

from ram.fast.unroll import unroll
from ram.networks.action_network import ActionNetwork
from ram.networks.baseline_network import BaselineNetwork
from ram.networks.classifier import Classifier
from ram.networks.gaze import Gaze
from ram.networks.glimpse_network import GlimpseNetwork
from ram.networks.glimpse_sensor import GlimpseSensor
from ram.networks.location_network import LocationNetwork
from ram.registry import CORES


@dataclass
class Episode:
    """What happened in T glimpses at each of B images.

    The policy chose the last P locations: P is T - 1, or T if it chose the first one too.

    Attributes:
        locations: float32 array (T, B, 2), columns (x, y) in [-1, 1]: where the sensor looked, l_1 ... l_T.
        states: float32 array (T, B, hidden), h_1 ... h_T.
        logits: Variable float32 (B, classes), from h_T.
        samples: float32 array (P, B, 2), the locations that were chosen, before they were clipped to [-1, 1]; None
            unless the learned policy explored.
        means: Variable float32 (P, B, 2), the policy's means for them, each from the state before; or None.
        baselines: Variable float32 (P, B), the rewards expected in those states; or None.
    """
    locations: object
    states: object
    logits: chainer.Variable
    samples: object = None
    means: chainer.Variable = None
    baselines: chainer.Variable = None


def normalised(images):
    """Contrast normalisation: in every image (C, H, W) each channel gets the mean 0, and all together the deviation 1.

    What lies outside an image, which the sensor sees as zeros, then looks like its mean colour.

    Args:
        images: float32 array (B, C, H, W).

    Returns:
        float32 array (B, C, H, W).
    """
    images = images - images.mean(axis=(2, 3), keepdims=True)
    return images / (images.std(axis=(1, 2, 3), keepdims=True) + np.float32(1e-3))


def plain_unroll(see, location, look, glimpse_network, core_network, steps):
    """Looks ``steps`` times: the paper's loop, network by network.

    Args and returns: as for :func:`ram.fast.unroll.unroll`, which computes the same faster; ``see`` returns the
    glimpses if it is not given an array to write into.
    """
    xp = cuda.get_array_module(location)
    locations = xp.empty((steps, *location.shape), np.float32)
    locations[0] = location
    state, states = core_network.initial_state(len(location)), []
    for t in range(steps):
        rho = see(t, locations[t])
        g = glimpse_network(rho, locations[t])
        state, h = core_network(state, g)
        states.append(h)
        if t < steps - 1:
            look(t, h.array, locations[t + 1])
    before, last = F.split_axis(F.concat(states, axis=0), [(steps - 1) * len(location)], axis=0)
    return before, last, xp.stack([h.array for h in states]), locations


class RecurrentAttentionModel(Classifier):
    """Mnih et al., "Recurrent Models of Visual Attention", NIPS 2014, sections 3.1 and 4.

    Args:
        config: the Config that gives all sizes.
    """

    def __init__(self, config):
        super().__init__(config)
        with self.init_scope():
            self.glimpse_network = GlimpseNetwork(self.retina(config), config.unit, config.hidden)
            self.core_network = CORES[config.core](config.hidden)
            self.location_network = LocationNetwork(config.hidden)
            self.action_network = ActionNetwork(config.hidden, len(config.classes))
            self.baseline_network = BaselineNetwork(config.hidden)

    @staticmethod
    def retina(config):
        """Values in one glimpse."""
        return config.scales * config.channels * config.patch ** 2

    @classmethod
    def largest_layer(cls, config):
        return max(cls.retina(config) * config.unit, config.unit * config.hidden, config.hidden ** 2,
                   config.hidden * len(config.classes))

    @staticmethod
    def row(config):
        return 'ram random locations' if config.policy == 'random' else 'ram', config.glimpses

    def unroll(self, see, location, look, steps):
        """Unrolls the glimpse and core networks, fast where they can: see :func:`ram.fast.unroll.unroll`."""
        networks, loop = (self.glimpse_network, self.core_network), plain_unroll
        if all(hasattr(network, 'fast') for network in networks):
            networks, loop = [network.fast() for network in networks], unroll
        return loop(see, location, look, *networks, steps)

    def rollout(self, images, rng, policy='learned', explore=False):
        """Looks T times at each image.

        Args:
            images: float32 array (B, C, H, W) in [0, 1].
            rng: ``numpy.random.Generator``, or ``cupy.random.Generator`` if the images are on a GPU.
            policy: 'learned', the first location being where the Config's ``start`` says; or 'random', each location
                uniform in [-1, 1]^2; or 'center', always (0, 0).
            explore: whether the learned policy samples its locations, as in training, or takes their means.

        Returns:
            Episode.

        Raises:
            ValueError: there is no such policy.
        """
        config, steps = self.config, self.config.glimpses
        gaze = Gaze(self.location_network, config, rng, (steps, len(images)), policy, explore)
        if config.normalise:
            images = normalised(images)
        sensor = GlimpseSensor(config.patch, config.scales, config.factor)

        def see(t, location, out=None):
            return sensor.forward((images, location), out)[0]

        before, last, states, locations = self.unroll(
            see, gaze.first, lambda t, h, location: gaze.look(t + 1, h, location), steps)
        episode = Episode(locations, states, self.action_network(last))
        if gaze.explores:
            if gaze.start is not None:
                before = F.concat([gaze.start, before], axis=0)
            means = self.location_network(before if config.into_core else before.array)
            episode.samples, episode.means = gaze.samples, means.reshape(gaze.samples.shape)
            episode.baselines = self.baseline_network(before.array).reshape(gaze.samples.shape[:2])
        return episode

    def classify(self, states):
        """What the model would answer after each glimpse.

        Args:
            states: those of an Episode, float32 array (T, B, hidden).

        Returns:
            Variable float32 (T, B, classes), the logits from h_1 ... h_T.
        """
        logits = self.action_network(states.reshape(-1, states.shape[2]))
        return logits.reshape(*states.shape[:2], -1)
