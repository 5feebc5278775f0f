"""What a Config's task is made of: its sources, its fixed scenes, its classes."""
import dataclasses
import pathlib
import sys

import datasets
from datasets import folder as own_pictures
from datasets import scenes

# Seeds of the fixed scenes, the same for every run, whatever its own seed.
SEEDS = {'validation': 1_000_001, 'test': 1_000_002, 'train+validation': 1_000_003}


def completed(config):
    """The Config with what is found in the data: of a folder's pictures, their classes and whether they have colour.

    Raises: as :func:`datasets.folder.describe`.
    """
    if config.dataset != 'folder':
        return config
    classes, colour = own_pictures.describe(_root(config), config.group_by)
    return dataclasses.replace(config, classes=classes, colour=colour)


def load_sources(config, split, folder=None):
    """What a task's scenes are made of.  Pictures that cannot be read are named on stderr.

    Args:
        config: the Config.
        split: 'train', 'validation', 'train+validation' or 'test'.
        folder: folder of the data files, see :func:`datasets.data_folder`.

    Returns:
        uint8 array, digits (N, d, d) or pictures (N, C, d, d), and int32 array (N,); see ``scenes.fresh_scenes``.
    """
    if config.dataset == 'folder':
        images, labels, left_out = own_pictures.load(
            _root(config), split, config.classes, config.size, config.colour, config.fit, config.group_by)
        if left_out:
            print(f'{len(left_out)} of {len(left_out) + len(images)} {split} pictures cannot be read and are left out:',
                  *left_out, sep='\n  ', file=sys.stderr)
        return images, labels
    if config.dataset == 'svhn':
        return datasets.load_pictures(config.digits, split, folder, config.extra)
    return datasets.load_digits(config.digits, split, folder)


def load_scenes(config, split, folder=None):
    """The fixed scenes of a split: one of every source, the same for every model of the task.

    Returns:
        uint8 array (N, C, size, size) and int32 array (N,).
    """
    sources, labels = load_sources(config, split, folder)
    return scenes.fixed_scenes(sources, config.size, config.clutter, SEEDS[split]), labels


def digit_boxes(config, split, count):
    """Where the digits of a split's fixed scenes are.

    Returns:
        float array (count, 2), their centres in pixels, columns (x, y), and their side in pixels; or None if all are in
        the same place.
    """
    if config.dataset == 'folder':
        return None
    side = datasets.svhn.SIDE if config.dataset == 'svhn' else datasets.DIGIT
    if side == config.size:
        return None
    pieces = scenes.street_pieces(config.size) if config.dataset == 'svhn' else config.clutter
    corners = scenes.fixed_layout(count, config.size, pieces, SEEDS[split], side).corner
    return corners[:, ::-1] + side / 2, side


def _root(config):
    if not config.images:
        raise ValueError('the dataset folder needs --images DIR, a folder of class folders of pictures')
    return pathlib.Path(config.images)
