"""The running average of the weights (Polyak averaging)."""
import numpy as np
from chainer import training
from chainer.backends import cuda

from ram.registry import make_model

CACHED = 1 << 15  # numbers whose change stays in a core's cache


class Average(training.Extension):
    """Keeps an exponential moving average of a model's weights (Polyak and Juditsky, 1992).

    After iteration t the average moves towards the weights by the share 1 - d, with d = min(decay, (1 + t) / (10 + t)):
    at the beginning, where the weights change fast, it looks back less far.

    The weights themselves do not change.  Of several processes, which have the same weights, each has the same average.

    Args:
        model: the model that is trained, with its first weights, on its device.
        decay: float, at least 0 and less than 1.

    Attributes:
        average: a model like it, with the average of its weights.
    """
    name = 'average'
    priority = training.PRIORITY_WRITER + 100  # before the validation, which looks at the average
    trigger = 1, 'iteration'

    def __init__(self, model, decay):
        self.decay, self.average = decay, make_model(model.config)
        self.average.to_device(model.device)
        self.average.copyparams(model)
        self.pairs = list(zip(self.average.params(), model.params()))

    def __call__(self, trainer):
        t = trainer.updater.iteration
        share = 1 - min(self.decay, (1 + t) / (10 + t))
        for average, parameter in self.pairs:
            approach(average.array, parameter.array, share)

    def serialize(self, serializer):
        self.average.serialize(serializer['model'])


def approach(average, weights, share):
    """Moves the average towards the weights by a share of their difference, in place.

    Args:
        average, weights: float32 arrays of the same shape, not (), on the same device.
        share: float.
    """
    if isinstance(average, np.ndarray):
        rows = max(1, CACHED // weights[0].size)
        for start in range(0, len(weights), rows):
            part = average[start:start + rows]
            change = weights[start:start + rows] - part
            change *= share
            part += change
    else:
        cuda.elementwise('T weight, T share', 'T average', 'average += share * (weight - average)', 'approach')(
            weights, share, average)
