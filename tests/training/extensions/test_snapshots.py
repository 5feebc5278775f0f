
import chainer
import numpy as np
import pytest

from ram import checkpoint, safe_files
from ram.config import Config
from ram.training.trainer import make_trainer
from tests.training.conftest import train

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
    with pytest.raises(ValueError, match='in iteration 16 the loss is nan and the cross_entropy is nan'):
        trainer.run(show_loop_exception_msg=False)
    assert (tmp_path / 'run' / 'snapshot.npz').read_bytes() == before


def test_snapshot_of_several_processes_is_rejected_by_one(tmp_path):
    train(tmp_path / 'run', epoch=1)
    path = tmp_path / 'run' / checkpoint.SNAPSHOT
    arrays = safe_files.read(path)
    safe_files.write(path, {**arrays, 'extensions/snapshot/processes': np.array(2)})
    config = Config(dataset='mnist', size=28, patch=6, scales=2, glimpses=3, unit=16, hidden=32, batchsize=16, epoch=2)
    with pytest.raises(ValueError, match='it was written by 2 processes, and this run has 1'):
        checkpoint.load_snapshot(path, make_trainer(config, tmp_path, chainer.get_device('@numpy')))
