"""Digits from MNIST or from fonts, pictures of SVHN or of the user, and the scenes composed of them."""
import os
import pathlib

import numpy as np

from datasets import fonts, mnist, street, svhn

DIGIT = 28
VALIDATION = 1 / 12


def data_folder(folder=None):
    """The folder of the data files: the one given, else ``$RAM_DATA``, else ``data``."""
    return pathlib.Path(folder or os.environ.get('RAM_DATA') or 'data')


def load_digits(source, split, folder=None):
    """Digits and their labels.

    Args:
        source: 'mnist' or 'fonts'.
        split: 'train', 'validation', 'train+validation' or 'test'.  The last twelfth of the training digits is the
            validation split.  MNIST has 55,000, 5,000 and 10,000 digits in the three splits.
        folder: where MNIST's files are; see :func:`data_folder`.

    Returns:
        uint8 array (N, 28, 28) in [0, 255] and int32 array (N,) in [0, 9].

    Raises:
        FileNotFoundError: a file is missing and could not be downloaded.
        ValueError: a file is damaged.
    """
    part = 'test' if split == 'test' else 'train'
    return _split(*(fonts.load(part) if source == 'fonts' else mnist.load(part, data_folder(folder))), split)


def load_pictures(source, split, folder=None, extra=False):
    """SVHN's pictures and the digit in the middle of each.

    Args:
        source: 'fonts' for the stand-in drawn from fonts, else SVHN.
        split, folder: as for :func:`load_digits`; SVHN's files are in ``folder / 'svhn'``.
        extra: whether the training split includes SVHN's 'extra' pictures.

    Returns:
        uint8 array (N, 3, 32, 32) and int32 array (N,) in [0, 9].

    Raises: as :func:`load_digits`.
    """
    part = 'test' if split == 'test' else 'train'
    if source == 'fonts':
        return _split(*street.load(part), split)
    pictures = _split(*svhn.load(part, data_folder(folder)), split)
    if extra and part == 'train' and split != 'validation':
        more = svhn.load('extra', data_folder(folder))
        return tuple(np.concatenate(both) for both in zip(pictures, more))
    return pictures


def _split(images, labels, split):
    kept = len(images) - round(len(images) * VALIDATION)
    chosen = {'train': slice(kept), 'validation': slice(kept, None), 'train+validation': slice(None),
              'test': slice(None)}[split]
    return images[chosen], labels[chosen]
