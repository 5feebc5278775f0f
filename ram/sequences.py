"""Texts, such as house numbers, as rows of labels: the characters from left to right, then the end, then nothing.

A row has a place for each character of the longest text, and one for the end.  A character is an index of the Config's
classes, the end is the number of classes, and NOTHING fills the rest.
"""
import numpy as np
from chainer.backends import cuda

from datasets.labelled import PADDING

END = 'end'    # the name of the output that stands for it
NOTHING = PADDING   # no label, as in chainer.functions.softmax_cross_entropy


def places(config):
    """The number of answers that a model of a Config gives at most: a character in each place, and the end."""
    return config.longest + 1


def read(said, end):
    """What is read from the answers in all places: the first end stops it.

    The last place is an end whatever is said there, since a longer text is not to be read.

    Args:
        said: int array (N, places), the likeliest output in each place.
        end: the index of the end.

    Returns:
        int32 array (N, places), rows of labels.
    """
    xp = cuda.get_array_module(said)
    ends = said == end
    ends[:, -1] = True
    place, first = xp.arange(said.shape[1]), ends.argmax(axis=1)[:, None]
    return xp.where(place < first, said, xp.where(place == first, end, NOTHING)).astype(np.int32)


def likeliest(values):
    """What is read if the likeliest output is said in each place.

    Args:
        values: float array (places, N, classes + 1), the logits or the probabilities of the outputs.

    Returns:
        int32 array (N, places), rows of labels.
    """
    return read(values.argmax(axis=2).T, values.shape[2] - 1)


def texts(rows, classes):
    """Rows of labels as texts: list of str.

    Args:
        rows: int array (N, places), on the CPU.
        classes: the names of the characters.
    """
    return [''.join(classes[label] for label in row if 0 <= label < len(classes)) for row in rows.tolist()]
