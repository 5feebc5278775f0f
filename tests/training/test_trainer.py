import dataclasses
import itertools
import json
import types

import chainer
import numpy as np
import pytest

import datasets
from ram import checkpoint, safe_files, tasks
from ram.config import Config
from ram.reports import evaluation
from ram.training.distributed import Ranks
from ram.training.extensions import triggers
from ram.training.extensions.triggers import SnapshotTrigger, Stop
from ram.training.trainer import make_trainer


@pytest.fixture(autouse=True)
def few_digits(monkeypatch):
    """A small, easy task: 240 digits, each bright at the place of its class."""
    rng = np.random.default_rng(0)
    labels = np.arange(240, dtype=np.int32) % 10
    digits = rng.integers(0, 60, (240, 28, 28)).astype(np.uint8)
    for digit, label in zip(digits, labels):
        digit[2 * label:2 * label + 8, 8:20] = 255
    monkeypatch.setattr(datasets, 'load_digits', lambda source, split, folder=None: (digits, labels))


def train(out, interruptions=(), every='epoch', draws=False, **changes):
    """Trains in the folder and returns the model.

    Args:
        out: the folder.
        interruptions: triggers; at each the run stops as on a signal, and a new trainer resumes it.
        every: when to write snapshots.
        draws: whether curves are drawn, which takes longer than the rest of the run.
        changes: to the Config.
    """
    config = Config(dataset='mnist', size=28, patch=6, scales=2, glimpses=3, unit=16, hidden=32, batchsize=16, epoch=4)
    config = dataclasses.replace(config, **changes)
    out.mkdir(parents=True)
    iteration = 0
    for interrupt in (*interruptions, None):
        trainer = make_trainer(config, out, chainer.get_device('@numpy'), every=every)
        if not draws:
            trainer.get_extension('curves').draw = lambda: None
        if iteration:
            checkpoint.load_snapshot(out / checkpoint.SNAPSHOT, trainer)
            assert trainer.updater.iteration == iteration
        if interrupt:
            trainer.extend(lambda trainer: trainer.stop_trigger.on_signal(15, None), name='kill', trigger=interrupt)
        trainer.run()
        trainer.get_extension('snapshot')(trainer)
        assert trainer.updater.iteration > iteration
        iteration = trainer.updater.iteration
    return trainer.updater.get_optimizer('main').target.model


def weights(model):
    return {name: parameter.array for name, parameter in model.namedparams()}


def test_it_learns_and_writes_what_it_promises(tmp_path):
    train(tmp_path / 'run', draws=True, epoch=20, lr=5e-3)
    files = {path.name for path in (tmp_path / 'run').iterdir()}
    assert files == {'model.npz', 'snapshot.npz', 'log', 'loss.png', 'error.png'}
    log = json.loads((tmp_path / 'run' / 'log').read_text())
    assert [entry['epoch'] for entry in log] == list(range(1, 21))
    assert log[-1]['main/cross_entropy'] < 0.5 * log[0]['main/cross_entropy']
    best = min(entry['validation/error'] for entry in log)
    assert best < 0.45  # chance is 0.9

    model = checkpoint.load_model(tmp_path / 'run' / 'model.npz')
    images, labels = tasks.load_scenes(model.config, 'validation')
    wrong = evaluation.mistakes(model, images, labels, np.random.default_rng(model.config.seed))
    assert wrong[-1].mean() == pytest.approx(best)


def assert_same_runs(one, two, folders):
    """Equal weights, bit for bit, and equal logs except for the time."""
    for name in weights(one):
        np.testing.assert_array_equal(weights(one)[name], weights(two)[name], err_msg=name)
    logs = [json.loads((folder / 'log').read_text()) for folder in folders]
    for entry in (*logs[0], *logs[1]):
        del entry['elapsed_time']
    assert logs[0] == logs[1]


@pytest.mark.parametrize('changes', [
    {}, dict(optimizer='nesterov', lr=0.01, schedule='step', drop=2), dict(optimizer='momentum', schedule='linear'),
    dict(core='lstm', mc=2, clip=0.0, rotate=10.0, elastic=2.0, contrast=0.3), dict(model='archived')],
    ids=['adam', 'nesterov', 'momentum', 'lstm', 'archived'])
def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path, changes):
    """It stops at the end of an epoch, and in the middle of the next but one."""
    stops = [(1, 'epoch'), (37, 'iteration')]
    assert_same_runs(train(tmp_path / 'through', **changes), train(tmp_path / 'resumed', stops, **changes),
                     [tmp_path / 'through', tmp_path / 'resumed'])


NORMAL = {('adam', 'exponential'), ('nesterov', 'step'), ('momentum', 'linear'), ('adam', 'constant')}


@pytest.mark.parametrize('optimizer, schedule', [
    pytest.param(*pair, marks=[] if pair in NORMAL else pytest.mark.slow)
    for pair in itertools.product(['adam', 'nesterov', 'momentum'], ['constant', 'exponential', 'linear', 'step'])])
def test_five_interruptions_change_nothing(tmp_path, optimizer, schedule):
    changes = dict(optimizer=optimizer, schedule=schedule, lr=0.01, drop=2, mc=3, batchsize=32)
    stops = [(number, 'iteration') for number in (1, 7, 8, 15, 23)]  # an epoch has 7.5 iterations
    assert_same_runs(train(tmp_path / 'through', **changes), train(tmp_path / 'resumed', stops, '2', **changes),
                     [tmp_path / 'through', tmp_path / 'resumed'])


@pytest.mark.parametrize('every, expected', [('epoch', [15, 30]), ('4', [4, 8, 12, 16, 20, 24, 28]), ('1000m', [])])
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


@pytest.mark.filterwarnings('ignore:invalid value')
@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_last_snapshot(tmp_path, value):
    train(tmp_path / 'run', epoch=1)
    before = (tmp_path / 'run' / 'snapshot.npz').read_bytes()
    trainer = make_trainer(Config(dataset='mnist', size=28, patch=6, scales=2, glimpses=3, unit=16, hidden=32,
                                           batchsize=16), tmp_path / 'run', chainer.get_device('@numpy'))
    checkpoint.load_snapshot(tmp_path / 'run' / 'snapshot.npz', trainer)
    trainer.updater.get_optimizer('main').target.model.action_network.logits.b.array[0] = value
    with pytest.raises(ValueError, match='in iteration 16 the loss is nan and the cross_entropy is nan'):
        trainer.run(show_loop_exception_msg=False)
    assert (tmp_path / 'run' / 'snapshot.npz').read_bytes() == before


def test_seeds(tmp_path):
    one, same, other = (weights(train(tmp_path / name, epoch=1, seed=seed))
                        for name, seed in [('one', 1), ('same', 1), ('other', 2)])
    assert all((one[name] == same[name]).all() for name in one)
    assert any((one[name] != other[name]).any() for name in one)


def learning_rates(tmp_path, **changes):
    config = Config(dataset='mnist', size=28, patch=4, scales=1, unit=4, hidden=4, batchsize=24, epoch=4, lr=0.5,
                    optimizer='momentum', **changes)
    trainer = make_trainer(config, tmp_path, chainer.get_device('@numpy'))
    rates = []
    trainer.extend(lambda t: rates.append(t.updater.get_optimizer('main').lr), trigger=(1, 'epoch'), priority=-1000)
    trainer.run()
    return rates


@pytest.mark.parametrize('changes, expected', [
    (dict(schedule='constant'), [0.5, 0.5, 0.5, 0.5]),
    (dict(schedule='exponential', decay=0.5), [0.25, 0.125, 0.0625, 0.03125]),
    (dict(schedule='linear'), [0.375, 0.25, 0.125, 0]),
    (dict(schedule='step', drop=2), [0.5, 0.05, 0.05, 0.005]),
], ids=lambda value: value.get('schedule') if isinstance(value, dict) else '')
def test_schedules(tmp_path, changes, expected):
    np.testing.assert_allclose(learning_rates(tmp_path, **changes), expected, atol=1e-9)


def test_a_signal_during_the_communication_of_ranks_is_not_lost():
    class Interrupted(Ranks):
        def gather(self, value):
            stop.on_signal(15, None)
            return [value]

    stop = Stop(1000, Interrupted())
    updater = types.SimpleNamespace(epoch=0, epoch_detail=0.5, previous_epoch_detail=0.4, iteration=3,
                                    is_new_epoch=False)
    assert [stop(types.SimpleNamespace(updater=updater)) for _ in range(2)] == [False, True] and stop.signal == 15


def test_snapshot_of_several_processes_is_rejected_by_one(tmp_path):
    train(tmp_path / 'run', epoch=1)
    path = tmp_path / 'run' / checkpoint.SNAPSHOT
    arrays = safe_files.read(path)
    safe_files.write(path, {**arrays, 'extensions/snapshot/processes': np.array(2)})
    config = Config(dataset='mnist', size=28, patch=6, scales=2, glimpses=3, unit=16, hidden=32, batchsize=16, epoch=2)
    with pytest.raises(ValueError, match='it was written by 2 processes, and this run has 1'):
        checkpoint.load_snapshot(path, make_trainer(config, tmp_path, chainer.get_device('@numpy')))


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


def test_snapshot_of_another_run_is_rejected(tmp_path):
    train(tmp_path / 'run', epoch=1)
    with pytest.raises(ValueError, match='snapshot.npz'):
        checkpoint.load_snapshot(tmp_path / 'run' / 'snapshot.npz', make_trainer(
            Config(dataset='mnist', size=28, hidden=9), tmp_path, chainer.get_device('@numpy')))
    with pytest.raises(ValueError, match='is not a snapshot'):
        checkpoint.load_snapshot(tmp_path / 'run' / 'model.npz', None)
