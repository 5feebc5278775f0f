import types

import pytest

from ram import checkpoint
from ram.training.distributed import Ranks
from ram.training.extensions import triggers
from ram.training.extensions.triggers import SnapshotTrigger, Stop
from tests.training.conftest import train

pytestmark = pytest.mark.usefixtures('few_digits')


@pytest.mark.parametrize('every, expected', [('epoch', [15, 30]), ('4', [4, 8, 12, 16, 20, 24, 28]), ('1000m', []),
                                             ('1', list(range(1, 31)))])
def test_snapshots_are_written_when_asked(tmp_path, monkeypatch, every, expected):
    written = []
    monkeypatch.setattr(checkpoint, 'save_snapshot', lambda path, trainer: written.append(trainer.updater.iteration))
    train(tmp_path / 'run', every=every, epoch=2)
    assert written[:-1] == expected  # the last one is written by this test


def test_snapshots_by_the_clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(triggers.time, 'monotonic', lambda: now[0])
    trigger, asked = SnapshotTrigger('0.5m'), []
    for iteration in range(1, 9):
        now[0] += 10
        trainer = types.SimpleNamespace(updater=types.SimpleNamespace(iteration=iteration))
        asked.append(trigger(trainer))
        assert trigger(trainer) == asked[-1]
    assert asked == [False, False, True, False, False, True, False, False]


@pytest.mark.parametrize('every', ['', '0', '-3', '1.5', 'm', '0m', 'nanm', 'infm', 'hour'])
def test_impossible_snapshot_times(every):
    with pytest.raises(ValueError, match='--snapshot'):
        SnapshotTrigger(every)


@pytest.mark.parametrize('number', [1, 15])
def test_a_signal_during_the_communication_of_ranks_is_not_lost(number):
    class Interrupted(Ranks):
        def gather(self, value):
            stop.on_signal(number, None)
            return [value]

    stop = Stop(1000, Interrupted())
    updater = types.SimpleNamespace(epoch=0, epoch_detail=0.5, previous_epoch_detail=0.4, iteration=3,
                                    is_new_epoch=False)
    assert [stop(types.SimpleNamespace(updater=updater)) for _ in range(2)] == [False, True] and stop.signal == number


class Joined(Ranks):
    """A process that receives the results of the first one."""

    def __init__(self, rank, answers):
        super().__init__()
        self.rank, self.size, self.first, self.answers = rank, 2, rank == 0, answers

    def from_first(self, function):
        if self.first:
            self.answers.append(function())
        return self.answers[-1]


def test_two_processes_with_different_clocks_write_snapshots_together(monkeypatch):
    """Their clocks differ by an hour, and have different speeds."""
    answers, clocks = [], [100.0, 3700.0]
    current = [0]
    monkeypatch.setattr(triggers.time, 'monotonic', lambda: clocks[current[0]])

    def by(rank, function):
        current[0] = rank
        return function()

    processes = [by(rank, lambda rank=rank: SnapshotTrigger('0.5m', Joined(rank, answers))) for rank in range(2)]
    asked = []
    for iteration in range(1, 9):
        clocks[0] += 10
        clocks[1] += 25
        trainer = types.SimpleNamespace(updater=types.SimpleNamespace(iteration=iteration))
        asked.append([by(rank, lambda rank=rank, trainer=trainer: processes[rank](trainer)) for rank in range(2)])
    assert asked == [[due, due] for due in (False, False, True, False, False, True, False, False)]
