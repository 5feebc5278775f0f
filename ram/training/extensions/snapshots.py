"""Extensions of the trainer: validation, snapshots, and a stop if the loss is not finite."""
import math
import pathlib

import chainer
import numpy as np
from chainer import training

from ram import checkpoint
from ram.training.distributed import ALONE


class Validation(training.Extension):
    """Reports the validation error and keeps the best model.

    Args:
        model: the model.
        count: function without arguments that returns the number of this process's mistakes and of its trials.
        made: see ``ram.provenance``; written into the model file.
        ranks: the Ranks.
    """
    name = 'validation'
    priority = training.PRIORITY_WRITER
    trigger = 1, 'epoch'

    def __init__(self, model, count, made=None, ranks=ALONE):
        self.model, self.count, self.made, self.ranks = model, count, made, ranks
        self.best = math.inf

    def evaluate(self):
        """The numbers of this rank's mistakes and trials; a communicator takes the mean of both over all ranks."""
        wrong, all_of_them = self.count()
        return {'wrong': float(wrong), 'all': all_of_them}

    def __call__(self, trainer):
        found = self.evaluate()
        error = found['wrong'] / found['all']
        chainer.report({'validation/error': error})
        if error < self.best:
            self.best = error
            if self.ranks.first:
                checkpoint.save_model(pathlib.Path(trainer.out) / checkpoint.MODEL, self.model, self.made)

    def serialize(self, serializer):
        self.best = serializer('best', self.best)


class Finite(training.Extension):
    """Stops a run whose loss is no longer a finite number, before anything is saved.

    On the CPU it checks every iteration.  On a GPU a check means waiting, so it checks every hundredth iteration, the
    end of an epoch, and before a snapshot.

    Args:
        snapshots: the trigger of the snapshots.
    """
    name = 'finite'
    priority = training.PRIORITY_EDITOR + 1000

    def __init__(self, snapshots):
        self.snapshots = snapshots

    def trigger(self, trainer):
        updater = trainer.updater
        on_cpu = updater.get_optimizer('main').target.xp is np
        return on_cpu or updater.iteration % 100 == 0 or updater.is_new_epoch or self.snapshots(trainer)

    def __call__(self, trainer):
        values = {key: float(getattr(value, 'array', value)) for key, value in trainer.observation.items()}
        bad = [f'{key.removeprefix("main/")} is {value}' for key, value in values.items() if not math.isfinite(value)]
        if bad:
            raise ValueError(f'in iteration {trainer.updater.iteration} the {" and the ".join(bad)}: training stops, '
                             f'and {trainer.out} keeps the last good snapshot; try a smaller --lr or --reinforce')


class Snapshot(training.Extension):
    """Writes snapshots.  They need no state of random generators: see ``ram.random_streams``.

    Args:
        ranks: the Ranks; a resumed run must have the same number.
    """
    name = 'snapshot'
    priority = -100

    def __init__(self, ranks):
        self.ranks = ranks

    def __call__(self, trainer):
        if self.ranks.first:
            checkpoint.save_snapshot(pathlib.Path(trainer.out) / checkpoint.SNAPSHOT, trainer)

    def serialize(self, serializer):
        processes = serializer('processes', self.ranks.size)
        if processes != self.ranks.size:
            raise ValueError(f'it was written by {processes} processes, and this run has {self.ranks.size}')
