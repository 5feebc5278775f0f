"""The Recurrent Attention Model as a player: it looks at a world that changes, and acts in it (paper, section 4)."""
from dataclasses import dataclass

import chainer
import chainer.functions as F
import numpy as np

from ram.agents.gaze import Gaze, check_policy
from ram.agents.recurrent_attention import RecurrentAttentionModel
from ram.networks.action_network import gumbel_noise
from ram.networks.glimpse_sensor import prepare
from ram.networks.images import Gate
from ram.random_streams import check_generator


@dataclass
class GameEpisode:
    """What happened in B games of T steps.

    Attributes:
        locations: float32 array (T, B, 2), columns (x, y) in [-1, 1]: where the sensor looked, l_1 ... l_T.
        logits: Variable float32 (T, B, actions), from h_1 ... h_T.
        actions: int32 array (T, B), the actions a_1 ... a_T.
        baselines: Variable float32 (T, B), the rewards expected at h_1 ... h_T.
        reward: float32 array (B,), 1 for a game that was won, else 0.
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

    The gradient of the baseline goes into the core, which is not so in the classifier: there the label trains the core,
    and here hardly anything else does.  It does not bias the gradient of the policies.

    A control that sees the whole screen has a retina of one patch as large as the screen, and always looks at the
    centre.

    Args:
        config: the Config that gives all sizes; its classes are the actions.
    """
    goal, loss, role = 'game', 'policy', 'player'

    @classmethod
    def check(cls, config):
        super().check(config)
        if config.start == 'learned' or config.context:
            raise ValueError('a player does not choose its first location: start must be random, center or mixed, and '
                             f'context off, not {config.start!r}{" with context" * config.context}')

    def draws(self, policy):
        return True  # the games

    def rollout(self, *arguments, **named):
        """Raises ValueError: there is nothing to look at without a game."""
        raise ValueError(f'a {self.config.model} does not classify images: it has play(games, rng)')

    def play(self, game, rng, policy='learned', explore=False):
        """Plays a batch of games to their end.

        Args:
            game: the games, which are not over, with ``screen``, ``steps_left``, ``step`` and ``won`` as in
                ``datasets.catch.Catch``; they are over afterwards.
            rng: ``numpy.random.Generator``, or ``cupy.random.Generator`` if the games are on a GPU.
            policy: where to look, see ``Gaze``.
            explore: whether actions and the learned policy's locations are sampled, as in training, or are the
                likeliest and the means.

        Returns:
            GameEpisode.

        Raises:
            ValueError: there are no games to play, their screen has not the Config's size or is not on the model's
                device, the generator is something else, or the policy is unknown.
        """
        self._check(game, rng, policy)
        config, xp, steps, count = self.config, self.xp, game.steps_left, len(game.screen)
        gaze = Gaze(self.location_network, config, rng, (steps, count), policy, explore)
        noise = gumbel_noise(rng, (steps, count, len(config.classes))) if explore else [0] * steps
        actions = xp.empty((steps, count), np.int32)

        def see(t, location, out=None):
            return prepare(game.screen, config)(location, out)

        def act(t, h):
            """a_t ~ pi(a | h_t), and the game goes on by a step."""
            actions[t] = self.action_network.choose(h, noise[t])
            game.step(actions[t])

        def look(t, h, location):
            """What happens between two glimpses."""
            act(t, h)
            gaze.look(t + 1, h, location)

        before, last, states, locations = self.unroll(see, gaze.first, look, steps)
        act(steps - 1, states[-1])
        h = F.concat([before, last], axis=0)
        episode = GameEpisode(locations, self.action_network(h).reshape(steps, count, -1), actions,
                              self.baseline_network(h).reshape(steps, count), game.won.astype(np.float32))
        if gaze.explores:
            means = self.location_network(before if config.into_core else before.array)
            episode.samples, episode.means = gaze.samples, means.reshape(gaze.samples.shape)
        return episode

    def _check(self, game, rng, policy):
        """Raises the errors of ``play``.  The values of a screen are not read: it is the game's own."""
        check_policy(policy)
        check_generator(rng, self.device)
        size = self.config.size
        if not hasattr(game, 'screen'):
            raise ValueError(f'the games must be those of datasets.catch.new_games(rng, count, {size}), not of type '
                             f'{type(game).__qualname__}')
        Gate(('B', 1, size, size), self.device).check_form(game.screen)
        if not len(game.screen) or not game.steps_left:
            raise ValueError('there is nothing to play: the games are over, or there are none')
