"""The Recurrent Attention Model: the networks of the paper's figure 1C, unrolled over T glimpses."""
from dataclasses import dataclass

import chainer
import chainer.functions as F
import numpy as np
from chainer.backends import cuda

from ram.agents.classifier import Classifier
from ram.agents.gaze import Gaze
from ram.fast.unroll import unroll
from ram.networks.action_network import ActionNetwork
from ram.networks.baseline_network import BaselineNetwork
from ram.networks.context_network import ContextNetwork
from ram.networks.glimpse_sensor import prepare
from ram.networks.location_network import LocationNetwork
from ram.networks.pixels import whole
from ram.registry import CORES, GLIMPSE_NETWORKS

# Where the first glimpse goes, in the words of results/published.csv.
STARTS = {'random': 'random first glimpse', 'learned': 'learned first glimpse', 'center': 'centre first',
          'mixed': 'centre first'}
PAPER_HIDDEN, PAPER_UNIT = 256, 128  # section 4: the units of g and h, and of h_g and h_l


@dataclass
class Episode:
    """The result of T glimpses at each of B images.

    The policy chose the last P locations: P is T - 1, or T if it chose the first one too.

    Attributes:
        locations: float32 array (T, B, 2), columns (x, y) in [-1, 1]: the locations of the glimpses, l_1 ... l_T.
        states: float32 array (T, B, hidden), h_1 ... h_T.
        logits: Variable float32 (B, classes), from h_T; of a reader (places, B, classes + 1), from several states.
        samples: float32 array (P, B, 2), the chosen locations before they were clipped to [-1, 1]; None unless the
            learned policy explored.
        means: Variable float32 (P, B, 2), the policy's means for them, each from the previous state; or None.
        baselines: Variable float32 (P, B), the expected rewards in those states; or None.
    """
    locations: object
    states: object
    logits: chainer.Variable
    samples: object = None
    means: chainer.Variable = None
    baselines: chainer.Variable = None

    def none(self):
        """The Episode without its images, as of none."""
        parts = {name: value if value is None else value[:, :0] for name, value in vars(self).items()}
        return Episode(**{**parts, 'logits': self.logits[..., :0, :]})


def plain_unroll(see, location, look, glimpse_network, core_network, steps):
    """The paper's loop over ``steps`` glimpses, network by network.

    Arguments and results are those of :func:`ram.fast.unroll.unroll`, which computes the same faster.  Here ``see`` is
    called without an array to write into and returns the glimpses.
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
    any_size = True

    def __init__(self, config):
        super().__init__(config)
        with self.init_scope():
            self.glimpse_network = GLIMPSE_NETWORKS[config.glimpse_network].from_config(config)
            self.core_network = CORES[config.core](config.hidden)
            self.location_network = LocationNetwork(config.hidden)
            self.action_network = ActionNetwork(config.hidden, len(self.outputs(config)))
            self.baseline_network = BaselineNetwork(config.hidden)
            if config.context:
                self.context_network = ContextNetwork.from_config(config)

    @staticmethod
    def check(config):
        GLIMPSE_NETWORKS[config.glimpse_network].check(config)
        if config.context and config.policy != 'learned':
            raise ValueError(f'the context network learns where to look first: with context, policy must be learned, '
                             f'not {config.policy!r}')

    @classmethod
    def largest_layer(cls, config):
        parts = [GLIMPSE_NETWORKS[config.glimpse_network], *([ContextNetwork] if config.context else [])]
        return max(*(part.largest_layer(config) for part in parts), config.hidden ** 2,
                   config.hidden * len(cls.outputs(config)))

    @staticmethod
    def row(config):
        name = 'ram' if config.glimpse_network == 'linear' else f'ram {config.glimpse_network} glimpse network'
        name += ', context' * config.context + f' {config.policy} locations' * (config.policy != 'learned')
        if config.hidden != PAPER_HIDDEN:
            name += f', {config.hidden} units'
        if config.unit != PAPER_UNIT:
            name += f', {config.unit} units in h_g and h_l'
        start = 'learned' if config.context else config.start if config.policy == 'learned' else config.policy
        if (config.policy, start) == ('learned', 'random') and config.start_range < 1:
            return name, config.glimpses, f'first glimpse in [-{config.start_range:g}, {config.start_range:g}]^2'
        return name, config.glimpses, STARTS[start]

    def draws(self, policy):
        first = not self.config.context and self.config.start == 'random'
        return policy == 'random' or policy == 'learned' and first

    def unroll(self, see, location, look, steps):
        """Unrolls the glimpse and core networks, fast where they can: see :func:`ram.fast.unroll.unroll`."""
        networks, loop = (self.glimpse_network, self.core_network), plain_unroll
        if all(hasattr(network, 'fast') for network in networks):
            networks, loop = [network.fast() for network in networks], unroll
        return loop(see, location, look, *networks, steps)

    def _rollout(self, images, rng, policy, explore):
        config, steps = self.config, self.steps(self.config)
        start = self.first_state(images) if policy == 'learned' else None
        gaze = Gaze(self.location_network, config, rng, (steps, len(images)), policy, explore, start)
        sensor = prepare(images, config)

        def see(t, location, out=None):
            return sensor(location, out)

        before, last, states, locations = self.unroll(
            see, gaze.first, lambda t, h, location: gaze.look(t + 1, h, location), steps)
        episode = Episode(locations, states, self.answers(before, last))
        if gaze.explores:
            before = before if config.into_core else chainer.as_variable(before.array)
            before = before if start is None else F.concat([start, before], axis=0)
            episode.samples, episode.means = gaze.samples, self.location_network(before).reshape(gaze.samples.shape)
            episode.baselines = self.baseline_network(before.array).reshape(gaze.samples.shape[:2])
        return episode

    def answers(self, before, last):
        """The logits of an Episode; the arguments are the first two results of :meth:`unroll`."""
        return self.action_network(last)

    def first_state(self, images):
        """The state from which the learned policy chooses l_1.

        Args:
            images: array (B, C, H, W) of uint8, or of float32 in [0, 1].

        Returns:
            Variable float32 (B, hidden): c of the context network, or h_0 = 0.  None if l_1 is not chosen.
        """
        if self.config.context:
            return self.context_network(whole(images, self.config.normalise))
        if self.config.start == 'learned':
            return chainer.as_variable(self.xp.zeros((len(images), self.config.hidden), self.xp.float32))
        return None

    def classify(self, states):
        """The answers that the model would give after each glimpse.

        Args:
            states: the states of an Episode, float32 array (T, B, hidden).

        Returns:
            Variable float32 (T, B, classes), the logits from h_1 ... h_T.
        """
        logits = self.action_network(states.reshape(-1, states.shape[2]))
        return logits.reshape(*states.shape[:2], logits.shape[1])
