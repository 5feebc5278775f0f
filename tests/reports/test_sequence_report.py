import functools
from types import SimpleNamespace

import chainer
import numpy as np
import pytest

from ram.registry import make_model
from ram.reports import sequence_report
from tests import rows as task

rows = task.rows


def naive(one, other):
    """The edit distance by its definition."""
    @functools.cache
    def distance(i, j):
        if not i or not j:
            return i + j
        return min(distance(i - 1, j) + 1, distance(i, j - 1) + 1,
                   distance(i - 1, j - 1) + (one[i - 1] != other[j - 1]))
    return distance(len(one), len(other))


def test_edit_distance(rng):
    for _ in range(300):
        one, other = (''.join(rng.choice(list('ab1'), rng.integers(0, 7))) for _ in range(2))
        assert sequence_report.edit_distance(one, other) == naive(one, other)
    assert sequence_report.edit_distance('kitten', 'sitting') == 3


def test_errors():
    """Two repeats of three texts: '01', '1' and ''; the end is 2."""
    labels = np.int32([[0, 1, 2, -1], [1, 2, -1, -1], [2, -1, -1, -1]])
    other = np.int32([[0, 2, -1, -1], [1, 2, -1, -1], [1, 1, 1, 2]])
    found = sequence_report.errors(np.stack([labels, other]), labels, ('0', '1'), 3)
    assert found['test_error'] == pytest.approx(100 * 2 / 6)
    assert found['digit_error'] == pytest.approx(100 * (1 + 3) / (2 * 3))
    assert found['by_length'] == [[0, 50, 1], [1, 0, 1], [2, 50, 1]]
    assert found['glimpses'] == pytest.approx(3 * (3 + 2 + 1 + 2 + 2 + 4) / 6)
    assert sequence_report.errors(labels[None], labels, ('0', '1'), None)['glimpses'] is None


def test_one_glimpse_for_each_answer_is_one(rows):
    arguments = SimpleNamespace(split=None, data=None, policy=None, repeats=1, seed=0)
    model = make_model(task.config(glimpses=1))
    text = sequence_report.SequenceReport(model, arguments, chainer.get_device('@numpy')).text()
    assert '1 glimpse for each of at most 4 answers' in text
