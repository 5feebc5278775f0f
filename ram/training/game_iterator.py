"""Batches of new games for Chainer's trainer."""
import chainer

from ram.random_streams import BATCH, generator
from ram.registry import DATASETS
from ram.training.distributed import ALONE

GAMES = 20_000  # in an epoch: games have no end, so an epoch is only how often a run is validated


class GameIterator(chainer.dataset.Iterator):
    """Draws new games without end.

    A batch is the games, and a generator from which everything random in this batch is drawn: first the games, then
    what the player does.  It depends on the seed, the rank and the iteration alone, so that a resumed run draws the
    same.

    Args:
        new_games: called with a generator and a number, returns that many new games.
        batch_size: games in a batch of this process.
        device: chainer device.
        seed: the run's seed.
        ranks: the Ranks.
    """

    def __init__(self, new_games, batch_size, device, seed=0, ranks=ALONE):
        self.new_games, self.batch_size, self.device, self.seed, self.ranks = new_games, batch_size, device, seed, ranks
        self.iteration, self.is_new_epoch = 0, False

    def __next__(self):
        rng = generator(self.device, self.seed, BATCH, self.ranks.rank, self.iteration)
        before = self.epoch
        self.iteration += 1
        self.is_new_epoch = self.epoch > before
        return self.new_games(rng, self.batch_size), rng

    @property
    def epoch(self):
        return int(self.epoch_detail)

    @property
    def epoch_detail(self):
        return self.iteration * self.batch_size * self.ranks.size / GAMES

    def serialize(self, serializer):
        self.iteration = serializer('iteration', self.iteration)
        self.is_new_epoch = serializer('is_new_epoch', self.is_new_epoch)


def make_iterator(config, split, device, folder=None, ranks=ALONE):
    """The GameIterator of a Config's game; split and folder are unused."""
    return GameIterator(lambda rng, count: DATASETS[config.dataset].new_games(config, rng, count), config.batchsize,
                        device, config.seed, ranks)
