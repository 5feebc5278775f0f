"""The learning rate over a run."""
from chainer import training

from ram.training.optimizers import rate_name


class Schedule(training.Extension):
    """Sets the learning rate of each iteration.

    The rate depends on how far the run is and on nothing else, and so it needs no place in a snapshot: a run that is
    resumed with more epochs, or with more pictures, has the right one from its first iteration.

    Args:
        config: the Config, with the first rate, the form of the schedule and the number of epochs.
    """
    name = 'schedule'

    def __init__(self, config):
        self.config = config

    def trigger(self, trainer):
        return True

    def initialize(self, trainer):
        self(trainer)

    def __call__(self, trainer):
        updater = trainer.updater
        setattr(updater.get_optimizer('main'), rate_name(self.config), self.rate(updater.epoch, updater.epoch_detail))

    def rate(self, epoch, detail):
        """The rate of the next iteration.

        Args:
            epoch: int, complete epochs.
            detail: float, the same with the part of an epoch that has begun.
        """
        config = self.config
        if config.schedule == 'exponential':
            return config.lr * config.decay ** epoch
        if config.schedule == 'linear':
            return config.lr * max(0, 1 - detail / config.epoch)
        if config.schedule == 'step':
            return config.lr * 0.1 ** (epoch // config.drop)
        return config.lr
