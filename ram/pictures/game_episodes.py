"""Games as a moving picture: the screen, the gaze, the actions and the expected reward (paper, section 4)."""
import chainer
import chainer.functions as F
import numpy as np
from chainer.backends import cuda
from matplotlib.figure import Figure

from ram.pictures.drawing import GAZE, OTHER, RIGHT, WRONG, animation, file_for, picture
from ram.pictures.episodes import Scene
from ram.random_streams import generator
from ram.registry import DATASETS

MILLISECONDS = 300   # how long a step stays


def draw(model, arguments, device):
    """Games side by side, as a GIF.

    Args:
        model: a player, on the device.
        arguments: those of visualize.py.
        device: chainer device.

    Returns:
        dict of bytes by pathlib.Path.

    Raises:
        ValueError: a flag asks for scenes or pictures, which a game does not have.
    """
    if arguments.index is not None or arguments.image:
        raise ValueError('--index and --image are not for games, which are drawn with --seed')
    games = watch(model, arguments.seed, device, arguments.policy or model.config.policy,
                  arguments.count)
    frames = [frame(games, t) for t in range(len(games[0].images))]
    return {file_for(arguments, '.gif'): animation(frames, [MILLISECONDS] * (len(frames) - 1) + [6 * MILLISECONDS])}


class Game(Scene):
    """One game, ready to draw.

    Args:
        images: float array (T + 1, C, H, W) in [0, 1], the screen before each step and after the last.
        locations: float array (T, 2), columns (x, y) in [-1, 1].
        probabilities: float array (T, actions), in each step.
        actions: int array (T,), the actions.
        expected: float array (T,), the reward that is expected in each step.
        won: whether the game was won.
        config: the Config that gives the retina and the actions' names.
    """

    def __init__(self, images, locations, probabilities, actions, expected, won, config):
        super().__init__(images[0], locations, probabilities, None, config)
        self.images, self.actions, self.expected, self.won = images, actions, expected, won
        self.margin = config.size / 8  # the coarse squares may leave the picture: there is nothing to see out there

    def draw_image(self, axes, t):
        """The screen in step t, with the squares of its glimpse and the path up to it; the last glimpse stays."""
        self.image = self.images[t]
        super().draw_image(axes, min(t, len(self.locations) - 1))
        if t == len(self.locations):
            axes.set_title('caught' if self.won else 'missed', fontsize=11, color=RIGHT if self.won else WRONG)

    def draw_actions(self, axes, t):
        """The actions' probabilities in step t, the one that was taken in colour."""
        t = min(t, len(self.actions) - 1)
        axes.bar(self.config.classes, self.probabilities[t],
                 color=[GAZE if action == self.actions[t] else OTHER for action in range(len(self.config.classes))])
        axes.set_ylim(0, 1)
        axes.set_yticks([0, 0.5, 1])
        axes.tick_params(labelsize=8)
        axes.spines[['top', 'right']].set_visible(False)

    def draw_expected(self, axes, t):
        """The reward expected up to step t, and at the end the reward."""
        axes.plot(range(1, len(self.expected[:t + 1]) + 1), self.expected[:t + 1], color='black', linewidth=1.2)
        if t == len(self.expected):
            axes.plot(t + 1, self.won, 'o', color=RIGHT if self.won else WRONG, markersize=5, clip_on=False)
        axes.set_xlim(1, len(self.expected) + 1)
        axes.set_ylim(-0.1, 1.1)
        axes.set_yticks([0, 1])
        axes.set_xlabel('step', fontsize=8)
        axes.tick_params(labelsize=8)
        axes.spines[['top', 'right']].set_visible(False)


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
    return [Game(screens[:, i], locations[:, i], probabilities[:, i], actions[:, i], expected[:, i], bool(won[i]),
                 config) for i in range(count)]


def frame(games, t):
    """One frame: the games side by side in step t, counted from 0, the actions and the expected reward below.

    Returns:
        PIL image, RGB.
    """
    figure = Figure(figsize=(2.6 * len(games) + 0.3, 4.6), dpi=80, layout='constrained')
    axes = figure.subplots(3, len(games), squeeze=False, height_ratios=[5, 1.4, 1])
    for game, (screen, actions, expected) in zip(games, axes.T):
        screen.set_title(' ', fontsize=11)
        game.draw_image(screen, t)
        game.draw_actions(actions, t)
        game.draw_expected(expected, t)
    axes[1, 0].set_ylabel('probability', fontsize=8)
    axes[2, 0].set_ylabel('expected\nreward', fontsize=8)
    return picture(figure)
