"""The user's own pictures: a folder of class folders."""
import dataclasses
import pathlib
import sys

from datasets import folder as pictures
from datasets import splits
from ram.tasks.task import PHOTOGRAPHS, Task


class FolderTask(Task):
    """The user's pictures as squares of the Config's size; classes and colour are found in the data."""
    unused = 'clutter', 'extra', 'speed', 'paddle'

    def check(self, config):
        self.check_unused(config)
        if config.group_by:
            splits.compiled(config.group_by)

    def channels(self, config):
        return 3 if config.colour else 1

    def completed(self, config):
        """Raises: as :func:`datasets.folder.describe`."""
        classes, colour = pictures.describe(_root(config), config.group_by)
        return dataclasses.replace(config, classes=classes, colour=colour)

    def sources(self, config, split, folder):
        """Lists the pictures that cannot be read on stderr."""
        images, labels, left_out = pictures.load(
            _root(config), split, config.classes, config.size, config.colour, config.fit, config.group_by)
        if left_out:
            print(f'{len(left_out)} of {len(left_out) + len(images)} {split} pictures cannot be read and are left out:',
                  *left_out, sep='\n  ', file=sys.stderr)
        return images, labels

    def name(self, config):
        return config.images


def _root(config):
    if not config.images:
        raise ValueError('the dataset folder needs --images DIR, a folder of class folders of pictures')
    return pathlib.Path(config.images)


# Tuned on 4,368 real pictures of traffic signs: with the first glimpse in the middle, where they are, they are learned
# in a quarter of the epochs.
FOLDER = FolderTask(size=64, shift=4, patch=16, scales=2, glimpses=4, start='center', epoch=120, **PHOTOGRAPHS)
