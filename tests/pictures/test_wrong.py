import dataclasses
import io
from types import SimpleNamespace

import chainer
import numpy as np
import pytest
from PIL import Image

from ram.agents.recurrent_attention import RecurrentAttentionModel
from ram.pictures import wrong
from ram.reports import evaluation


def arguments(tmp_path):
    return SimpleNamespace(model=tmp_path / 'a.npz', out=None, image=None, data=None, seed=0, count=1, policy=None)


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
    files = wrong.draw(model, arguments(tmp_path), chainer.get_device('@numpy'))
    assert {path.name for path in files} == {'a-wrong.gif', 'a-wrong.png'}
    with Image.open(io.BytesIO(next(iter(files.values())))) as gif:
        assert gif.n_frames == tiny.glimpses


def test_there_may_be_nothing_wrong(tiny, tmp_path, monkeypatch):
    images = np.zeros((4, 1, 28, 28), np.uint8)
    model = RecurrentAttentionModel(dataclasses.replace(tiny, policy='random'))
    model.rollout = lambda images, rng, policy: RecurrentAttentionModel.rollout(model, images, rng, 'center')
    labels = np.full(4, model.rollout(images.astype(np.float32), None, '').logits.array.argmax(axis=1)[0], np.int32)
    monkeypatch.setattr('ram.tasks.load_scenes', lambda *_: (images, labels))
    with pytest.raises(ValueError, match='nothing to show.*all of the 4'):
        wrong.draw(model, arguments(tmp_path), chainer.get_device('@numpy'))
