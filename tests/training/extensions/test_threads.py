from types import SimpleNamespace

import chainer
import numpy as np
import pytest

from ram import threads
from ram.training.extensions.threads import Threads


@pytest.fixture
def machine(monkeypatch):
    """A machine of four cores, whose state the test sets and reads."""
    state = SimpleNamespace(threads=4, others=0.0, fixed=False)
    monkeypatch.setattr(threads, 'cores', lambda: 4.0)
    monkeypatch.setattr(threads, 'fixed', lambda: state.fixed)
    monkeypatch.setattr(threads, 'current', lambda: state.threads)
    monkeypatch.setattr(threads, 'limit', lambda number: setattr(state, 'threads', number))
    monkeypatch.setattr(threads, 'Load', lambda: SimpleNamespace(others=lambda: state.others))
    return state


def reported(extension):
    """What it reports after iteration 7."""
    observation = {}
    with chainer.Reporter().scope(observation):
        extension(SimpleNamespace(updater=SimpleNamespace(iteration=7)))
    return observation


def test_they_follow_what_others_leave_and_a_change_is_said(machine, capsys):
    extension = Threads()
    for machine.others, number in (0, 4), (1.6, 2), (1.6, 2), (0, 4):
        assert reported(extension) == {'threads': number} and machine.threads == number
    assert capsys.readouterr().err.splitlines() == [
        f'From iteration 8 on, {now} threads instead of {before} compute matrix products, since other programs use '
        f'{others} cores: the last bits of the weights depend on that (to fix it, set OPENBLAS_NUM_THREADS)'
        for now, before, others in ((2, 4, '1.6'), (4, 2, '0.0'))]


@pytest.mark.parametrize('fixed, alone', [(True, True), (False, False)])
def test_they_stay_if_the_user_has_set_them_or_processes_share_the_cores(machine, capsys, fixed, alone):
    machine.fixed, machine.others = fixed, 3.0
    assert reported(Threads(alone)) == {'threads': 4} and capsys.readouterr().err == ''


@pytest.mark.parametrize('is_new_epoch', [True, False])
def test_they_are_chosen_after_each_epoch(machine, is_new_epoch):
    assert Threads().trigger(SimpleNamespace(updater=SimpleNamespace(is_new_epoch=is_new_epoch))) == is_new_epoch


@pytest.mark.parametrize('fixed, saved, number, text', [
    (False, 2, 2, ''), (False, 4, 4, ''), (True, 4, 4, ''), (False, 0, 4, ''), (True, 0, 4, ''),
    (True, 2, 4, 'The run goes on with 4 threads instead of 2: the last bits of its weights will differ\n')])
def test_a_resumed_run_has_those_that_it_had(machine, capsys, fixed, saved, number, text):
    machine.fixed = fixed
    Threads().serialize(lambda name, value: np.array(saved))
    assert machine.threads == number and capsys.readouterr().err == text


def test_a_snapshot_has_their_number(machine):
    written = {}
    Threads().serialize(lambda name, value: written.setdefault(name, value))
    assert written == {'threads': 4}
