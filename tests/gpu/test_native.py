"""Native pictures on a GPU, whether their store fits there or not."""
import dataclasses

import chainer
import numpy as np
import pytest
from chainer.backends import cuda

from datasets import picture_store
from datasets.picture_store import PictureStore
from ram import config
from ram.networks.native_sensor import NativePictures
from ram.registry import make_loss, make_model
from ram.tasks.folder import UNCHANGED
from ram.training.scene_iterator import SceneIterator
from tests.conftest import script


@pytest.fixture
def pictures(rng):
    images = [rng.integers(0, 256, (3, *rng.integers(5, 60, 2))).astype(np.uint8) for _ in range(40)]
    return NativePictures(PictureStore.of(images, 2), np.arange(40))


@pytest.fixture(params=[True, False], ids=['fits', 'does not fit'])
def fits(request, monkeypatch):
    monkeypatch.setattr(picture_store, 'SHARE', 0.8 if request.param else 0)
    return request.param


@pytest.fixture
def native():
    return dataclasses.replace(config.PRESETS['folder'], fit='native', colour=True, patch=8, **UNCHANGED)


@pytest.mark.parametrize('normalise', [False, True])
def test_sensor(pictures, fits, native, normalise, rng):
    c = dataclasses.replace(native, normalise=normalise)
    there = pictures.on(cuda.cupy)
    assert isinstance(there.store.pixels, cuda.ndarray) == fits
    assert there.store is pictures.on(cuda.cupy).store  # it is copied once
    locations = rng.uniform(-1.3, 1.3, (40, 2)).astype(np.float32)
    found = there[::-1].sensor(c)(cuda.to_gpu(locations))
    assert isinstance(found, cuda.ndarray)
    np.testing.assert_allclose(found.get(), pictures[::-1].sensor(c)(locations), atol=2e-5)


def test_a_training_step(pictures, fits, native):
    chainer.get_device('@cupy:0').use()
    labels = cuda.cupy.arange(40, dtype=np.int32) % 10
    images, truths, rng = next(SceneIterator(pictures.on(cuda.cupy), labels, 64, 0, 16))
    assert len(images) == 16 and isinstance(images.indexes, cuda.ndarray)
    loss = make_loss(make_model(native))
    loss.to_device('@cupy:0')
    loss(images, truths, rng).backward()
    assert all(parameter.grad is not None for parameter in loss.params())


def test_scripts(picture_folder, fits, tmp_path):
    flags = ['--dataset', 'folder', '--images', picture_folder, '--fit', 'native', '--patch', 8, '--scales', 2, '-l', 2,
             '--core', 'relu', '--glimpse-network', 'linear', '--hidden', 16, '--unit', 16, '-b', 8, '-e', 1]
    model = tmp_path / 'run' / 'model.npz'
    for name, arguments in [('train.py', [*flags, '-o', model.parent]), ('evaluate.py', [model]),
                            ('visualize.py', [model])]:
        result = script(name, *arguments, '--gpu', 0)
        assert result.returncode == 0, result.stderr
