"""The Recurrent Attention Model: the networks of the paper's figure 1C, rolled out over T glimpses."""
from dataclasses import dataclass

import chainer
import chainer.functions as F
from chainer.backends import cuda

from ram.action_network import ActionNetwork
from ram.baseline_network import BaselineNetwork
from ram.core_network import CORES
from ram.glimpse_network import GlimpseNetwork
from ram.glimpse_sensor import glimpse_sensor
from ram.location_network import LocationNetwork

POLICIES = ('learned', 'random', 'center')


@dataclass
class Episode:
    """What happened in T glimpses at each of B images.

    Attributes:
        locations: float32 array (T, B, 2), columns (x, y) in [-1, 1]: where the sensor looked, l_1 ... l_T.
        states: Variable float32 (T, B, hidden), h_1 ... h_T.
        logits: Variable float32 (B, classes), from h_T.
        samples: float32 array (T - 1, B, 2), l_2 ... l_T before they were clipped to [-1, 1]; None unless the
            learned policy explored.
        means: Variable float32 (T - 1, B, 2), the policy's means for l_2 ... l_T, from h_1 ... h_{T-1}; or None.
        baselines: Variable float32 (T - 1, B), the rewards expected at h_1 ... h_{T-1}; or None.
    """
    locations: object
    states: chainer.Variable
    logits: chainer.Variable
    samples: object = None
    means: chainer.Variable = None
    baselines: chainer.Variable = None


class RecurrentAttentionModel(chainer.Chain):
    """Mnih et al., "Recurrent Models of Visual Attention", NIPS 2014, sections 3.1 and 4.

    Args:
        config: the Config that gives all sizes.
        channels: channels of the images.
        classes: number of classes.
    """

    def __init__(self, config, channels=1, classes=10):
        super().__init__()
        self.config = config
        retina = config.scales * channels * config.patch ** 2
        with self.init_scope():
            self.glimpse_network = GlimpseNetwork(retina, config.unit, config.hidden)
            self.core_network = CORES[config.core](config.hidden)
            self.location_network = LocationNetwork(config.hidden)
            self.action_network = ActionNetwork(config.hidden, classes)
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
        xp, count, steps = cuda.get_array_module(images), len(images), self.config.glimpses
        noise = rng.standard_normal((steps - 1, count, 2), dtype=xp.float32) if explore else None
        uniform = rng.random((steps, count, 2), dtype=xp.float32) * 2 - 1
        if policy == 'center':
            uniform[:] = 0

        l = uniform[0]  # noqa: E741  (the paper's l)
        state = self.core_network.initial_state(count)
        locations, states, samples, means, baselines = [l], [], [], [], []
        for t in range(steps):
            rho = glimpse_sensor(images, l, self.config.patch, self.config.scales, self.config.factor)
            g = self.glimpse_network(rho, l)
            state, h = self.core_network(state, g)
            states.append(h)
            if t == steps - 1:
                break
            if policy == 'learned':
                mean = self.location_network(h if self.config.into_core else h.array)
                means.append(mean)
                baselines.append(self.baseline_network(h.array))
                samples.append(mean.array + self.config.sigma * noise[t] if explore else mean.array)
                l = samples[-1].clip(-1, 1)  # noqa: E741
            else:
                l = uniform[t + 1]  # noqa: E741
            locations.append(l)

        episode = Episode(xp.stack(locations), F.stack(states), self.action_network(h))
        if explore and means:
            episode.samples, episode.means, episode.baselines = xp.stack(samples), F.stack(means), F.stack(baselines)
        return episode

    def classify(self, states):
        """What the model would answer after each glimpse.

        Args:
            states: Variable or float32 array (T, B, hidden), as in an Episode.

        Returns:
            Variable float32 (T, B, classes), the logits from h_1 ... h_T.
        """
        steps, count, hidden = states.shape
        logits = self.action_network(F.reshape(states, (steps * count, hidden)))
        return F.reshape(logits, (steps, count, -1))
