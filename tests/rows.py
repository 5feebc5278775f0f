"""A small task of reading: rows of one to three signs, which a retina of eight pixels tells apart at once."""
import dataclasses

import numpy as np
import pytest

from ram import registry
from ram.config import PRESETS
from ram.config.groups import Pictures, names
from ram.sequences import NOTHING
from ram.tasks.task import Task

SIGNS = np.array([np.ones((6, 6)), np.eye(6), np.pad(np.zeros((4, 4)), 1, constant_values=1)]) * 255
CLASSES, LONGEST, SIZE = ('a', 'b', 'c'), 3, 28


def pictures_of(labels):
    """Pictures uint8 (N, 1, 28, 28) of rows of labels, int array (N, 4)."""
    images = np.zeros((len(labels), 1, SIZE, SIZE), np.uint8)
    for image, row in zip(images, labels):
        for place, label in enumerate(row):
            if 0 <= label < len(CLASSES):
                image[0, 11:17, 3 + 8 * place:9 + 8 * place] = SIGNS[label]
    return images


def random_labels(rng, count):
    """Rows of labels, int32 (count, 4), of all lengths alike."""
    labels = np.full((count, LONGEST + 1), NOTHING, np.int32)
    for row in labels:
        length = rng.integers(1, LONGEST + 1)
        row[:length], row[length] = rng.integers(0, len(CLASSES), length), len(CLASSES)
    return labels


class RowsTask(Task):
    goal, classes = 'sequence', CLASSES
    unused = *names(Pictures), 'extra', 'speed', 'paddle', 'margin'

    def check(self, config):
        self.check_unused(config)

    def sources(self, config, split, folder):
        labels = random_labels(np.random.default_rng(len(split)), 400)
        return pictures_of(labels), labels

    def fingerprint(self, config, split, folder):
        return {name: [400, ''] for name in config.classes}

    def name(self, config):
        return 'rows of signs'


ROWS = RowsTask(model='reader', classes=CLASSES, longest=LONGEST, size=SIZE, patch=8, scales=2, glimpses=2, unit=32,
                hidden=48, core='lstm', start='center', batchsize=20, lr=3e-3, epoch=2)


@pytest.fixture(scope='module')
def rows():
    """Registers the task as the data set 'rows', for the tests of a module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry.DATASETS, '_entries', {**registry.DATASETS._entries, 'rows': ROWS})
        yield


def config(**changes):
    """A Config of the task, which must be registered."""
    return dataclasses.replace(PRESETS['rows'], **changes)
