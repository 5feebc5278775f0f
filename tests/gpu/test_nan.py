"""A run that has a NaN stops, on a GPU as on the CPU."""
import chainer
import numpy as np
import pytest
from chainer.backends import cuda

import datasets
from ram.config import Config
from ram.networks import conv_glimpse_network
from ram.registry import make_model
from ram.training import optimizers
from ram.training.trainer import make_trainer
from tests.losses import test_nan

DEVICES = '@numpy', '@cupy:0'


@pytest.mark.parametrize('case', test_nan.CASES, ids=str)
def test_a_nan_among_the_weights_makes_the_loss_nan(case):
    assert test_nan.hiding(*case, chainer.get_device('@cupy:0')) == []


@pytest.mark.parametrize('device', DEVICES)
def test_a_nan_in_one_gradient_is_not_clipped_away(device, tiny):
    model = make_model(tiny)
    model.to_device(device)
    for parameter in model.params():
        parameter.grad = model.xp.ones_like(parameter.array)
    model.action_network.logits.W.grad[0, 0] = float('nan')
    optimizers.ClipGradient(5.0)(chainer.optimizers.SGD(lr=1).setup(model))
    assert all(np.isnan(cuda.to_cpu(parameter.grad)).all() for parameter in model.params())


@pytest.mark.parametrize('device', DEVICES)
def test_a_nan_is_not_pooled_away(device, rng):
    xp, maps = chainer.get_device(device).xp, rng.normal(size=(4, 2, 5, 5)).astype(np.float32)
    for image, place in enumerate([(2, 2), (2, 3), (3, 2), (3, 3)]):  # of the same 2 x 2 pixels
        maps[image, 1][place] = np.nan
    found = cuda.to_cpu(conv_glimpse_network.pooled(xp.asarray(maps)).array)
    np.testing.assert_array_equal(found, maps[:, :, :4, :4].reshape(4, 2, 2, 2, 2, 2).max(axis=(3, 5)))


# Digits, when snapshots are written, and the iteration in which a GPU's check finds it; a batch has two digits.
@pytest.mark.parametrize('digits, every, last', [(400, 'epoch', 100), (20, 'epoch', 10), (400, '7', 7)])
@pytest.mark.parametrize('device', DEVICES)
@pytest.mark.filterwarnings('ignore:invalid value')
def test_a_run_stops_at_its_next_check_and_saves_nothing(device, digits, every, last, tmp_path, monkeypatch):
    pixels = np.random.default_rng(0).integers(0, 256, (digits, 28, 28)).astype(np.uint8)
    monkeypatch.setattr(datasets, 'load_digits', lambda *arguments: (pixels, np.arange(digits, dtype=np.int32) % 10))
    config = Config(dataset='mnist', size=28, patch=4, scales=2, glimpses=2, unit=6, hidden=8, batchsize=2, epoch=2)
    trainer = make_trainer(config, tmp_path, chainer.get_device(device), every=every)
    trainer.updater.get_optimizer('main').target.model.glimpse_network.what.W.array[0, 0] = float('nan')
    with pytest.raises(FloatingPointError, match='the loss is nan'):
        trainer.run(show_loop_exception_msg=False)
    assert trainer.updater.iteration == (1 if device == '@numpy' else last)
    assert not list(tmp_path.iterdir())
