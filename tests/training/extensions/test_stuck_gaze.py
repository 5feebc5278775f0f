from types import SimpleNamespace

import chainer
import numpy as np
import pytest

from ram import checkpoint, safe_files
from ram.training.extensions.stuck_gaze import StuckGaze
from ram.training.trainer import make_trainer
from tests.training.conftest import few_digits_config

CORNER = np.full((3, 1, 20, 2), -1, np.float32)
LIVELY = np.random.default_rng(0).uniform(-1, 1, CORNER.shape).astype(np.float32)
FALLING = [0.9, 0.85, 0.5]


def told(capsys, epochs, places=CORNER, errors=FALLING, first=1, config=None, extension=None):
    """What it says in epochs from ``first`` on, by epoch, with the last error in all epochs that have no other."""
    config = config or few_digits_config(start='center', epoch=100)
    validation, said = SimpleNamespace(locations=None), {}
    extension = extension or StuckGaze(validation, config)
    extension.validation = validation
    for epoch in range(first, epochs + 1):
        validation.locations = places(epoch) if callable(places) else places
        log = SimpleNamespace(log=[{'validation/error': errors[min(n, len(errors) - 1)]} for n in range(epoch)])
        extension(SimpleNamespace(updater=SimpleNamespace(epoch=epoch), get_extension={'LogReport': log}.get))
        if line := capsys.readouterr().err:
            said[epoch] = line
    return said


def test_a_gaze_that_is_the_same_for_all_pictures_is_named_once(capsys):
    (epoch, line), = told(capsys, 60).items()
    assert epoch == 13  # after a tenth of the epochs, three in a row
    assert line.count('\n') == 1 and 'to the top left corner, whatever the picture' in line
    assert line.endswith('Try --start mixed.\n')
    assert list(told(capsys, 20, config=few_digits_config(start='center', epoch=20))) == [8]  # never before the sixth


def test_the_error_of_the_last_epoch_counts(capsys):
    assert list(told(capsys, 30, errors=[0.9] * 19 + [0.5])) == [22]  # it falls in the 20th


def test_nothing_is_said_where_nothing_is_wrong(capsys):
    assert not told(capsys, 60, LIVELY)
    assert not told(capsys, 60, errors=[0.9, 0.88, 0.87])  # it has not learned anything yet
    assert not told(capsys, 60, lambda epoch: CORNER if epoch % 3 else LIVELY)  # it is at work
    assert not told(capsys, 60, None)  # a rank without pictures
    assert not told(capsys, 5, config=few_digits_config(epoch=5))


@pytest.mark.usefixtures('few_digits')
def test_a_resumed_run_does_not_say_it_again(capsys, tmp_path):
    """A model that answers but cannot move its gaze, stopped before the warning, after it, and never."""
    config = few_digits_config(start='center', patch=14, lr=5e-3, reinforce=0.0, epoch=12)
    said = []
    for stop in 7, 10, 12:
        trainer = make_trainer(config, tmp_path, chainer.get_device('@numpy'))
        trainer.get_extension('curves').draw = lambda: None
        model = trainer.updater.get_optimizer('main').target.model
        model.location_network.mean.W.array[...] = 0
        model.location_network.mean.b.array[...] = 3, -3
        if said:
            checkpoint.load_snapshot(tmp_path / checkpoint.SNAPSHOT, trainer)
        trainer.extend(lambda trainer: trainer.stop_trigger.on_signal(15, None), name='stop', trigger=(stop, 'epoch'))
        trainer.run()
        said.append(capsys.readouterr().err)
    assert said[0] == said[2] == '' and 'to the top right corner, whatever the picture' in said[1]
    arrays = safe_files.read(tmp_path / checkpoint.SNAPSHOT)
    del arrays['extensions/stuck_gaze/epochs']  # as in an older version's
    safe_files.write(tmp_path / 'older.npz', arrays)
    checkpoint.load_snapshot(tmp_path / 'older.npz', trainer)


@pytest.mark.usefixtures('few_digits')
@pytest.mark.parametrize('changes, watched', [
    ({}, True), (dict(policy='random'), False), (dict(glimpses=1), False), (dict(model='fc64'), False),
    (dict(model='archived', start='random'), True)], ids=str)
def test_only_a_gaze_that_is_learned_is_watched(tmp_path, changes, watched):
    trainer = make_trainer(few_digits_config(**changes), tmp_path, chainer.get_device('@numpy'))
    assert ('stuck_gaze' in trainer._extensions) == watched
