"""The Recurrent Attention Model as a player: it looks at a world that changes, and acts in it (paper, section 4.3)."""
from dataclasses import dataclass

import chainer
import chainer.functions as F
import numpy as np
from chainer.backends import cuda

from ram.fast.unroll import unroll as fast_unroll
from ram.networks.glimpse_sensor import GlimpseSensor
from ram.networks.recurrent_attention import RecurrentAttentionModel, plain_unroll


@dataclass
class GameEpisode:
    """What happened in B games of T steps.

    Attributes:
        locations: float32 array (T, B, 2), columns (x, y) in [-1, 1]: where the sensor looked, l_1 ... l_T.
        logits: Variable float32 (T, B, actions), from h_1 ... h_T.
        actions: int32 array (T, B), the actions a_1 ... a_T.
        baselines: Variable float32 (T, B), the rewards expected at h_1 ... h_T.
        reward: float32 array (B,), 1 or 0.
        samples: float32 array (T - 1, B, 2), l_2 ... l_T before they were clipped to [-1, 1]; None unless the
            learned policy explored.
        means: Variable float32 (T - 1, B, 2), the policy's means for l_2 ... l_T, from h_1 ... h_{T-1}; or None.
    """
    locations: object
    logits: chainer.Variable
    actions: object
    baselines: chainer.Variable
    reward: object
    samples: object = None
    means: chainer.Variable = None


class AttentionPlayer(RecurrentAttentionModel):
    """The networks of ``RecurrentAttentionModel``, with an action in every step.

    In step t it looks at l_t, updates h_t, and draws from it the action a_t and the next location l_{t+1}.  It is not
    told which action was drawn: it must see its paddle.

    Args:
        config: the Config that gives all sizes; its classes are the actions.
    """

    def sensor(self):
        """What makes a glimpse of a screen."""
        return GlimpseSensor(self.config.patch, self.config.scales, self.config.factor)

    def play(self, game, rng, policy='learned', explore=False):
        """Plays a batch of games to their end.

        Args:
            game: the games in their first step, with ``screen``, ``steps_left``, ``step`` and ``caught`` as in
                ``datasets.catch.Catch``; they are over afterwards.
            rng: ``numpy.random.Generator``, or ``cupy.random.Generator`` if the games are on a GPU.
            policy: where to look: 'learned'; or 'random', each location uniform in [-1, 1]^2; or 'center', always
                (0, 0).
            explore: whether actions and the learned policy's locations are sampled, as in training, or are the
                likeliest and the means.

        Returns:
            GameEpisode.  Its first location is uniform in [-1, 1]^2, except at the policy 'center'.
        """
        steps, count = game.steps_left, len(game.screen)
        xp, shape = cuda.get_array_module(game.screen), (steps, count, 2)
        uniform = rng.random(shape, dtype=xp.float32) * 2 - 1 if policy != 'center' else xp.zeros(shape, xp.float32)
        samples = xp.zeros((steps - 1, count, 2), xp.float32)
        if explore and policy == 'learned':
            samples = rng.standard_normal(samples.shape, dtype=xp.float32) * self.config.sigma
        threshold = rng.random((steps, count, 1), dtype=xp.float32) if explore else None
        actions = xp.empty((steps, count), np.int32)

        def act(t, h):
            """a_t ~ pi(a | h_t); the game goes on by a step."""
            actions[t] = self.action_network.choose(h, None if threshold is None else threshold[t])
            game.step(actions[t])

        def look(t, h, location):
            """l_{t+1} ~ pi(l | h_t)."""
            act(t, h)  # redraws the screen, of which the next glimpse is taken
            if policy == 'learned':
                self.location_network.glance(h, samples[t], location)
            else:
                location[...] = uniform[t + 1]

        unroll = fast_unroll if hasattr(self.core_network, 'fused') else plain_unroll
        before, last, states, locations = unroll(
            game.screen, uniform[0], look, self.sensor(), self.glimpse_network, self.core_network, steps)
        act(steps - 1, states[-1])
        h = F.concat([before, last], axis=0)
        episode = GameEpisode(
            locations, self.action_network(h).reshape(steps, count, -1), actions,
            self.baseline_network(h if self.config.value_into_core else h.array).reshape(steps, count), game.caught.astype(np.float32))
        if explore and policy == 'learned':
            means = self.location_network(before if self.config.into_core else before.array)
            episode.samples, episode.means = samples, means.reshape(samples.shape)
        return episode


class WholeScreen:
    """A sensor that sees the whole screen, pixel by pixel, wherever it looks."""

    def forward(self, inputs, out):
        """Args: inputs, the screens float32 (B, C, H, W) and locations; out, filled with float32 (B, C * H * W)."""
        out[...] = inputs[0].reshape(out.shape)
