"""The Recurrent Attention Model: the networks of the paper's figure 1C, rolled out over T glimpses."""
from dataclasses import dataclass

import chainer
import chainer.functions as F
import numpy as np
from chainer.backends import cuda

from ram.fast.unroll import unroll as fast_unroll
from ram.networks.action_network import ActionNetwork
from ram.networks.baseline_network import BaselineNetwork
from ram.networks.core_network import CORES
from ram.networks.glimpse_network import GLIMPSE_NETWORKS
from ram.networks.glimpse_sensor import GlimpseSensor
from ram.networks.location_network import LocationNetwork

POLICIES = ('learned', 'random', 'center')


@dataclass
class Episode:
    """What happened in T glimpses at each of B images.

    Attributes:
        locations: float32 array (T, B, 2), columns (x, y) in [-1, 1]: where the sensor looked, l_1 ... l_T.
        states: float32 array (T, B, hidden), h_1 ... h_T.
        logits: Variable float32 (B, classes), from h_T.
        samples: float32 array (T - 1, B, 2), l_2 ... l_T before they were clipped to [-1, 1]; None unless the
            learned policy explored.
        means: Variable float32 (T - 1, B, 2), the policy's means for l_2 ... l_T, from h_1 ... h_{T-1}; or None.
        baselines: Variable float32 (T - 1, B), the rewards expected at h_1 ... h_{T-1}; or None.
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


def plain_unroll(images, location, look, sensor, glimpse_network, core_network, steps):
    """Looks ``steps`` times: the paper's loop, network by network.

    Args and returns: as for :func:`ram.fast.unroll.unroll`, which computes the same faster.
    """
    xp = cuda.get_array_module(images)
    locations = xp.empty((steps, *location.shape), np.float32)
    locations[0] = location
    state, states = core_network.initial_state(len(images)), []
    for t in range(steps):
        rho = sensor.apply((images, locations[t]))[0]
        g = glimpse_network(rho, locations[t])
        state, h = core_network(state, g)
        states.append(h)
        if t < steps - 1:
            look(t, h.array, locations[t + 1])
    before, last = F.split_axis(F.concat(states, axis=0), [(steps - 1) * len(images)], axis=0)
    return before, last, xp.stack([h.array for h in states]), locations


class RecurrentAttentionModel(chainer.Chain):
    """Mnih et al., "Recurrent Models of Visual Attention", NIPS 2014, sections 3.1 and 4.

    Args:
        config: the Config that gives all sizes.
    """

    def __init__(self, config):
        super().__init__()
        self.config = config
        with self.init_scope():
            self.glimpse_network = GLIMPSE_NETWORKS[config.glimpse_network].from_config(config)
            self.core_network = CORES[config.core](config.hidden)
            self.location_network = LocationNetwork(config.hidden)
            self.action_network = ActionNetwork(config.hidden, len(config.classes))
            self.baseline_network = BaselineNetwork(config.hidden)

    def rollout(self, images, rng, policy='learned', explore=False):
        """Looks T times at each image.

        Args:
            images: float32 array (B, C, H, W) in [0, 1].
            rng: ``numpy.random.Generator``, or ``cupy.random.Generator`` if the images are on a GPU.
            policy: 'learned'; or 'random', each location uniform in [-1, 1]^2; or 'center', always (0, 0).
            explore: whether the learned policy samples its locations, as in training, or takes their means.

        Returns:
            Episode.  Its first location is uniform in [-1, 1]^2, except at the policy 'center'.
        """
        xp, shape = cuda.get_array_module(images), (self.config.glimpses, len(images), 2)
        if self.config.normalise:
            images = normalised(images)
        uniform = rng.random(shape, dtype=xp.float32) * 2 - 1 if policy != 'center' else xp.zeros(shape, xp.float32)
        explore = explore and policy == 'learned' and self.config.glimpses > 1
        samples = xp.zeros((shape[0] - 1, *shape[1:]), xp.float32)
        if explore:
            samples = rng.standard_normal(samples.shape, dtype=xp.float32) * self.config.sigma

        def look(t, h, location):
            """l_{t+1} ~ pi(l | h_t)."""
            if policy == 'learned':
                self.location_network.glance(h, samples[t], location)
            else:
                location[...] = uniform[t + 1]

        unroll = fast_unroll if hasattr(self.core_network, 'fused') else plain_unroll
        sensor = GlimpseSensor(self.config.patch, self.config.scales, self.config.factor)
        before, last, states, locations = unroll(
            images, uniform[0], look, sensor, self.glimpse_network, self.core_network, self.config.glimpses)
        episode = Episode(locations, states, self.action_network(last))
        if explore:
            means = self.location_network(before if self.config.into_core else before.array)
            episode.samples, episode.means = samples, means.reshape(samples.shape)
            episode.baselines = self.baseline_network(before.array).reshape(samples.shape[:2])
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
