"""What all losses report to the trainer, for the log and the screen."""
import dataclasses

import numpy as np
import pytest

from datasets.catch import new_games
from ram.config import PRESETS
from ram.registry import make_loss, make_model
from tests.losses.conftest import observed


@pytest.fixture
def batch(rng):
    return rng.random((8, 1, 28, 28), np.float32), rng.integers(0, 10, 8).astype(np.int32)


@pytest.mark.parametrize('changes', [{}, dict(model='archived')], ids=['hybrid', 'archived'])
def test_a_loss_of_scenes(tiny, batch, changes):
    images, labels = batch
    model = make_model(dataclasses.replace(tiny, **changes))
    loss = make_loss(model)
    answers = model.rollout(images, np.random.default_rng(0), explore=True).logits.array.argmax(axis=1)
    labels[:3] = answers[:3]
    found, result = observed(loss, images, labels, np.random.default_rng(0))
    assert 0 < found['error'] < 1 and set(found) == set(loss.reported) and found['loss'] == result
    assert found['error'] == pytest.approx((answers != labels).mean())
    weight = 1 if changes else tiny.reinforce  # the archived loss has no weights
    assert found['cross_entropy'] + found['baseline'] + weight * found['reinforce'] == pytest.approx(result, rel=1e-5)


def test_a_loss_without_locations_to_learn(tiny, batch):
    loss = make_loss(make_model(dataclasses.replace(tiny, policy='random')))
    assert set(observed(loss, *batch, np.random.default_rng(0))[0]) == {'loss', 'error', 'cross_entropy'}


def test_a_loss_of_games():
    model = make_model(dataclasses.replace(PRESETS['catch'], size=6, patch=2, unit=4, hidden=6))
    loss = make_loss(model)
    found, result = observed(loss, new_games(np.random.default_rng(0), 50, 6), np.random.default_rng(0))
    assert set(found) == {*loss.reported, 'caught'} and found['loss'] == result
    assert found['error'] == pytest.approx(1 - found['caught']) and 0 < found['caught'] < 1
    assert found['actions'] + found['baseline'] + model.config.reinforce * found['locations'] == pytest.approx(
        result, rel=1e-5)
