"""One weight that is not a number makes the loss one, too: that is where a run looks for it."""
import dataclasses

import chainer
import numpy as np
import pytest

from ram.config import PRESETS
from ram.registry import DATASETS, make_loss, make_model

SMALL = {'size': 28, 'patch': 4, 'scales': 2, 'glimpses': 2, 'unit': 6, 'hidden': 8}
# Presets, and changes to them.
CASES = [('mnist', SMALL), ('cluttered', SMALL), ('archived', SMALL), ('mnist', SMALL | {'context': True}),
         ('mnist', SMALL | {'glimpse_network': 'conv', 'filters': 4}), ('mnist', {'model': 'fc64'}),
         ('mnist', {'model': 'conv'}), ('mnist', {'model': 'conv3', 'hidden': 8}),
         ('catch', {'size': 6, 'patch': 3, 'scales': 2, 'unit': 6, 'hidden': 8, 'core': 'relu'})]


class Drawn:
    """A generator that gives the same numbers on every device."""
    __class__ = property(lambda self: self.xp.random.Generator)

    def __init__(self, xp):
        self.xp, self.rng = xp, np.random.default_rng(7)

    def random(self, shape, dtype):
        return self.xp.asarray(self.rng.random(shape, dtype))

    def standard_normal(self, shape, dtype):
        return self.xp.asarray(self.rng.standard_normal(shape, dtype))


def hiding(preset, changes, device):
    """The names of a model's parameters that may have a NaN without the loss being one."""
    config = dataclasses.replace(PRESETS[preset], **changes)
    loss = make_loss(make_model(config))
    loss.to_device(device)
    xp, pixels, names = loss.xp, np.random.default_rng(0), []
    images = xp.asarray(pixels.integers(0, 256, (3, 1, config.size, config.size)).astype(np.uint8))

    def value():
        task = DATASETS[config.dataset]
        batch = (task.new_games(config, Drawn(xp), 3),) if preset == 'catch' else (images, xp.arange(3, dtype=np.int32))
        return float(loss(*batch, Drawn(xp)).array)

    assert np.isfinite(value())
    for name, parameter in loss.namedparams():
        last = (-1,) * parameter.ndim
        before = parameter.array[last].copy()
        parameter.array[last] = float('nan')
        if not np.isnan(value()):
            names.append(name)
        parameter.array[last] = before
    return names


@pytest.mark.filterwarnings('ignore:invalid value')
@pytest.mark.parametrize('case', CASES, ids=str)
def test_a_nan_among_the_weights_makes_the_loss_nan(case):
    assert hiding(*case, chainer.get_device('@numpy')) == []
