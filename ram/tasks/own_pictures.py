"""What the tasks of the user's own pictures share: their folder, and how long and in which batches they are learned."""
import dataclasses
import pathlib

from datasets import splits
from ram.tasks.task import Task

LOOKS = 300_000     # epochs times pictures
EPOCHS = 20, 300    # the fewest and the most that are chosen
BATCH = 32          # pictures


class OwnPictures(Task):
    """Pictures of the user's, in the folder ``config.images``.

    Their classes, and whether they have colour, are found in the data.

    Attributes:
        asked: what the folder must be, the end of a sentence.
    """
    classes = None
    chosen = 'batchsize', 'epoch'
    pictures = own = True

    def check(self, config):
        self.check_unused(config)
        if config.group_by:
            splits.compiled(config.group_by)

    def root(self, config):
        """The folder, a pathlib.Path; ValueError if there is none."""
        if not config.images:
            raise ValueError(f'the dataset {config.dataset} needs --images DIR, {self.asked}')
        return pathlib.Path(config.images)

    def channels(self, config):
        return 3 if config.colour else 1

    def name(self, config):
        return config.images


def suited(config, count):
    """The Config for so many training pictures: what it leaves open, by 0, is chosen."""
    batch = max(1, min(BATCH, count // 2))  # some of them may prove unreadable
    return dataclasses.replace(config, epoch=config.epoch or epochs(count), batchsize=config.batchsize or batch)


def epochs(count):
    """How many epochs so many training pictures need: about LOOKS looks at pictures, within EPOCHS."""
    return min(max(round(LOOKS / count), EPOCHS[0]), EPOCHS[1])
