import re
from types import SimpleNamespace

import numpy as np
import pytest

from ram.config import Config
from ram.reports import evaluation, text


def test_confusions_are_counted(rng):
    """Of few classes a table, which a naive loop makes."""
    labels, said = rng.integers(0, 4, 50), rng.integers(0, 4, (3, 50))
    table = np.zeros((5, 5))
    for each in said:
        for truth, answer in zip(labels, each):
            table[truth, answer] += 1 / 3
    found = evaluation.confusion(labels, said, tuple('abcde'))
    np.testing.assert_allclose(found['confusion'], table)
    assert list(found) == ['confusion']


def test_the_worst_pairs_of_many_classes():
    classes = tuple(f'class {i}' for i in range(30))
    labels = np.repeat(np.arange(30), 10)
    said = np.stack([labels, labels])
    said[:, 70:77] = 3      # of class 7, seven, in both repeats
    said[0, 200:205] = 29   # of class 20, five, in one of two
    pairs = evaluation.confusion(labels, said, classes)['worst_pairs']
    assert pairs == [{'truth': 'class 7', 'answer': 'class 3', 'scenes': 7.0, 'percent': 70.0},
                     {'truth': 'class 20', 'answer': 'class 29', 'scenes': 2.5, 'percent': 25.0}]
    said[:, ::2] = (labels[::2] + np.arange(150) % 7) % 30
    assert len(evaluation.confusion(labels, said, classes)['worst_pairs']) == 10


def test_a_table_for_the_terminal():
    head, names, *rows = text.confusion_matrix([[3, 1, 0], [0, 0, 0], [0, 0, 8]], ('cat', 'hippopotamus', 'ox'))
    assert names.split() == ['cat', 'hippo…', 'ox']
    assert [row.split() for row in rows] == [['cat', '75.0', '25.0', '.'], ['hippopotamus', '.', '.', '.'],
                                             ['ox', '.', '.', '100.0']]
    assert len({len(row) for row in (names, *rows)}) == 1  # columns are aligned


@pytest.fixture
def result():
    labels = np.arange(40) % 10
    said = labels.copy()
    said[3] = 9
    return {'split': 'test', 'test_error': 2.5, 'ci95': [0.4, 12.9], 'by_glimpse': [50.0, 10.0, 2.5],
            'by_class': [0.0, 0.0, 0.0, 25.0] + [0.0] * 6, 'n': 40, 'repeats': 1, 'seed': 0, 'policy': 'learned',
            **evaluation.confusion(labels, said[None], Config().classes)}


@pytest.mark.parametrize('gaze', [True, False])
def test_report(result, gaze):
    model = SimpleNamespace(config=Config(), gaze=gaze, draws=lambda policy: gaze, count_params=lambda: 1234)
    lines = text.report(model, result).splitlines()
    assert 'test error 2.50 %, 95% interval 0.40 to 12.90 (40 test scenes' in lines[1] and '1,234' in lines[1]
    assert ('after t glimpses:' in lines) == gaze
    assert lines[lines.index('by class, the worst first:') + 1] == '   25.00 %  3'
    assert re.fullmatch(r'  3( +\.){3} +75.0( +\.){5} +25.0', lines[-7])


def test_the_error_of_several_passes_has_a_line_of_its_own(result):
    model = SimpleNamespace(config=Config(), gaze=True, draws=lambda policy: True, count_params=lambda: 1)
    assert 'passes' not in text.report(model, result)
    result |= {'passes': 10, 'passes_error': 1.234, 'passes_ci95': [0.5, 3.25]}
    lines = text.report(model, result).splitlines()
    assert lines[1].startswith('test error 2.50 %')
    assert lines[2].startswith('error with 10 passes 1.23 %, 95% interval 0.50 to 3.25')


def test_report_of_many_classes(result):
    model = SimpleNamespace(config=Config(), gaze=True, draws=lambda policy: True, count_params=lambda: 1)
    del result['confusion']
    result['worst_pairs'] = [{'truth': 'a long name', 'answer': 'b', 'scenes': 2.5, 'percent': 25.0}]
    assert text.report(model, result).splitlines()[-1] == '     2.5   25.00 %  a long name  taken for  b'
    result['worst_pairs'] = []
    assert 'confused' not in text.report(model, result)
