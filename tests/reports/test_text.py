import dataclasses
import re
from types import SimpleNamespace

import numpy as np
import pytest

from ram.config import PRESETS, Config
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
    head, names, *rows = text.confusion_matrix('animal', [[3, 1, 0], [0, 0, 0], [0, 0, 8]],
                                               ('cat', 'hippopotamus', 'ox'))
    assert 'each true animal' in head and names.split() == ['animal', 'cat', 'hippo…', 'ox']
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


@pytest.fixture
def model():
    return SimpleNamespace(config=Config(), gaze=True, draws=lambda policy: True, count_params=lambda: 1234)


def test_report(model, result):
    lines = text.report(model, result).splitlines()
    assert lines[:4] == ['translated: digits from MNIST',
                         '6 glimpses of 3 patches, 12 x 12 to 48 x 48 pixels, learned policy; 1,234 parameters',
                         'test error 2.50%, 95% interval 0.40% to 12.90%', '40 scenes']
    assert lines[5:9] == ['  after glimpse   error', '              1  50.00%', '              2  10.00%',
                          '              3   2.50%']
    place = lines.index('error by digit, the worst first:')
    assert lines[place + 1:place + 4] == ['  digit   error', '  3      25.00%', '  0       0.00%']
    assert re.fullmatch(r'  3( +\.){3} +75.0( +\.){5} +25.0', lines[-7])
    assert 'in percent' in lines[-12] and lines[-11].split() == ['digit', *'0123456789']


def test_every_percentage_has_the_same_spelling(model, result):
    result |= {'passes': 3, 'passes_error': 1.0, 'passes_ci95': [0.5, 2.0], 'training_error': 0.25}
    found = text.report(model, result)
    assert len(re.findall(r'\d%', found)) > 20 and not re.search(r'\d\s+%', found)
    assert 'error on its training digits 0.25%' in found


def test_report_of_a_control_and_of_several_looks(model, result):
    model.gaze, model.draws = False, lambda policy: False
    found = text.report(model, {**result, 'repeats': 10})
    assert 'the control ram; 1,234 parameters' in found and 'glimpse' not in found and 'seen' not in found
    model.draws = lambda policy: True
    assert '40 scenes, each seen 10 times from different first locations' in text.report(
        model, {**result, 'repeats': 10})


def test_the_error_of_several_passes_has_a_line_of_its_own(model, result):
    assert 'passes' not in text.report(model, result)
    result |= {'passes': 10, 'passes_error': 1.234, 'passes_ci95': [0.5, 3.25]}
    lines = text.report(model, result).splitlines()
    assert lines[2].startswith('test error 2.50%')
    assert lines[3].startswith('error with 10 passes 1.23%, 95% interval 0.50% to 3.25%')


def test_report_of_many_classes(model, result):
    model.config = dataclasses.replace(PRESETS['folder'], classes=tuple(f'class {i}' for i in range(30)))
    del result['confusion']
    result |= {'by_class': [10.0, None, *range(28)],
               'worst_pairs': [{'truth': 'class 10', 'answer': 'class 2', 'scenes': 2.5, 'percent': 25.0}]}
    lines = text.report(model, result).splitlines()
    place = lines.index('error by class, the worst 10 of 29:')
    assert lines[place + 2:place + 4] == ['  class 29  27.00%', '  class 28  26.00%'] and len(lines[place:]) == 16
    assert lines[-2:] == ['  class     taken for  scenes  of the class',
                          '  class 10  class 2       2.5        25.00%']
    result['worst_pairs'] = []
    assert 'confused' not in text.report(model, result)
