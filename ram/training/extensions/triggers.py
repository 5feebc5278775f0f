"""When to write a snapshot, and when to stop."""
import math
import time

from chainer import training

from ram.training.distributed import ALONE


class SnapshotTrigger:
    """The trigger of the snapshots.  It may change when a run is resumed.

    Args:
        every: 'epoch'; or a number of iterations, such as '500'; or of minutes, such as '10m' or '0.5m'.
        ranks: the Ranks; the clock of the first one decides.

    Raises:
        ValueError: ``every`` is something else.
    """

    def __init__(self, every, ranks=ALONE):
        number, minutes = every.removesuffix('m'), every.endswith('m')
        try:
            self.every = 1 if every == 'epoch' else float(number) if minutes else int(number)
        except ValueError:
            self.every = 0
        if not 0 < self.every < math.inf:
            raise ValueError(f"--snapshot must be 'epoch', a number of iterations such as 500, or of minutes such as "
                             f'10m, not {every!r}')
        self.unit = 'epoch' if every == 'epoch' else 'minutes' if minutes else 'iterations'
        self.last, self.answer, self.ranks = time.monotonic(), (0, False), ranks

    def __call__(self, trainer):
        iteration = trainer.updater.iteration
        if self.answer[0] != iteration:  # one answer for each iteration, however often it is called
            self.answer = iteration, self._due(trainer.updater)
        return self.answer[1]

    def _due(self, updater):
        if self.unit == 'epoch':
            return updater.is_new_epoch
        if self.unit == 'iterations':
            return updater.iteration % self.every == 0
        # Each process has its own clock.  The first one's decides; otherwise they would write at different times.
        due = self.ranks.from_first(lambda: time.monotonic() - self.last >= 60 * self.every)
        if due:
            self.last = time.monotonic()
        return due


class Stop:
    """The trigger that ends a run: after its epochs, or after the iteration in which a signal to stop arrived.

    Args:
        epochs: epochs to train.
        ranks: the Ranks, which stop together.

    Attributes:
        signal: the number of the signal that ended the run, or 0.
    """

    def __init__(self, epochs, ranks=ALONE):
        self.after, self.ranks = training.triggers.IntervalTrigger(epochs, 'epoch'), ranks
        self.received = self.signal = 0

    def __call__(self, trainer):
        self.signal = max(self.ranks.gather(self.received))
        return self.signal > 0 or self.after(trainer)

    def get_training_length(self):
        """The length of the run, for Chainer's progress bar."""
        return self.after.get_training_length()

    def on_signal(self, number, frame):
        """A handler for signal.signal()."""
        self.received = number
