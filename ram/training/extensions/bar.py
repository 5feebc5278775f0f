"""The progress bar of a run."""
from chainer.training import extensions


class Bar(extensions.ProgressBar):
    """Chainer's, with a clock that runs from the start of training.

    Chainer's own runs from the first time that the bar is drawn, which has ``inf iters/sec`` therefore.
    """
    name = 'ProgressBar'  # in snapshots

    def initialize(self, trainer):
        self._pbar.update_speed(trainer.updater.iteration, trainer.updater.epoch_detail)
