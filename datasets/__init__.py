"""Digits from MNIST or from fonts, and the scenes that are composed of them."""
import os
import pathlib

from datasets import fonts, mnist

DIGIT = 28
VALIDATION = 1 / 12


def data_folder(folder=None):
    """The folder of the data files: the one given, else ``$RAM_DATA``, else ``data``."""
    return pathlib.Path(folder or os.environ.get('RAM_DATA') or 'data')


def load_digits(source, split, folder=None):
    """Digits and their labels.

    Args:
        source: 'mnist' or 'fonts'.
        split: 'train', 'validation', 'train+validation' or 'test'.  The last twelfth of the training digits is kept
            for validation: 55,000 and 5,000 of MNIST's, whose 10,000 test digits are the test split.
        folder: where MNIST's files are; see :func:`data_folder`.

    Returns:
        uint8 array (N, 28, 28) in [0, 255] and int32 array (N,) in [0, 9].

    Raises:
        FileNotFoundError: a file is missing and could not be downloaded.
        ValueError: a file is damaged.
    """
    part = 'test' if split == 'test' else 'train'
    digits, labels = fonts.load(part) if source == 'fonts' else mnist.load(part, data_folder(folder))
    kept = len(digits) - round(len(digits) * VALIDATION)
    chosen = {'train': slice(kept), 'validation': slice(kept, None), 'train+validation': slice(None),
              'test': slice(None)}[split]
    return digits[chosen], labels[chosen]
