"""How well a player plays, over many games (paper, section 4)."""
from dataclasses import dataclass

import chainer
import numpy as np
from chainer.backends import cuda

from datasets import catch
from datasets.progress import progress
from ram.random_streams import generator
from ram.registry import DATASETS
from ram.reports.evaluation import check_finite
from ram.reports.intervals import wilson_interval
from ram.reports.text import columns, percent, subject, with_interval
from ram.tasks import SEEDS

GAMES = {'validation': 4000, 'test': 100_000}
BINS = 4  # ranges of speed and of distance


@dataclass
class Played:
    """Games that are over.

    Attributes:
        won: bool array (N,).
        speeds: float array (N,), how far the ball moved sideways in a step, in pixels, either way.
        distances: int array (N,), the steps that the paddle needed to get below the ball, when the game began.
    """
    won: object
    speeds: object
    distances: object


def play(player, task, rng, count, batchsize=1000):
    """Plays new games.

    Args:
        player: called with a batch of new games and rng, plays them to their end.
        task: called with rng and a number, returns that many new games.
        rng: generator of the games' device; draws the games, and what the player draws.
        count: number of games N.
        batchsize: games played together.

    Returns:
        Played, on the CPU.
    """
    rows = []
    with progress('playing', count, 'games') as bar:
        for start in range(0, count, batchsize):
            game = task(rng, min(batchsize, count - start))
            distance = game.distance
            player(game, rng)
            rows.append([cuda.to_cpu(array) for array in (game.won, abs(game.speeds) / catch.SUBPIXELS, distance)])
            bar.update(len(distance))
    return Played(*(np.concatenate(arrays) for arrays in zip(*rows)))


def play_model(model, rng, count, policy=None):
    """Plays new games of a model's task, without learning and with the likeliest actions.

    Args:
        model: a player with ``play``.
        rng, count: see :func:`play`.
        policy: where to look, see ``Gaze``; by default as in training.

    Returns:
        Played.

    Raises:
        FloatingPointError: a logit is not finite.
    """
    config = model.config

    def player(game, rng):
        check_finite(model.play(game, rng, policy or config.policy).logits.array)

    with chainer.using_config('train', False), chainer.no_backprop_mode():
        return play(player, _task(config), rng, count)


def play_blindly(config, actions, rng, count):
    """Plays new games with the actions (B,) that ``actions(game, rng)`` gives in each step; see :func:`play`."""
    def player(game, rng):
        while not game.over:
            game.step(actions(game, rng))

    return play(player, _task(config), rng, count)


def _task(config):
    return lambda rng, count: DATASETS[config.dataset].new_games(config, rng, count)


# Players without a network: one who sees everything, one who never moves, one who moves at random.
REFERENCES = {
    'oracle': lambda game, rng: catch.oracle(game),
    'idle': lambda game, rng: np.full(len(game.paddle), catch.ACTIONS.index('stay')),
    'chance': lambda game, rng: rng.integers(0, len(catch.ACTIONS), len(game.paddle)),
}

# In the report.
WORDS = {'oracle': 'who sees everything', 'idle': 'who never moves', 'chance': 'who moves at random'}
HEADS = {'by_speed': 'speed of the ball, pixels a step', 'by_distance': 'distance to where it lands, pixels'}


def shares(won, values, edges):
    """The share of games won, in percent, by ranges of a value.

    Args:
        won: bool array (N,).
        values: float array (N,).
        edges: where the ranges begin and end; the end belongs to a range, and to the first its beginning.

    Returns:
        list of [beginning, end, percent, games], without ranges that have no games.
    """
    edges = np.unique(edges)
    places = np.clip(np.searchsorted(edges, values, side='left') - 1, 0, len(edges) - 2)
    return [[float(edges[i]), float(edges[i + 1]), float(100 * won[places == i].mean()), int((places == i).sum())]
            for i in range(len(edges) - 1) if (places == i).any()]


class GameReport:
    """What evaluate.py finds for a player.

    Args:
        model: the player, on the device.
        arguments: those of evaluate.py.
        device: chainer device.

    Attributes:
        result: dict: 'caught' in percent; 'ci95', its 95% interval [low, high] in percent; 'by_speed' and
            'by_distance', see :func:`shares`; 'references', what those who need no network catch of as many other
            games of the same kind, in percent; 'n', games; 'split', 'seed' and 'policy'.
        unused: the flags of evaluate.py that have no effect: each game is another draw.

    Raises:
        ValueError: the split is not one of GAMES.
    """
    unused = 'repeats', 'passes', 'until'

    def __init__(self, model, arguments, device):
        self.model, config = model, model.config
        split = arguments.split or 'test'
        if split not in GAMES:
            raise ValueError(f'--split of a game must be one of {", ".join(GAMES)}, not {split!r}')
        count, seed = GAMES[split], arguments.seed
        found = play_model(model, generator(device, SEEDS[split], seed), count, arguments.policy)
        cpu = chainer.get_device('@numpy')
        references = {name: play_blindly(config, actions, generator(cpu, SEEDS[split], seed), count).won.mean() * 100
                      for name, actions in REFERENCES.items()}
        caught = float(100 * found.won.mean())
        self.result = {
            'caught': caught, 'ci95': wilson_interval(caught, count),
            'by_speed': shares(found.won, found.speeds, np.linspace(0, config.speed or 1, BINS + 1)),
            'by_distance': shares(found.won, found.distances,
                                  np.linspace(0, found.distances.max(), BINS + 1).round()),
            'references': {name: float(share) for name, share in references.items()},
            'n': count, 'split': split, 'seed': seed, 'policy': arguments.policy or config.policy}

    def text(self):
        """The result as a text."""
        result = self.result
        lines = [*subject(self.model, result['policy']),
                 f'balls caught {with_interval(result["caught"], result["ci95"])}',
                 f'{result["n"]:,} {result["split"]} games', '', *columns(['without a network', 'caught'], [
                     (f'{name}, {WORDS[name]}', percent(share)) for name, share in result['references'].items()])]
        for key, head in HEADS.items():
            lines += ['', *columns([head, 'caught', 'games'], [
                (f'{least:g} to {most:g}', percent(share), f'{games:,}') for least, most, share, games in result[key]])]
        return '\n'.join(lines)
