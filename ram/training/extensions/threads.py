"""The number of threads of NumPy's matrix products, which follows what other programs leave of the cores."""
import sys

import chainer
from chainer import training

from ram import threads


class Threads(training.Extension):
    """Chooses the number of threads anew after each epoch, and reports it: see ``ram.threads``.

    The number of threads changes the last bits of a product.  So it is in the log and in a snapshot, and a change is
    said.  Nothing changes if the user has set the number, or if several processes share the cores evenly.

    Args:
        alone: whether this process is the only one of the run.
    """
    name = 'threads'
    priority = training.PRIORITY_WRITER + 200

    def __init__(self, alone=True):
        self.fixed, self.load = threads.fixed() or not alone, threads.Load()

    def trigger(self, trainer):
        return trainer.updater.is_new_epoch

    def __call__(self, trainer):
        if not self.fixed:
            others = self.load.others()
            before, now = threads.current(), threads.suitable(others)
            if now != before:
                threads.limit(now)
                print(f'From iteration {trainer.updater.iteration + 1} on, {now} threads instead of {before} compute '
                      f'matrix products, since other programs use {others:.1f} cores: the last bits of the weights '
                      f'depend on that (to fix it, set OPENBLAS_NUM_THREADS)', file=sys.stderr)
        chainer.report({'threads': threads.current()})

    def serialize(self, serializer):
        """A resumed run has the threads that it had, unless the user has set another number, which is said.

        In a snapshot 0 stands for an unknown number: it was written on a GPU, or by an older version.
        """
        before = threads.current()
        now = int(serializer('threads', before)) or before
        if now != before and self.fixed:
            print(f'The run goes on with {before} threads instead of {now}: the last bits of its weights will differ',
                  file=sys.stderr)
        elif now != before:
            threads.limit(now)
