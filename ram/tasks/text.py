"""The user's own pictures of texts, such as numbers of meters, plates and serial numbers."""
import dataclasses

from datasets import text_folder
from ram.tasks.own_pictures import OwnPictures, suited
from ram.tasks.remarks import say
from ram.tasks.sequence import SequenceTask, by_first_character, line
from ram.tasks.task import PHOTOGRAPHS


class TextTask(OwnPictures, SequenceTask):
    """The user's pictures as squares of the Config's size.

    The classes that are found in the data are the characters; so is the number of those of the longest text.
    """
    asked = 'a folder of pictures with a labels.csv (file,label)'
    unused = *SequenceTask.unused, 'digits', 'extra', 'margin'

    def check(self, config):
        super().check(config)
        if config.fit == 'native':
            raise ValueError(f'fit must be resize or pad for {config.dataset}, not native')

    def completed(self, config):
        """Says on stderr what is perhaps not read as it is meant.

        Raises: as :func:`datasets.text_folder.describe`.
        """
        root = self.root(config)
        classes, longest, colour, count = text_folder.describe(root, config.group_by, config.largest, config.longest)
        for heading, paths in text_folder.TextFolder(root, config.group_by).remarks:
            say(heading, paths)
        return suited(dataclasses.replace(config, classes=classes, longest=config.longest or longest, colour=colour),
                      count)

    def sources(self, config, split, folder):
        """Says on stderr which pictures are left out, and why, and what else is to be known of them."""
        images, labels, remarks = text_folder.load(
            self.root(config), split, config.classes, config.longest, config.size, config.colour, config.fit,
            config.group_by, config.largest)
        for heading, lines in remarks:
            say(heading, lines)
        return images, labels

    def fingerprint(self, config, split, folder):
        """The pictures are known by their files' paths and sizes, so that none is read."""
        root = self.root(config)
        pictures = [picture for picture in text_folder.TextFolder(root, config.group_by).pictures(split)
                    if len(picture.text) <= config.longest]
        texts = [picture.text for picture in pictures]
        return by_first_character(sorted(set(''.join(texts))), texts, [line(picture, root) for picture in pictures])


# The values for photographs, with smaller changes: the first and the last character stay in the picture.
TEXT = TextTask(model='reader', size=64, shift=2, longest=0, patch=16, scales=2, glimpses=3, start='center', epoch=0,
                **{**PHOTOGRAPHS, 'zoom': 0.1, 'batchsize': 0})
