"""SVHN's house numbers, or the stand-in made of font digits: the pictures themselves, or on a larger street."""
import datasets
from datasets import scenes
from ram.config.groups import Pictures, Sequence, names
from ram.tasks.task import PHOTOGRAPHS, Task


class SvhnTask(Task):
    """Colour pictures of 32 x 32 pixels."""
    unused = *names(Pictures, Sequence), 'clutter', 'speed', 'paddle'
    pictures = True

    def check(self, config):
        super().check(config)
        if config.size < datasets.svhn.SIDE:
            raise ValueError(f'the pictures of svhn are {datasets.svhn.SIDE} pixels wide: size must be at least '
                             f'{datasets.svhn.SIDE}, not {config.size}')

    def channels(self, config):
        return 3

    def sources(self, config, split, folder):
        return datasets.load_pictures(config.digits, split, folder, config.extra)

    def check_here(self, config, split, folder):
        path = datasets.svhn.path_of('test' if split == 'test' else 'train', datasets.data_folder(folder))
        if config.digits != 'fonts' and not path.exists():
            raise FileNotFoundError(f'there is no {path}')

    def moving(self, config):
        side = datasets.svhn.SIDE
        return None if config.size == side else (side, scenes.street_pieces(config.size))

    def name(self, config):
        where = '' if config.size == datasets.svhn.SIDE else f' on {config.size} x {config.size} streets'
        return ('street digits (a stand-in for SVHN)' if config.digits == 'fonts' else 'SVHN') + where

    def title(self, config):
        plain, name = ('Street digits', 'Digits') if config.digits == 'fonts' else ('House numbers',) * 2
        return plain if config.size == datasets.svhn.SIDE else f'{name} on a street'

    def table(self, config):
        if config.extra:
            return None  # it learned from many more pictures than the rows of its table
        return f'{"street" if config.digits == "fonts" else "svhn"}{config.size}'


# Tuned on real pictures: 4,434 of SVHN's.
SVHN = SvhnTask(size=32, shift=3, patch=16, scales=2, glimpses=4, epoch=120, **PHOTOGRAPHS)
