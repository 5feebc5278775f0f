import sys

import numpy as np

from datasets import progress
from ram.registry import make_model
from ram.reports import evaluation
from tests.datasets.conftest import Terminal, last_line


def test_a_bar_counts_and_leaves_an_empty_line(terminal):
    with progress.progress('looking', 8, 'scenes') as bar:
        bar.update(2)
        assert 'looking  25%' in last_line(terminal.getvalue()) and '2 of 8 scenes' in last_line(terminal.getvalue())
        bar.update(6)
    assert not last_line(terminal.getvalue()).strip() and '\n' not in terminal.getvalue()


def test_work_of_less_than_two_seconds_shows_nothing(monkeypatch):
    monkeypatch.setattr(sys, 'stderr', Terminal())
    assert list(progress.stepwise('drawing', range(3), 'frames')) == [0, 1, 2]
    assert sys.stderr.getvalue() == ''


def test_a_pipe_shows_nothing(monkeypatch, capfd):
    monkeypatch.setattr(progress, 'SETTINGS', {**progress.SETTINGS, 'delay': 0})
    assert list(progress.stepwise('drawing', range(3), 'frames')) == [0, 1, 2]
    progress.say('a line', sys.stdout)
    assert capfd.readouterr() == ('a line\n', '')


def test_a_line_is_written_above_the_bar(terminal, monkeypatch):
    monkeypatch.setattr(sys, 'stderr', terminal)
    with progress.progress('looking', 8, 'scenes') as bar:
        bar.update()
        progress.say('found', sys.stderr)
        assert terminal.getvalue().split('\n')[0].endswith('\rfound') and 'looking' in last_line(terminal.getvalue())


def test_looking_at_many_images_counts_those_of_all_passes(terminal, tiny):
    evaluation.evaluate(make_model(tiny), np.zeros((30, 1, 28, 28), np.uint8), np.zeros(30, int),
                        np.random.default_rng, repeats=4)
    assert [text.split('|')[2].split(',')[0] for text in terminal.getvalue().split('\r') if '|' in text] == [
        f' {done} of 120 scenes' for done in (0, 30, 60, 90, 120)]
