"""Native pictures on a GPU, whether their store fits there or not."""
import dataclasses

import chainer
import numpy as np
import pytest
from chainer.backends import cuda

from datasets import picture_store
from datasets.augmentation import OFF, Augmentation
from datasets.picture_store import PictureStore
from ram import config
from ram.networks.native_sensor import NativePictures
from ram.random_streams import generator
from ram.registry import make_loss, make_model
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
    return dataclasses.replace(config.PRESETS['folder'], fit='native', colour=True, patch=8)


@pytest.mark.parametrize('normalise', [False, True])
@pytest.mark.parametrize('shift, augmentation', [
    (0, OFF), (4, OFF), (0, Augmentation(tint=0.5)), (4, config.PRESETS['folder'].augmentation)],
    ids=['no changes', 'shifted', 'tinted', 'all changes'])
def test_sensor(pictures, fits, native, normalise, shift, augmentation, rng):
    c = dataclasses.replace(native, normalise=normalise)
    pictures = pictures.changed(np, rng, 64, shift, augmentation)
    there = pictures.on(cuda.cupy)
    assert isinstance(there.store.pixels, cuda.ndarray) == fits
    assert there.store is pictures.on(cuda.cupy).store  # it is copied once
    locations = rng.uniform(-1.3, 1.3, (40, 2)).astype(np.float32)
    found = there[::-1].sensor(c)(cuda.to_gpu(locations))
    assert isinstance(found, cuda.ndarray)
    np.testing.assert_allclose(found.get(), pictures[::-1].sensor(c)(locations), atol=2e-4)


def test_changes_are_within_those_of_the_cpu(pictures, fits, rng):
    """Other numbers are drawn there, but of the same kind: tones in order, the middle moved by at most the shift."""
    bent = Augmentation(rotate=15, zoom=0.3, flip=True, brightness=0.6, tint=0.3)
    draw = generator(chainer.get_device('@cupy:0'), 0)
    found = pictures.on(cuda.cupy).changed(cuda.cupy, draw, 64, 4, bent)
    points, curves = found.points.get(), found.curves.get().astype(int)
    sizes = pictures.store.sizes
    moved = points[:, :, 2, 2] - (sizes - 1) / 2
    assert (abs(moved) <= 4 * sizes.max(axis=1)[:, None] / 64 + 0.51).all() and abs(moved).max() > 1
    assert (np.diff(curves, axis=2) >= 0).all() and len(np.unique(curves[:, 0], axis=0)) == 40
    half = np.hypot(*(sizes - 1).T / 2)
    reach = np.hypot(*(points[:, :, 0, 0] - points[:, :, 2, 2]).T)
    assert (reach <= 1.3 * half + 1e-3).all() and (reach >= half / 1.3 - 1e-3).all()


def test_a_training_step(pictures, fits, native):
    chainer.get_device('@cupy:0').use()
    labels = cuda.cupy.arange(40, dtype=np.int32) % 10
    images, truths, rng = next(SceneIterator(pictures.on(cuda.cupy), labels, 64, 0, 16, shift=native.shift,
                                             augmentation=native.augmentation))
    assert len(images) == 16 and isinstance(images.indexes, cuda.ndarray)
    assert isinstance(images.points, cuda.ndarray) and isinstance(images.curves, cuda.ndarray)
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
