"""The paper's tasks: MNIST's digits themselves, on a larger canvas, and among pieces of other digits."""
import numpy as np

import datasets
from datasets import digit_picture, picture_reading
from ram.registry import MODELS
from ram.tasks.task import Task


class DigitTask(Task):
    """Scenes of grey digits.

    Args:
        table: the key of its table of results.
        preset: see ``Task``.
    """
    preparation = ("as MNIST's digits were: light on black, in a box of 20 pixels, centred by their mass, in the "
                   'middle of the scene')

    def __init__(self, table, **preset):
        super().__init__(**preset)
        self._table = table

    def sources(self, config, split, folder):
        return datasets.load_digits(config.digits, split, folder)

    def picture(self, config, path, scaled, as_is=False):
        """A picture that has the scene's size and a dark ground is a scene already."""
        if as_is:
            return picture_reading.read(path, config.size, False, fit='pad', fill=0, scaled=scaled)
        picture = picture_reading.read(path, config.size, False, fit='native', scaled=scaled)
        if picture.shape[1:] == (config.size, config.size) and not digit_picture.on_light(picture[0]):
            return picture
        digit = digit_picture.prepared(picture[0])
        if digit is None:
            raise ValueError(f'no digit can be seen in {path}; --as-is takes a picture as it is')
        start = (config.size - len(digit)) // 2
        return np.pad(digit, (start, config.size - len(digit) - start))[None]

    def moving(self, config):
        return None if config.size == datasets.DIGIT else (datasets.DIGIT, config.clutter)

    def title(self, config):
        if config.size == datasets.DIGIT:
            return 'Digits'
        return f'{"Cluttered" if config.clutter else "Translated"} digits, {config.size} x {config.size}'

    def table(self, config):
        """None if the scenes differ from the paper's, or the model looks around with another retina."""
        paper = {'clutter': 0, 'patch': 12, 'scales': 3, 'factor': 2, **self.preset}
        names = ['size', 'clutter'] + (['patch', 'scales', 'factor'] if MODELS[config.model].gaze else [])
        same = config.digits == 'mnist' and all(getattr(config, name) == paper[name] for name in names)
        return self._table if same else None


DISTORTED = dict(rotate=10.0, zoom=0.1, shear=0.1, elastic=1.0)
MNIST = DigitTask('mnist28', size=28, shift=2, patch=8, scales=1, epoch=200)
TRANSLATED = DigitTask('translated60', size=60, core='lstm', batchsize=256, lr=0.002, average=0.998, weight_decay=0.1,
                       epoch=150, **DISTORTED)
CLUTTERED = DigitTask('cluttered60', size=60, clutter=4, core='lstm', epoch=240)
CLUTTERED100 = DigitTask('cluttered100', size=100, clutter=8, scales=4, glimpses=8, core='lstm', epoch=160)
