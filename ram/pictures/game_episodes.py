"""Games as a moving picture: the screen, the gaze, the actions and the expected reward (paper, section 4)."""
import chainer
import chainer.functions as F
import numpy as np
from chainer.backends import cuda

from ram.pictures.drawing import GAZE, OTHER, RIGHT, WRONG, file_for
from ram.pictures.episodes import gif
from ram.pictures.retina import seen
from ram.pictures.scene import Scene
from ram.random_streams import generator
from ram.registry import DATASETS

MILLISECONDS = 300   # how long a step stays


def draw(model, arguments, device):
    """Games, one after the other, as a GIF.

    Args:
        model: a player, on the device.
        arguments: those of visualize.py.
        device: chainer device.

    Returns:
        dict of bytes by pathlib.Path.
    """
    games = watch(model, arguments.seed, device, arguments.policy or model.config.policy,
                  arguments.count)
    return {file_for(arguments, '.gif'): gif(games, MILLISECONDS)}


draw.unused = 'index', 'image'  # flags of visualize.py without effect: games are drawn with --seed


class Game(Scene):
    """One game, ready to draw.

    Args:
        images: float array (T + 1, C, H, W) in [0, 1], the screen before each step and after the last.
        locations: float array (T, 2), columns (x, y) in [-1, 1].
        retina: float array (T, K, C, g, g) in [0, 1], what the sensor saw.
        probabilities: float array (T, actions), in each step.
        actions: int array (T,), the actions.
        expected: float array (T,), the reward that is expected in each step.
        won: whether the game was won.
        config: the Config that gives the retina and the actions' names.
    """
    def __init__(self, images, locations, retina, probabilities, actions, expected, won, config):
        super().__init__(images[0], locations, retina, probabilities, None, config)
        self.images, self.actions, self.expected, self.won = images, actions, expected, won

    def __len__(self):
        """The number of frames: the last one shows how the game ended."""
        return len(self.images)

    def title(self, number, t):
        """Words above frame t of the game with this number, from 1."""
        return f'Game {number}: ' + (f'step {t + 1} of {len(self) - 1}' if t < len(self) - 1 else 'the end')

    def draw_image(self, axes, t, thick=1):
        """The screen in step t, with the squares of its glimpse and the path up to it; the last glimpse stays."""
        self.image = self.images[t]
        super().draw_image(axes, min(t, len(self.locations) - 1), thick)

    def thoughts(self, t):
        """The actions' probabilities in step t, the one that was taken in colour, and the expected reward."""
        t = min(t, len(self.actions) - 1)
        actions = [(name, float(share), GAZE if action == self.actions[t] else OTHER)
                   for action, (name, share) in enumerate(zip(self.short, self.probabilities[t]))]
        return [('What it does', actions),
                ('What it expects', [('to catch it', float(self.expected[t].clip(0, 1)), OTHER)])]

    def words(self, t):
        """How the game ended; before that, nothing."""
        return [] if t < len(self) - 1 else [('Caught', RIGHT) if self.won else ('Missed', WRONG)]


def watch(model, seed, device, policy='learned', count=4):
    """Plays games and gathers what there is to see.

    Args:
        model: a player, on the device.
        seed: seed of the games and of the first locations.
        device: chainer device.
        policy: where to look, see ``Gaze``.
        count: number of games.

    Returns:
        list of Games.
    """
    config, task = model.config, DATASETS[model.config.dataset]
    # The same games twice: once for the player, once to see what it saw.
    rng, game, again = generator(device, seed), *(task.new_games(config, generator(device, seed), count) for _ in 'ab')
    task.new_games(config, rng, count)  # so that what follows is drawn as it is in an evaluation
    with chainer.using_config('train', False), chainer.no_backprop_mode():
        episode = model.play(game, rng, policy)
        probabilities = F.softmax(episode.logits, axis=2).array
    screens = [again.screen.copy()]
    for actions in episode.actions:
        again.step(actions)
        screens.append(again.screen.copy())
    screens, locations, probabilities, actions, expected, won = (
        np.stack([cuda.to_cpu(part) for part in array])
        for array in (screens, episode.locations, probabilities, episode.actions, episode.baselines.array, game.won))
    retina = np.concatenate([seen(*step, config) for step in zip(screens, locations[:, None])])
    return [Game(screens[:, i], locations[:, i], retina[:, i], probabilities[:, i], actions[:, i], expected[:, i],
                 bool(won[i]), config) for i in range(count)]
