"""What validation counts: scenes that are classified or read wrongly, and games that are lost."""
from chainer.backends import cuda

from ram import tasks
from ram.random_streams import generator
from ram.reports import evaluation, games, sequence_report
from ram.training.distributed import ALONE, share


class SceneValidation:
    """Counts the validation scenes that a model classifies wrongly.

    Args:
        model: the model.
        device: its chainer device.
        folder: folder of the data files.
        ranks: the Ranks, each of which looks at its share of the scenes.

    Attributes:
        locations: float32 array (T, 1, N, 2) on the CPU, where the model looked at the last call; None before it, of a
            control, of a model that reads, and of a rank without scenes.
    """
    locations = None

    def __init__(self, model, device, folder=None, ranks=ALONE):
        self.model, self.device = model, device
        self.images, self.labels = (share(tasks.send(device, array), ranks) for array in tasks.load_scenes(
            model.config, 'validation', folder))

    def __call__(self):
        """Returns: the number of mistakes, and of scenes; a rank may have none."""
        if not len(self.labels):
            return 0, 0
        rng = generator(self.device, self.model.config.seed)
        wrong = self.mistakes(rng)
        return wrong.sum(), len(wrong)

    def mistakes(self, rng):
        """Which scenes are classified wrongly: bool array (N,)."""
        found = evaluation.looks(self.model, self.images, rng)
        self.locations = None if found.locations is None else cuda.to_cpu(found.locations)
        return found.said[-1, 0] != self.labels


class SequenceValidation(SceneValidation):
    """Counts the validation scenes in which a model reads a wrong text."""

    def mistakes(self, rng):
        return sequence_report.mistakes(self.model, self.images, self.labels, rng)


class GameValidation:
    """Counts the validation games that a player loses: always the same games, whatever the run's seed.

    Args: as for SceneValidation; each of the Ranks plays its share.
    """

    def __init__(self, model, device, folder=None, ranks=ALONE):
        self.model, self.device, self.ranks = model, device, ranks

    def __call__(self):
        """Returns: the number of lost games, and of games."""
        count = -(-games.GAMES['validation'] // self.ranks.size)
        rng = generator(self.device, tasks.SEEDS['validation'], self.ranks.rank)
        won = games.play_model(self.model, rng, count).won
        return (~won).sum(), len(won)
