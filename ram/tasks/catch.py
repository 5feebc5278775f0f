"""The game Catch (paper, section 4)."""
import dataclasses

from datasets import catch
from ram.config.groups import Augmentation, Sequence, names
from ram.tasks.task import Task

UNUSED = ('shift', 'digits', 'clutter', 'extra', 'images', 'fit', 'group_by', 'largest', 'colour', 'glimpses',
          'reward', 'mc', *names(Augmentation, Sequence))


class CatchTask(Task):
    """Catch on a screen of the Config's size."""
    goal = 'game'
    classes = catch.ACTIONS
    smallest = 4
    unused = UNUSED
    free = 'glimpses',  # the size decides, see ``completed``

    def check(self, config):
        self.check_unused(config)
        if config.classes != self.classes:
            raise ValueError(f'the actions of catch are {", ".join(self.classes)}, not {", ".join(config.classes)}')
        if config.paddle >= config.size:
            raise ValueError(f'paddle must be less than size, {config.size}, not {config.paddle}')

    def completed(self, config):
        """A game has a glimpse in every step, until the ball reaches the bottom row; ValueError if others are set."""
        if config.glimpses not in (config.size - 1, self.preset['glimpses']):
            raise ValueError(f'a game on {config.size} rows has {config.size - 1} steps, with a glimpse in each: '
                             f'glimpses must not be {config.glimpses}')
        return dataclasses.replace(config, glimpses=config.size - 1)

    def fingerprint(self, config, split, folder):
        return {}

    def new_games(self, config, rng, count):
        """A batch of ``count`` games on the generator's device, see ``datasets.catch.Catch``."""
        return catch.new_games(rng, count, config.size, config.paddle, config.speed)

    def name(self, config):
        return f'catch on {config.size} x {config.size} pixels'


CATCH = CatchTask(model='player', size=catch.SIZE, classes=catch.ACTIONS, glimpses=catch.SIZE - 1, normalise=True,
                  patch=6, scales=3, core='lstm', sigma=0.15, reinforce=0.03, batchsize=64, epoch=40)
