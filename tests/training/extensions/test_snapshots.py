from types import SimpleNamespace

import chainer
import numpy as np
import pytest

from ram import checkpoint, safe_files
from ram.config import Config
from ram.registry import make_model
from ram.training.extensions.snapshots import Finite, Validation
from ram.training.trainer import make_trainer
from tests.training.conftest import few_digits_config, train

pytestmark = pytest.mark.usefixtures('few_digits')


@pytest.mark.filterwarnings('ignore:invalid value')
@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_last_snapshot(tmp_path, value):
    train(tmp_path / 'run', epoch=1)
    before = (tmp_path / 'run' / 'snapshot.npz').read_bytes()
    trainer = make_trainer(Config(dataset='mnist', size=28, patch=6, scales=2, glimpses=3, unit=16, hidden=32,
                                           batchsize=16), tmp_path / 'run', chainer.get_device('@numpy'))
    checkpoint.load_snapshot(tmp_path / 'run' / 'snapshot.npz', trainer)
    trainer.updater.get_optimizer('main').target.model.action_network.logits.b.array[0] = value
    with pytest.raises(FloatingPointError, match='the loss is nan and the cross_entropy is nan'):
        trainer.run(show_loop_exception_msg=False)
    assert (tmp_path / 'run' / 'snapshot.npz').read_bytes() == before


DYING = dict(optimizer='momentum', lr=1e30, clip=0.0)  # each update is finite, and the loss after it is not


@pytest.mark.filterwarnings('ignore:invalid value', 'ignore:overflow')
@pytest.mark.parametrize('every, changes, text', [
    ('1', {}, 'the update makes the next loss (nan|inf)'),
    ('1', dict(average=0.9), 'the update makes the next loss (nan|inf)'),
    ('epoch', dict(batchsize=240), 'the answers of the model are not finite'),  # one update an epoch, then validation
    ('epoch', dict(batchsize=120), 'the loss is nan'),  # in the last iteration of an epoch
    ('epoch', {}, 'the loss is nan'), ('3', {}, 'the loss is nan')], ids=str)
def test_nothing_is_written_of_a_run_that_dies(tmp_path, every, changes, text):
    with pytest.raises(FloatingPointError, match=text):
        train(tmp_path / 'run', every=every, **DYING, **changes)
    assert not list((tmp_path / 'run').iterdir())


@pytest.mark.filterwarnings('ignore:invalid value', 'ignore:overflow')
@pytest.mark.parametrize('at, value', [
    ('/model/core_network/from_glimpse/W', np.nan), ('/model/core_network/from_glimpse/W', np.inf),
    ('/model/core_network/from_glimpse/W', 1e30), ('/model/action_network/logits/b', np.nan), ('optimizer', np.nan)])
def test_a_good_snapshot_and_a_good_model_are_never_replaced_by_bad_ones(tmp_path, at, value):
    """A signal stops the run in the iteration whose update is bad, so that the loss of none of its batches shows it."""
    train(tmp_path / 'run', epoch=1)
    before = {path.name: path.read_bytes() for path in (tmp_path / 'run').glob('*.npz')}
    trainer = make_trainer(few_digits_config(epoch=2), tmp_path / 'run', chainer.get_device('@numpy'))
    checkpoint.load_snapshot(tmp_path / 'run' / 'snapshot.npz', trainer)
    target = trainer.updater.get_optimizer('main').target

    def break_it(trainer):
        if at == 'optimizer':
            next(target.params()).update_rule.state['m'][...] = value
        else:
            dict(target.namedparams())[at].array[...] = value
        trainer.stop_trigger.on_signal(15, None)

    trainer.extend(break_it, trigger=(1, 'iteration'), priority=1000)
    with pytest.raises(FloatingPointError):
        trainer.run(show_loop_exception_msg=False)
        trainer.get_extension('snapshot')(trainer)
    assert {path.name: path.read_bytes() for path in (tmp_path / 'run').glob('*.npz')} == before


def test_the_first_of_the_best_models_is_kept_and_one_that_was_removed_gets_a_successor(tmp_path, tiny):
    model, counts = make_model(tiny), iter([5, 3, 3, 4, 4, 2])
    validation = Validation(model, lambda: (next(counts), 10), {'version': '1.2'})
    kept, errors = [], []
    for epoch in range(1, 7):
        model.action_network.logits.b.array[0] = epoch
        observation = {}
        with chainer.Reporter().scope(observation):
            validation(SimpleNamespace(out=tmp_path))
        errors.append(observation['validation/error'])
        found = checkpoint.load_model(tmp_path / 'model.npz')
        kept.append(found.action_network.logits.b.array[0])
        if epoch == 4:
            (tmp_path / 'model.npz').unlink()
    assert kept == [1, 2, 2, 2, 5, 6] and errors == [0.5, 0.3, 0.3, 0.4, 0.4, 0.2]
    assert found.provenance['version'] == '1.2'


def test_only_the_first_rank_writes_the_best_model(tmp_path, tiny):
    validation = Validation(make_model(tiny), lambda: (5, 10), ranks=SimpleNamespace(first=False))
    with chainer.Reporter().scope({}):
        validation(SimpleNamespace(out=tmp_path))
    assert not list(tmp_path.iterdir()) and validation.best == 0.5


@pytest.mark.parametrize('on_cpu', [True, False])
def test_a_gpu_waits_for_its_loss_every_hundredth_iteration_and_before_something_is_written(on_cpu):
    def due(iteration, is_new_epoch=False, snapshot=False):
        target = SimpleNamespace(xp=np if on_cpu else object())
        updater = SimpleNamespace(iteration=iteration, is_new_epoch=is_new_epoch,
                                  get_optimizer=lambda name: SimpleNamespace(target=target))
        return Finite(lambda trainer: snapshot).trigger(SimpleNamespace(updater=updater))

    assert [t for t in range(1, 302) if due(t)] == (list(range(1, 302)) if on_cpu else [100, 200, 300])
    assert due(7, is_new_epoch=True) and due(7, snapshot=True)


def test_a_snapshot_at_the_end_of_an_epoch_has_its_entry_of_the_log_and_its_validation(tmp_path):
    for epochs in 1, 2:
        trainer = make_trainer(few_digits_config(epoch=epochs), tmp_path, chainer.get_device('@numpy'))
        trainer.get_extension('curves').draw = lambda: None
        if epochs == 1:
            trainer.run()
            log, best = trainer.get_extension('LogReport').log, trainer.get_extension('validation').best
    checkpoint.load_snapshot(tmp_path / checkpoint.SNAPSHOT, trainer)
    assert trainer.get_extension('LogReport').log == log and len(log) == 1
    assert trainer.get_extension('validation').best == best == log[0]['validation/error']
    assert safe_files.read(tmp_path / checkpoint.SNAPSHOT)['extensions/validation/best'] == best  # as in older ones


def test_a_snapshot_takes_nothing_from_the_run(tmp_path):
    """To look at the next loss neither moves the iterator nor changes a report or a weight."""
    trainer = make_trainer(few_digits_config(), tmp_path, chainer.get_device('@numpy'))
    trainer.updater.update()
    iterator, target = trainer.updater.get_iterator('main'), trainer.updater.get_optimizer('main').target
    state, before = vars(iterator).copy(), [parameter.array.copy() for parameter in target.params()]
    trainer.observation = {}
    with trainer.reporter.scope(trainer.observation):
        found = trainer.get_extension('snapshot').next_loss(trainer)
        assert trainer.observation == {} and vars(iterator) == state
        for one, other in zip(before, target.params()):
            np.testing.assert_array_equal(one, other.array)
        trainer.updater.update()
    assert float(trainer.observation['main/loss'].array) == pytest.approx(found, rel=1e-6)


def test_a_snapshot_of_an_older_version_that_is_not_finite_is_refused(tmp_path):
    train(tmp_path / 'run', epoch=1)
    path = tmp_path / 'run' / checkpoint.SNAPSHOT
    arrays = safe_files.read(path)
    arrays['updater/model:main/model/action_network/logits/b'][2] = np.nan
    safe_files.write(path, arrays)
    trainer = make_trainer(few_digits_config(epoch=2), tmp_path, chainer.get_device('@numpy'))
    with pytest.raises(ValueError, match='snapshot.npz cannot be continued: model.*logits/b is not finite'):
        checkpoint.load_snapshot(path, trainer)


@pytest.mark.parametrize('name, value', [
    ('updater/iterator:main/position', -3), ('updater/iterator:main/position', 10 ** 9),
    ('updater/iterator:main/epoch', -1), ('updater/iterator:main/epoch', 10 ** 9),
    ('updater/iterator:main/iteration', -1), ('updater/iteration', 10 ** 9), ('extensions/validation/best', np.nan)])
def test_a_snapshot_that_no_run_can_have_written_is_refused(tmp_path, name, value):
    train(tmp_path / 'run', epoch=1)
    path = tmp_path / 'run' / checkpoint.SNAPSHOT
    safe_files.write(path, {**safe_files.read(path), name: np.array(value)})
    trainer = make_trainer(few_digits_config(epoch=2), tmp_path, chainer.get_device('@numpy'))
    with pytest.raises(ValueError, match=f'snapshot.npz .*{"best is not finite" if value != value else value}'):
        checkpoint.load_snapshot(path, trainer)


def test_snapshot_of_several_processes_is_rejected_by_one(tmp_path):
    train(tmp_path / 'run', epoch=1)
    path = tmp_path / 'run' / checkpoint.SNAPSHOT
    arrays = safe_files.read(path)
    safe_files.write(path, {**arrays, 'extensions/snapshot/processes': np.array(2)})
    config = Config(dataset='mnist', size=28, patch=6, scales=2, glimpses=3, unit=16, hidden=32, batchsize=16, epoch=2)
    with pytest.raises(ValueError, match='it was written by 2 processes, and this run has 1'):
        checkpoint.load_snapshot(path, make_trainer(config, tmp_path, chainer.get_device('@numpy')))
