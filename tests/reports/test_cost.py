import dataclasses

import pytest

from ram.config import PRESETS, Config
from ram.registry import make_model
from ram.reports import cost

SIGNS = dict(dataset='folder', classes=('a', 'b', 'c'), colour=True, size=64, patch=16, scales=2, unit=128, hidden=256,
             glimpses=4)
# By hand.  A glimpse: h_g and h_l, g, the core, and at its end the next location and the answer.
LINEAR = (2 * 4 * 4 * 5 + 2 * 5 + 2 * 5 * 7) + 2 * 7 * 7 + 7 * 2 + 7 * 10
FEATURES = 32 * (3 * 2 * 9) * 16 * 16 + 32 * (32 * 9) * 8 * 8
CONVOLUTIONAL = FEATURES + (32 * 4 * 4) * 128 + 2 * 128 + 2 * 128 * 256 + 4 * 256 * (256 + 256) + 256 * 2 + 256 * 3
ARCHIVED = (2 + 8 * 8) * 128 + 256 * 256 + 256 * 256 + 4 * 256 * (256 + 256) + 256 * 10 + 256 * 2


@pytest.mark.parametrize('config, count', [
    (dict(dataset='mnist', size=28, patch=4, scales=2, glimpses=3, unit=5, hidden=7), 3 * LINEAR),
    (dict(dataset='mnist', size=28, patch=4, scales=2, glimpses=3, unit=5, hidden=7, context=True),
     3 * LINEAR + 4 * 4 * 5 + 5 * 7),
    (dict(SIGNS, glimpse_network='conv', core='lstm'), 4 * CONVOLUTIONAL),
    (dict(dataset='mnist', size=28, model='fc64'), 28 * 28 * 64 + 64 * 64 + 64 * 10),
    (dict(dataset='cluttered', size=60, model='conv'), 11 * 11 * 8 * 10 * 10 + 11 * 11 * 8 * 256 + 256 * 10),
    (dict(SIGNS, size=30, model='conv3'), 9 * (3 * 32 * 30 * 30 + 32 * 64 * 15 * 15 + 64 * 128 * 7 * 7)
     + 128 * 3 * 3 * 256 + 256 * 3),
    (dict(SIGNS, model='conv4'), 9 * (3 * 32 * 64 * 64 + 32 * 64 * 32 * 32 + 64 * 128 * 16 * 16 + 128 * 408 * 8 * 8)
     + 408 * 256 + 256 * 3)], ids=str)
def test_multiplications_are_counted_as_by_hand(config, count):
    assert cost.multiplications(make_model(Config(**config))) == count


def test_multiplications_of_the_archived_model_and_of_fewer_glimpses():
    model = make_model(dataclasses.replace(PRESETS['archived'], glimpses=6))
    assert cost.multiplications(model) == 6 * ARCHIVED and cost.multiplications(model, 2.5) == 2.5 * ARCHIVED


def test_the_control_sees_the_same_pictures():
    config = Config(**SIGNS, core='lstm', glimpse_network='conv')
    assert cost.control(config) == cost.multiplications(make_model(Config(**SIGNS, model='conv3')))
    assert cost.control(dataclasses.replace(PRESETS['folder'], fit='native', size=64, shift=0, **dict.fromkeys(
        ('rotate', 'zoom', 'shear', 'elastic', 'brightness', 'contrast', 'tint'), 0.0))) is None
