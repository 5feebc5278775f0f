"""Scenes of two digits, with one answer (Ba, Mnih and Kavukcuoglu, "Multiple Object Recognition with Visual Attention",
ICLR 2015, sections 4.1.1 and 4.1.2)."""
import itertools

import numpy as np
from chainer.backends import cuda

import datasets
from datasets import digit_picture, picture_reading
from datasets.scenes import APART
from ram.tasks.digits import DigitTask


class TwoDigits(DigitTask):
    """Scenes of two MNIST digits, the answer depending on both.

    Both are anywhere in the scene, but at least ``datasets.scenes.APART`` pixels apart, across or down, so that one
    never covers the other.  In training both are drawn anew; each test digit is the first digit of one test scene.

    Args:
        title: the heading of a picture.
        answers: for each pair of digits, the index of its class: int32 array (10, 10).
        classes: names of the classes.
        table, preset: see ``DigitTask``.
    """
    objects = 2
    smallest = datasets.DIGIT + 2 * APART  # few draws of two places are too near to each other
    preparation = 'light on black, fitted into the scene as a whole'

    def __init__(self, title, answers, classes, table, **preset):
        super().__init__(table, classes=classes, **preset)
        self._title, self._answers, self.classes = title, answers, classes

    def answers(self, labels):
        xp = cuda.get_array_module(labels)
        return xp.asarray(self._answers)[labels[:, 0], labels[:, 1]]

    def picture(self, config, path, scaled, as_is=False):
        """A picture with a light ground is inverted; the margin of one that is no square is black."""
        dark = picture_reading.read(path, config.size, False, fit='pad', fill=0, scaled=scaled)
        if as_is or not digit_picture.on_light(picture_reading.read(path, 0, False, fit='native')[0]):
            return dark
        return 255 - picture_reading.read(path, config.size, False, fit='pad', fill=255)

    def title(self, config):
        return f'{self._title}, {config.size} x {config.size}'


UNORDERED = list(itertools.combinations_with_replacement(range(10), 2))
ONE, OTHER = np.indices((10, 10))

PAIRS = TwoDigits(
    'Two digits', np.array([[UNORDERED.index((min(a, b), max(a, b))) for b in range(10)] for a in range(10)], np.int32),
    tuple(f'{a} and {b}' for a, b in UNORDERED), 'pairs100',
    size=100, clutter=8, scales=4, glimpses=4, core='lstm', start='center', epoch=160)
ADDITION = TwoDigits(
    'Two digits to add', (ONE + OTHER).astype(np.int32), tuple(map(str, range(19))), 'addition100',
    size=100, scales=4, glimpses=8, core='lstm', start='center', epoch=160)
