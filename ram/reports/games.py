"""How well a player plays (paper, section 4.3)."""
from dataclasses import dataclass

import chainer
import numpy as np

from ram.registry import DATASETS

VALIDATION = 4000   # games
TEST = 100_000


@dataclass
class Played:
    """Games that are over.

    Attributes:
        won: bool array (N,).
        ball: int32 array (size, N), the ball's column in each row.
    """
    won: object
    ball: object


def play(model, rng, count, policy=None, batchsize=1000):
    """Plays new games without learning, with the likeliest actions.

    Args:
        model: a player with ``play``.
        rng: generator of its device; draws the games and the first locations.
        count: number of games N.
        policy: where to look, see ``Gaze``; by default as in training.
        batchsize: games played together.

    Returns:
        Played.
    """
    config, xp = model.config, model.xp
    won, balls = [], []
    with chainer.using_config('train', False), chainer.no_backprop_mode():
        for start in range(0, count, batchsize):
            game = DATASETS[config.dataset].new_games(config, rng, min(batchsize, count - start))
            model.play(game, rng, policy or config.policy)
            won.append(game.won)
            balls.append(game.ball)
    return Played(xp.concatenate(won), xp.concatenate(balls, axis=1).astype(np.int32))
