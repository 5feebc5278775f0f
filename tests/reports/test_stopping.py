import chainer
import chainer.functions as F
import numpy as np
import pytest

from ram.agents.recurrent_attention import RecurrentAttentionModel
from ram.reports import evaluation, stopping
from ram.reports.intervals import wilson_interval
from tests.networks.conftest import shake


def chances_of(rng, *shape):
    odds = np.exp(3 * rng.standard_normal(shape)).astype(np.float32)
    return odds / odds.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize('until', [0.2, 0.6, 0.9, 1.0, None])
def test_a_look_stops_as_soon_as_it_is_sure(rng, until):
    chances = chances_of(rng, 6, 40, 5)
    glimpses, found = stopping.stop(chances, until)
    for i in range(40):
        t = 0
        while t < 5 and (until is None or chances[t, i].max() < until):
            t += 1
        assert glimpses[i] == t + 1
        np.testing.assert_array_equal(found[i], chances[t, i])


def test_all_thresholds_come_from_the_same_looks(tiny, rng):
    """Picture by picture, from rollouts of the same generator; what else is said does not change."""
    model = shake(RecurrentAttentionModel(tiny), rng)
    images = rng.integers(0, 256, (20, 1, 28, 28)).astype(np.uint8)
    labels = rng.integers(0, 10, 20).astype(np.int32)
    plain = evaluation.evaluate(model, images, labels, np.random.default_rng, 5, 3)
    result = evaluation.evaluate(model, images, labels, np.random.default_rng, 5, 3, until=0.3)
    until = result.pop('until')
    assert result == plain
    draws = np.random.default_rng(5)
    with chainer.using_config('train', False), chainer.no_backprop_mode():
        passes = [F.softmax(model.classify(model.rollout(images, draws).states), axis=2).array for _ in range(3)]
    assert [row['threshold'] for row in until['table']] == [0.3, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999, None]
    for row in until['table']:
        taken, wrong = [], []
        for chances in passes:
            for i, label in enumerate(labels):
                sure = [t for t in range(3) if row['threshold'] and chances[t, i].max() >= row['threshold']]
                taken.append(1 + (sure[0] if sure else 2))
                wrong.append(chances[taken[-1] - 1, i].argmax() != label)
        assert row['glimpses'] == pytest.approx(np.mean(taken))
        assert row['error'] == pytest.approx(100 * np.mean(wrong))
        assert row['ci95'] == wilson_interval(row['error'], 20)
    first, *_, last = until['table']
    assert 1 < first['glimpses'] < 3 == last['glimpses'] and last['error'] == pytest.approx(plain['test_error'])
    assert until == {**first, 'table': until['table']}


@pytest.mark.parametrize('until', [0, -0.5, 1.5, np.nan, np.inf])
def test_a_threshold_is_a_probability(until):
    with pytest.raises(ValueError, match='--until must be a probability, greater than 0 and at most 1, not '):
        stopping.check_threshold(until)
    for allowed in None, 0.01, 1.0:
        stopping.check_threshold(allowed)
