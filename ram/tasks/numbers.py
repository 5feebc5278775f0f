"""Whole house numbers, or a stand-in: rows of font digits, or of SVHN's digits."""
import datasets
from datasets import house_numbers, labelled, rows
from ram.config.groups import WIDEST, Pictures, names
from ram.tasks.remarks import say
from ram.tasks.sequence import SequenceTask, by_first_character, line
from ram.tasks.task import PHOTOGRAPHS


class NumbersTask(SequenceTask):
    """Colour squares around house numbers."""
    unused = *SequenceTask.unused, *names(Pictures)
    digits = 'mnist', 'fonts', 'svhn'  # 'mnist', the default, stands for the real numbers

    def check(self, config):
        super().check(config)
        if not config.longest:
            raise ValueError(f'longest must be at least 1 for {config.dataset}, not 0')

    def implied(self, flags):
        """The digits of a wider picture keep their size in pixels.  A margin that is refused implies no odd size."""
        margin = max(1, min(WIDEST, flags.get('margin', 1)))
        return {'size': 2 * round(margin * self.preset['size'] / 2)}

    def channels(self, config):
        return 3

    def sources(self, config, split, folder):
        """Says on stderr which numbers are left out, and why."""
        folder, how = datasets.data_folder(folder), (config.size, config.longest, config.margin)
        if config.digits == 'mnist':
            images, texts, remarks = house_numbers.load(folder, split, *how, config.extra)
            for heading, lines in remarks:
                say(heading, lines)
        else:
            images, texts = rows.load(config.digits, split, folder, *how)
        return images, labelled.encoded(texts, config.classes, config.longest)

    def fingerprint(self, config, split, folder):
        """Photographs are known by their files' names and sizes, so that none is read."""
        folder = datasets.data_folder(folder)
        if config.digits != 'mnist':
            images, texts = rows.load(config.digits, split, folder, config.size, config.longest, config.margin)
            return by_first_character(config.classes, texts, images)
        pictures = [(picture, part.folder.parent) for part in house_numbers.parts(folder, split, config.extra)
                    for picture in part.numbers if len(picture.text) <= config.longest]
        return by_first_character(config.classes, [picture.text for picture, _ in pictures],
                                  [line(picture, root) for picture, root in pictures])

    def name(self, config):
        kind = {'mnist': 'house numbers', 'fonts': 'rows of font digits', 'svhn': "rows of SVHN's digits"}
        where = '' if config.margin == 1 else f', somewhere in a square {config.margin:g} times as wide'
        return kind[config.digits] + where

    def title(self, config):
        return 'House numbers' if config.digits == 'mnist' else 'Rows of digits'


# The values for photographs, with smaller changes: the first and the last digit stay in the picture.
NUMBERS = NumbersTask(model='reader', size=64, shift=2, patch=16, scales=2, glimpses=3, start='center', epoch=120,
                      **{**PHOTOGRAPHS, 'zoom': 0.2})
