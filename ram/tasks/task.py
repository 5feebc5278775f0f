"""The interface of a task."""
import dataclasses
import hashlib

import numpy as np

from datasets import picture_reading, shown, visible
from ram.config.effect import check_effect
from ram.config.groups import DIGITS, Pictures, Sequence, names

# What presets for photographs have in common.  Pictures are not mirrored, since digits, letters and signs must not be.
PHOTOGRAPHS = dict(
    normalise=True, glimpse_network='conv', core='lstm', batchsize=32, weight_decay=0.1,
    rotate=15.0, zoom=0.3, shear=0.2, elastic=1.0, brightness=0.6, contrast=0.6, tint=0.3)


def digest(*parts):
    """A short digest of bytes, or of contiguous arrays, for comparisons: str."""
    found = hashlib.sha256()
    for part in parts:
        found.update(part)
    return found.hexdigest()[:16]


def file_line(path, root, *more):
    """A file below a folder as bytes for :func:`digest`, without being read: its path, its size, and ``more``."""
    fields = path.relative_to(root).as_posix(), visible.state(path).st_size, *more
    return ('\0'.join(map(str, fields)) + '\n').encode('utf-8', 'surrogateescape')


class Task:
    """A data set as a task: its recipe, its checks and its sources.  (For those of digits, see ``digits``.)

    Args:
        preset: the fields of its Config that differ from their defaults.

    Attributes:
        preset: these fields, a dict.
        goal: 'classification', 'sequence' or 'game'; it decides what a run does, see ``ram.registry``.
        objects: the number of digits in a scene.
        classes: what the answers must be; None if the data say it.
        chosen: the fields of a Config that are chosen from the data if they are 0, see ``completed``.
        smallest: the smallest side of a scene in pixels.
        unused: the fields of a Config that have no effect on this task, and so must have their defaults.
        free: those of them that may have any value all the same.
        digits: the values of the field of that name that it knows.
        pictures: whether its scenes are photographs, or their stand-in, and not digits on black.
        own: whether its pictures are the user's own, and so may be private.
        preparation: how it prepares a user's picture, a text; '' if it only fits it into a scene.
    """
    goal = 'classification'
    objects = 1
    classes = DIGITS
    chosen = ()
    smallest = 28
    preparation = ''
    unused = *names(Pictures, Sequence), 'extra', 'speed', 'paddle'
    free = ()
    digits = 'mnist', 'fonts'
    pictures = False
    own = False

    def __init__(self, **preset):
        self.preset = preset

    def check(self, config):
        """Raises ValueError if the Config needs something that this task does not have."""
        self.check_unused(config)
        if config.classes != self.classes:
            raise ValueError(f'the classes of {config.dataset} are {shown.few(self.classes)}, not '
                             f'{shown.few(config.classes)}')
        if config.digits not in self.digits:
            raise ValueError(f'digits must be {" or ".join(self.digits)} for {config.dataset}, not {config.digits!r}')
        if config.extra and config.digits != 'mnist':
            raise ValueError(f'there are no extra pictures with digits {config.digits}: extra must be off')

    def check_unused(self, config):
        """Raises ValueError if a field without effect does not have its default."""
        changed = [field.name for field in dataclasses.fields(config)
                   if field.name not in self.free and getattr(config, field.name) != field.default]
        check_effect(config, changed, of='dataset')

    def implied(self, flags):
        """Fields, by name, that get other values than the preset's because of some flags, unless they are flags too.

        Args:
            flags: dict of the given flags' values, by field.
        """
        return {}

    def channels(self, config):
        """Channels of a scene."""
        return 1

    def completed(self, config):
        """The Config, completed from the data; raises the errors of the data set."""
        return config

    def sources(self, config, split, folder):
        """The sources of scenes: uint8 array and int32 array (N,); see ``ram.tasks.load_sources``."""
        raise NotImplementedError

    def check_here(self, config, split, folder):
        """Raises FileNotFoundError if the sources of a split would have to be downloaded first."""

    def fingerprint(self, config, split, folder):
        """The number of pictures of each class, and a digest of them: dict by class of [int, str]; {} for a game."""
        images, labels = self.sources(config, split, folder)
        chosen = [np.flatnonzero(labels == label) for label in range(len(DIGITS))]
        return {name: [len(rows), digest(rows, np.ascontiguousarray(images[rows]))]
                for name, rows in zip(DIGITS, chosen)}

    def answers(self, labels):
        """The labels of scenes of several digits.

        Args:
            labels: int32 array (N, objects), the digits.

        Returns:
            int32 array (N,), of indexes of ``classes``.
        """
        raise NotImplementedError

    def picture(self, config, path, scaled, as_is=False):
        """The user's picture as a scene, see ``ram.tasks.read_picture``."""
        return picture_reading.read(path, config.size, config.channels == 3, config.fit, largest=config.largest,
                                    scaled=scaled)

    def moving(self, config):
        """The digit or picture that has a random place in a larger scene.

        Returns:
            Its side, and the number of pieces of others around it; None if the scenes are the sources themselves.
        """
        return None

    def title(self, config):
        """The task in words, as the heading of a picture."""
        return self.name(config)

    def name(self, config):
        """The task's name in a report."""
        return f'{config.dataset}: digits from {"MNIST" if config.digits == "mnist" else "fonts"}'

    def table(self, config):
        """The table of results that a model of this task belongs in, or None; see ``ram.reports.published.TITLES``."""
        return None
