import itertools
import json
import re

import chainer
import numpy as np
import pytest

import datasets
from ram import checkpoint, safe_files, tasks
from ram.config import Config
from ram.registry import make_model
from ram.reports import evaluation
from ram.training.trainer import make_trainer
from tests.training.conftest import few_digits_config, train, weights

pytestmark = pytest.mark.usefixtures('few_digits')


def test_it_learns_and_writes_what_it_promises(tmp_path):
    train(tmp_path / 'run', draws=True, epoch=20, lr=5e-3)
    files = {path.name for path in (tmp_path / 'run').iterdir()}
    assert files == {'model.npz', 'snapshot.npz', 'log', 'loss.png', 'error.png'}
    log = json.loads((tmp_path / 'run' / 'log').read_text())
    assert [entry['epoch'] for entry in log] == list(range(1, 21))
    assert all('threads' in entry for entry in log)  # on a CPU the last bits of the weights depend on them
    assert log[-1]['main/cross_entropy'] < 0.5 * log[0]['main/cross_entropy']
    best = min(entry['validation/error'] for entry in log)
    assert best < 0.45  # chance is 0.9

    model = checkpoint.load_model(tmp_path / 'run' / 'model.npz')
    images, labels = tasks.load_scenes(model.config, 'validation')
    wrong = evaluation.mistakes(model, images, labels, np.random.default_rng(model.config.seed))
    assert wrong[-1].mean() == pytest.approx(best)


def assert_same_runs(one, two, folders):
    """Equal weights, bit for bit, of the models and of those that are kept; and equal logs except for the time."""
    for pair in (one, two), [checkpoint.load_model(folder / 'model.npz') for folder in folders]:
        expected, found = map(weights, pair)
        for name in expected:
            np.testing.assert_array_equal(found[name], expected[name], err_msg=name)
    logs = [json.loads((folder / 'log').read_text()) for folder in folders]
    for entry in (*logs[0], *logs[1]):
        del entry['elapsed_time']
    assert logs[0] == logs[1]


@pytest.mark.parametrize('changes', [
    {}, dict(optimizer='nesterov', lr=0.01, schedule='step', drop=2), dict(optimizer='momentum', schedule='linear'),
    dict(core='lstm', mc=2, clip=0.0, rotate=10.0, elastic=2.0, contrast=0.3), dict(model='archived'),
    dict(average=0.99)], ids=['adam', 'nesterov', 'momentum', 'lstm', 'archived', 'average'])
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


def test_a_run_starts_from_another_model_as_far_as_it_fits(tmp_path, capsys):
    file = tmp_path / 'other.npz'
    checkpoint.save_model(file, make_model(few_digits_config(hidden=24)))
    trainer = make_trainer(few_digits_config(), tmp_path, chainer.get_device('@numpy'), init=file)
    given, found = weights(checkpoint.load_model(file)), weights(trainer.updater.get_optimizer('main').target.model)
    fits = [name for name in found if found[name].shape == given[name].shape]
    assert any('glimpse_network' in name for name in fits)
    for name in fits:
        np.testing.assert_array_equal(found[name], given[name], err_msg=name)
    said = re.fullmatch(f'{file} fits except for (.*), which start with new weights\n', capsys.readouterr().out)
    assert sorted(said[1].split(', ')) == sorted(name.lstrip('/') for name in found if name not in fits)


def test_all_data_come_from_the_folder_that_is_named(tmp_path, monkeypatch):
    load, folders = datasets.load_digits, []
    monkeypatch.setattr(datasets, 'load_digits', lambda source, split, folder: (
        folders.append((split, folder)) or load(source, split)))
    make_trainer(few_digits_config(), tmp_path, chainer.get_device('@numpy'), 'here')
    assert folders == [('train', 'here'), ('validation', 'here')]


def test_snapshot_of_another_run_is_rejected(tmp_path):
    train(tmp_path / 'run', epoch=1)
    with pytest.raises(ValueError, match='snapshot.npz'):
        checkpoint.load_snapshot(tmp_path / 'run' / 'snapshot.npz', make_trainer(
            Config(dataset='mnist', size=28, hidden=9), tmp_path, chainer.get_device('@numpy')))
    with pytest.raises(ValueError, match='is not a snapshot'):
        checkpoint.load_snapshot(tmp_path / 'run' / 'model.npz', None)


def test_a_snapshot_whose_weights_would_be_stretched_is_rejected(tmp_path):
    """A row of weights, or one for all, which NumPy would repeat."""
    run = tmp_path / 'run'
    train(run, epoch=1)
    config, arrays = checkpoint.load_model(run / 'model.npz').config, safe_files.read(run / 'snapshot.npz')
    name = 'updater/model:main/model/location_network/mean/W'
    for array in arrays[name][:1], arrays[name].max():
        safe_files.write(tmp_path / 'snapshot.npz', {**arrays, name: array})
        with pytest.raises(ValueError, match=r'snapshot.npz is not a snapshot .*mean/W is .*, not \(2, 32'):
            checkpoint.load_snapshot(tmp_path / 'snapshot.npz', make_trainer(
                config, tmp_path, chainer.get_device('@numpy')))
