"""The user's own pictures: a folder of class folders."""
import dataclasses

from datasets import folder as pictures
from datasets.class_folders import Folder
from ram.config.effect import check_effect
from ram.config.groups import Sequence, names
from ram.networks.native_sensor import NativePictures
from ram.registry import MODELS
from ram.tasks.own_pictures import OwnPictures, suited
from ram.tasks.remarks import say
from ram.tasks.task import PHOTOGRAPHS, digest, file_line


class FolderTask(OwnPictures):
    """The user's pictures: squares of the Config's size, or native ones of their own sizes.

    Native pictures are never copied as a whole, so their random changes are made in the glimpses.  Where these are in
    pixels, the longer side has ``size``.
    """
    unused = 'digits', 'clutter', 'extra', 'speed', 'paddle', *names(Sequence)
    free = 'digits',  # older files may have another
    asked = 'a folder of class folders of pictures'

    def check(self, config):
        super().check(config)
        if config.fit == 'native':
            self.check_native(config)

    def check_native(self, config):
        """Raises ValueError if a Config of native pictures needs pictures of one size."""
        if config.size != self.preset['size']:
            check_effect(config, ['size'], of='fit')
        if not MODELS[config.model].any_size or config.context:
            raise ValueError('with fit native, no picture is seen as a whole: model must be ram, and context off, not '
                             f'{config.model!r}{" with context" * config.context}')

    def implied(self, flags):
        return {'largest': 0} if flags.get('fit') == 'native' else {}

    def completed(self, config):
        """Says on stderr what is perhaps not read as it is meant.

        Raises: as :func:`datasets.folder.describe`.
        """
        root = self.root(config)
        classes, colour, count = pictures.describe(root, config.group_by, config.largest)
        for heading, paths in Folder(root, config.group_by).remarks:
            say(heading, paths)
        return suited(dataclasses.replace(config, classes=classes, colour=colour), count)

    def sources(self, config, split, folder):
        """Says on stderr which pictures cannot be read, and what else is to be known of them."""
        images, labels, remarks = pictures.load(self.root(config), split, config.classes, config.size, config.colour,
                                                config.fit, config.group_by, config.factor, config.largest)
        for heading, lines in remarks:
            say(heading, lines)
        return (NativePictures(images.store, images.indexes) if config.fit == 'native' else images), labels

    def fingerprint(self, config, split, folder):
        """The pictures are known by their files' paths and sizes, so that none is read."""
        root = self.root(config)
        return {name: [len(paths), digest(*(file_line(path, root) for path in paths))]
                for name, paths in pictures.class_files(root, split, config.group_by).items()}


# Tuned on real photographs: signs are learned as fast as from the middle alone, and on meters the gaze goes on learning
# although one look is nearly enough.
FOLDER = FolderTask(size=64, shift=4, patch=16, scales=2, glimpses=4, start='mixed', epoch=0,
                    **{**PHOTOGRAPHS, 'batchsize': 0})
