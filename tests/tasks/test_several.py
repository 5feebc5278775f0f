import dataclasses

import chainer
import numpy as np
import pytest
from PIL import Image

import datasets
from ram import tasks
from ram.config import PRESETS
from ram.registry import DATASETS
from ram.training.scene_iterator import make_iterator

GREY = 20  # a digit k is a square of the grey level GREY * (k + 1)


@pytest.fixture
def squares(monkeypatch):
    """Digits that can be read from their pixels."""
    labels = np.arange(30, dtype=np.int32) % 10
    digits = np.zeros((30, 28, 28), np.uint8)
    digits[:, 4:24, 4:24] = GREY * (labels + 1)[:, None, None]
    monkeypatch.setattr(datasets, 'load_digits', lambda *arguments: (digits, labels))


def digits_in(scene):
    """The two digits in a scene without clutter: one has half of the bright pixels, or both are the same."""
    levels, counts = np.unique(scene[scene > 0], return_counts=True)
    assert counts.sum() == 800
    found = sorted(levels // GREY - 1)
    return found * 2 if len(found) == 1 else found


def said(name, label):
    """What a class means, as the digits or their sum."""
    names = PRESETS[name].classes
    return sorted(map(int, names[label].split(' and '))) if name == 'pairs' else int(names[label])


@pytest.mark.parametrize('name, count', [('pairs', 55), ('addition', 19)])
def test_labels_say_what_is_in_the_scene(name, count, squares):
    config = dataclasses.replace(PRESETS[name], clutter=0, batchsize=30)
    assert len(set(config.classes)) == len(config.classes) == count
    fresh = next(make_iterator(config, 'train', chainer.get_device('@numpy')))[:2]
    for images, labels in fresh, tasks.load_scenes(config, 'test'):
        assert labels.dtype == np.int32 and labels.shape == (30,)
        for image, label in zip(images, labels):
            found = digits_in(image)
            assert said(name, label) == (found if name == 'pairs' else sum(found))


def test_every_test_digit_is_once_the_first_of_a_scene(squares):
    sources = tasks._fixed_layout(PRESETS['pairs'], 'test', 30).source
    np.testing.assert_array_equal(sources[:, 0], np.arange(30))


@pytest.mark.parametrize('mode', ['L', 'RGB'])
def test_a_picture_with_a_light_ground_is_inverted(tmp_path, mode):
    """A bar that is half as high as wide, on a light and on a dark ground."""
    pixels = np.full((50, 100), 255, np.uint8)
    pixels[20:30, 10:90] = 0
    for name, values in ('light', pixels), ('dark', 255 - pixels):
        Image.fromarray(values).convert(mode).save(tmp_path / f'{name}.png')
    light, dark = tasks.read_pictures(PRESETS['pairs'], tmp_path / 'light.png', tmp_path / 'dark.png')
    np.testing.assert_array_equal(light, dark)
    assert light.shape == (1, 100, 100) and light[0, 50, 50] == 255 and light[0, :20].max() == 0
    as_is = tasks.read_pictures(PRESETS['pairs'], tmp_path / 'light.png', as_is=True)
    assert as_is[0, 0, 30, 0] == 255


def test_a_scene_must_have_room_for_both():
    with pytest.raises(ValueError, match='size must be at least 68, not 60'):
        dataclasses.replace(PRESETS['pairs'], size=60)
    with pytest.raises(ValueError, match='the classes of addition are'):
        dataclasses.replace(PRESETS['addition'], classes=PRESETS['pairs'].classes)
    assert DATASETS['pairs'].objects == 2
