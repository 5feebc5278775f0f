import dataclasses
import io
from types import SimpleNamespace

import chainer
import numpy as np
import pytest
from PIL import Image

from ram.agents.controls import FullyConnectedControl
from ram.agents.recurrent_attention import RecurrentAttentionModel
from ram.pictures import augmented, wrong
from ram.reports import evaluation

CPU = chainer.get_device('@numpy')


def arguments(tmp_path, **changes):
    return SimpleNamespace(**{'model': tmp_path / 'a.npz', 'out': None, 'data': None, 'seed': 0, 'count': 3,
                              'policy': None, **changes})


def opened(content):
    with Image.open(io.BytesIO(content)) as picture:
        return np.asarray(picture.convert('RGB')), getattr(picture, 'n_frames', 1)


def test_wrong_episodes_are_wrong_and_as_they_were_played(tiny, rng):
    model, labels = RecurrentAttentionModel(tiny), rng.integers(0, 10, 1200).astype(np.int32)
    images = rng.integers(0, 256, (1200, 1, 28, 28)).astype(np.uint8)
    mistaken = evaluation.mistakes(model, images, labels, np.random.default_rng(1))[-1]
    found = wrong.wrong_episodes(model, images, labels, np.random.default_rng(1), 2000, rng)
    assert len(found) == mistaken.sum()
    locations = evaluation.fixations(model, images, np.random.default_rng(1))[:, mistaken]
    for n, scene in enumerate(found):
        np.testing.assert_array_equal(scene.locations, locations[:, n])
        np.testing.assert_allclose(scene.image * 255, images[mistaken][n], atol=1e-4)
        assert scene.truth == labels[mistaken][n] != scene.probabilities[-1].argmax()
    assert len(wrong.wrong_episodes(model, images, labels, np.random.default_rng(1), 5, rng)) == 5


def test_wrong_from_scenes(tiny, tmp_path, monkeypatch):
    images, labels = np.zeros((4, 1, 28, 28), np.uint8), np.zeros(4, np.int32)
    model = RecurrentAttentionModel(tiny)
    answer = int(model.predict(images)[0])
    monkeypatch.setattr('ram.tasks.load_scenes', lambda *_: (images, labels + (answer + 1) % 10))
    files = wrong.draw(model, arguments(tmp_path), CPU)
    assert set(files) == {tmp_path / 'a-wrong.gif', tmp_path / 'a-wrong.png'}
    assert opened(files[tmp_path / 'a-wrong.gif'])[1] == tiny.glimpses


def test_there_may_be_nothing_wrong(tiny, tmp_path, monkeypatch):
    images = np.zeros((4, 1, 28, 28), np.uint8)
    model = RecurrentAttentionModel(dataclasses.replace(tiny, policy='random'))
    model.rollout = lambda images, rng, policy: RecurrentAttentionModel.rollout(model, images, rng, 'center')
    labels = np.full(4, model.rollout(images.astype(np.float32), None, '').logits.array.argmax(axis=1)[0], np.int32)
    monkeypatch.setattr('ram.tasks.load_scenes', lambda *_: (images, labels))
    with pytest.raises(ValueError, match='nothing to show.*all of the 4'):
        wrong.draw(model, arguments(tmp_path), CPU)


@pytest.mark.parametrize('kind, count', [(RecurrentAttentionModel, 3), (FullyConnectedControl, 50)])
def test_a_sheet_of_augmented_scenes(tiny, tmp_path, monkeypatch, rng, kind, count):
    """One source a row: as it is at the left, and then eight times, no two alike."""
    digits = rng.integers(0, 256, (20, 28, 28)).astype(np.uint8)
    monkeypatch.setattr('ram.tasks.load_sources', lambda *_: (digits, np.zeros(20, np.int32)))
    config = dataclasses.replace(tiny, elastic=3.0, model='ram' if kind is RecurrentAttentionModel else 'fc64')
    assert getattr(augmented.draw, 'gaze', True) is False
    (path, content), = augmented.draw(kind(config), arguments(tmp_path, count=count), CPU).items()
    assert path == tmp_path / 'a-augmented.png'
    sheet, times, rows = opened(content)[0][:, :, 0], 3, min(count, 20)
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


def test_a_sheet_in_colour(rng):
    images = rng.integers(0, 256, (2, 3, 3, 80, 80)).astype(np.uint8)
    sheet, _ = opened(augmented.sheet(images))
    np.testing.assert_array_equal(sheet[83:163, :80], images[1, 0].transpose(1, 2, 0))
    np.testing.assert_array_equal(sheet[:80, 89:169], images[0, 1].transpose(1, 2, 0))
