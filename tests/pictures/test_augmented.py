import dataclasses
import io
import pathlib
from types import SimpleNamespace

import chainer
import numpy as np
import pytest
from PIL import Image

from datasets.picture_store import PictureStore
from ram.agents.controls import FullyConnectedControl
from ram.agents.recurrent_attention import RecurrentAttentionModel
from ram.networks.native_sensor import NativePictures
from ram.pictures import augmented

CPU = chainer.get_device('@numpy')


def arguments(tmp_path, **changes):
    return SimpleNamespace(**{'model': tmp_path / 'a.npz', 'out': None, 'image': None, 'data': None, 'seed': 0,
                              'count': 3, 'policy': None, **changes})


def opened(content):
    with Image.open(io.BytesIO(content)) as picture:
        return np.asarray(picture.convert('RGB'))


@pytest.mark.parametrize('kind, count', [(RecurrentAttentionModel, 3), (FullyConnectedControl, 50)])
def test_a_sheet_of_augmented_scenes(tiny, tmp_path, monkeypatch, rng, kind, count):
    """One source a row: as it is at the left, and then eight times, no two alike."""
    digits = rng.integers(0, 256, (20, 28, 28)).astype(np.uint8)
    monkeypatch.setattr('ram.tasks.load_sources', lambda *_: (digits, np.zeros(20, np.int32)))
    config = dataclasses.replace(tiny, elastic=3.0, model='ram' if kind is RecurrentAttentionModel else 'fc64')
    assert getattr(augmented.draw, 'gaze', True) is False
    (path, content), = augmented.draw(kind(config), arguments(tmp_path, count=count), CPU).items()
    assert path == pathlib.Path('result', 'a-augmented.png')
    sheet, times, rows = opened(content)[:, :, 0], 3, min(count, 20)
    cell, side = (28 + augmented.GAP) * times, 28 * times
    assert sheet.shape == (rows * cell - 9, 9 * cell - 9 + 2 * 9)
    for row in range(rows):
        strip = sheet[row * cell:row * cell + side]
        first = strip[::times, :side:times]
        assert any((first == digit).all() for digit in digits)
        lefts = [column * cell + 2 * 9 for column in range(1, 9)]
        changed = [strip[::times, left:left + side:times] for left in lefts]
        for n, scene in enumerate(changed):
            assert scene.shape == (28, 28) and all((scene != other).any() for other in [first, *changed[:n]])


def test_native_pictures_are_shown_whole_in_squares(rng):
    """As the sensor sees them: a small one as it is, a large one at a coarser level; and with their changes."""
    small = np.full((3, 20, 41), 200, np.uint8)
    large = rng.integers(0, 100, (3, 100, 150)).astype(np.uint8)
    pictures = NativePictures(PictureStore.of([small, large], 2), np.arange(2))
    first, second = augmented.whole(pictures)
    assert first.shape == (3, 64, 64) and first.dtype == np.uint8
    np.testing.assert_array_equal(np.sort(first, axis=None), np.repeat([0, 200], [first.size - small.size, small.size]))
    assert (first[:, 32 - 9:32 + 9, 32 - 20:32 + 20] == 200).all()
    assert (second > 0).any(axis=0).sum() == pytest.approx(25 * 38, abs=70)
    curves = np.tile(255 - np.arange(256, dtype=np.uint8), (2, 3, 1))
    inverted = augmented.whole(NativePictures(pictures.store, pictures.indexes, curves=curves))
    assert (inverted[0][first == 200] == 55).all() and (inverted[0][first == 0] == 0).all()


def test_a_sheet_in_colour(rng):
    images = rng.integers(0, 256, (2, 3, 3, 80, 80)).astype(np.uint8)
    sheet = opened(augmented.sheet(images))
    np.testing.assert_array_equal(sheet[83:163, :80], images[1, 0].transpose(1, 2, 0))
    np.testing.assert_array_equal(sheet[:80, 89:169], images[0, 1].transpose(1, 2, 0))
