"""Extensions of the trainer: validation, snapshots, and a stop if the loss is not finite."""
import copy
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
        error, file = found['wrong'] / found['all'], pathlib.Path(trainer.out) / checkpoint.MODEL
        chainer.report({'validation/error': error})
        if error < self.best or self.ranks.first and not file.exists():  # a model that was removed gets a successor
            if self.ranks.first:
                checkpoint.save_model(file, self.model, self.made)
            self.best = error

    def serialize(self, serializer):
        self.best = serializer('best', self.best)


class Finite(training.Extension):
    """Stops a run whose loss is no longer a finite number, with a FloatingPointError, before anything is saved.

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
            raise FloatingPointError(f'the {" and the ".join(bad)}')


class Snapshot(training.Extension):
    """Writes snapshots.  They need no state of random generators: see ``ram.random_streams``.

    An update can leave weights so large that nothing good comes from them, though each is finite.  So a snapshot is
    written only if the next batch has a finite loss; otherwise a FloatingPointError is raised, and the last one stays.

    Args:
        ranks: the Ranks; a resumed run must have the same number.
        written: function that is called with the iteration, in the first of them, once its snapshot is written.
    """
    name = 'snapshot'
    priority = -100

    def __init__(self, ranks, written=lambda iteration: None):
        self.ranks, self.written = ranks, written

    def __call__(self, trainer):
        if self.ranks.first:
            loss = self.next_loss(trainer)
            if not math.isfinite(loss):
                raise FloatingPointError(f'the update makes the next loss {loss}')
            checkpoint.save_snapshot(pathlib.Path(trainer.out) / checkpoint.SNAPSHOT, trainer)
            self.written(trainer.updater.iteration)

    @staticmethod
    def next_loss(trainer):
        """The loss of the next batch, which is not taken from the iterator."""
        updater = trainer.updater
        batch = next(copy.copy(updater.get_iterator('main')))
        with (trainer.reporter.scope({}), chainer.using_config('train', False), chainer.no_backprop_mode()):
            return float(updater.get_optimizer('main').target(*batch).array)

    def serialize(self, serializer):
        processes = serializer('processes', self.ranks.size)
        if processes != self.ranks.size:
            raise ValueError(f'it was written by {processes} processes, and this run has {self.ranks.size}')
