import numpy as np
import pytest

from datasets import scenes
from datasets.augmentation import Augmentation
from datasets.picture_store import Pictures, PictureStore
from ram.training.scene_iterator import SceneIterator
from tests.datasets.conftest import pictures

ALL = Augmentation(rotate=20, zoom=0.3, shear=0.2, elastic=3, flip=True, brightness=0.5, contrast=0.5, tint=0.3)


@pytest.mark.parametrize('sources, size, pieces', [
    ((9, 28, 28), 28, 0), ((9, 28, 28), 60, 4), ((9, 3, 32, 32), 32, 0), ((9, 3, 32, 32), 48, 0)])
def test_scenes_of_augmented_sources(rng, sources, size, pieces):
    images, chosen = pictures(rng, sources), np.array([3, 3, 0, 8])
    plain = scenes.fresh_scenes(np, np.random.default_rng(1), images, chosen, size, pieces, 2)
    off = scenes.fresh_scenes(np, np.random.default_rng(1), images, chosen, size, pieces, 2, Augmentation())
    np.testing.assert_array_equal(plain, off)
    changed = scenes.fresh_scenes(np, np.random.default_rng(1), images, chosen, size, pieces, 2, ALL)
    assert changed.shape == plain.shape and changed.dtype == np.uint8 and (changed[0] != changed[1]).any()
    again = scenes.fresh_scenes(np, np.random.default_rng(1), images, chosen, size, pieces, 2, ALL)
    np.testing.assert_array_equal(changed, again)


def test_a_digit_is_distorted_before_a_scene_is_made_of_it(rng):
    """With a map that mirrors, the digit of the scene is mirrored, and the pieces of clutter are not."""
    digits = pictures(rng, (20, 28, 28))
    layout = scenes.draw_layout(rng, np.arange(20), 20, 60, 4)
    own = digits[:, :, ::-1].copy()
    found = scenes.compose(np, digits, layout, 60, own)
    for n in range(20):
        both = np.concatenate([digits, own])
        layout_n = layout[n:n + 1]
        layout_n.source = layout_n.source + 20
        np.testing.assert_array_equal(found[n:n + 1], scenes.compose(np, both, layout_n, 60))


def test_beyond_a_digit_is_black_and_beyond_a_picture_its_border(rng):
    shrunk = Augmentation(zoom=1)
    digits = scenes.fresh_scenes(np, rng, np.full((1, 28, 28), 200, np.uint8), np.zeros(50, int), 28, 0,
                                 augmentation=shrunk)
    for digit, side in zip(digits[:, 0], (digits[:, 0] > 99).sum(axis=2).max(axis=1)):
        inside = slice(14 - side // 2 + 1, 14 + side // 2 - 1)
        assert (digit[inside, inside] == 200).all()
        assert side == 28 or (digit[0] < 200).all() and (digit[:, -1] < 200).all()
    assert digits[:, 0, 0, 0].min() == 0
    whole = np.full((1, 3, 32, 32), 200, np.uint8)
    assert (scenes.fresh_scenes(np, rng, whole, np.zeros(9, int), 32, 0, augmentation=shrunk) == 200).all()


def test_iterator_augments_native_pictures(rng):
    """A batch depends on the seed and on its number alone, so a run that is resumed has the same."""
    sizes = rng.integers(5, 50, (8, 2))
    sources = Pictures(PictureStore.of([pictures(rng, (3, *size)) for size in sizes], 2), np.arange(8))
    labels = np.arange(8, dtype=np.int32)
    one, two = (SceneIterator(sources, labels, 64, 0, 8, augmentation=ALL, shift=4) for _ in range(2))
    (first, _, _), (second, _, _) = next(one), next(one)
    (again, _, _) = next(two)
    assert first.points.shape == (8, 2, 5, 5) and first.curves.shape == (8, 3, 256)
    for name in 'points', 'curves', 'indexes':
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
        assert (getattr(first, name) != getattr(second, name)).any()
    # Each picture has changes of its own, about its own middle.
    middles = first.points[:, :, 2, 2] - (sizes[first.indexes] - 1) / 2
    assert (abs(middles) <= (4 + 3) * sizes[first.indexes].max(axis=1)[:, None] / 64 + 0.5).all()
    assert len(np.unique(first.curves[:, 0], axis=0)) == 8


@pytest.mark.parametrize('sources, size', [
    ((9, 28, 28), 28), ((9, 28, 28), 30), ((9, 3, 32, 32), 32), ((9, 3, 32, 32), 34)], ids=str)
def test_half_of_the_scenes_show_the_mirrored_picture(rng, sources, size):
    """Wherever it is in the scene: digits, pictures that are scenes themselves, and pictures on streets."""
    images, side, mirrored = pictures(rng, sources), sources[-1], []
    chosen = np.arange(200) % 9
    found = scenes.fresh_scenes(np, rng, images, chosen, size, 0, augmentation=Augmentation(flip=True))
    inside = slice(3, side - 3)  # the border of a picture is blended with its street
    windows = np.lib.stride_tricks.sliding_window_view(found, (side, side), axis=(2, 3))[..., inside, inside]
    for scene, own in zip(windows, images.reshape(9, -1, side, side)[chosen]):
        shown = [(scene == form[:, None, None, inside, inside]).all(axis=(0, 3, 4)).any()
                 for form in (own, own[..., ::-1])]
        assert sum(shown) == 1
        mirrored.append(shown[1])
    assert 70 < sum(mirrored) < 130


def test_iterator_augments(rng):
    iterator = SceneIterator(pictures(rng, (8, 28, 28)), np.arange(8, dtype=np.int32), 28, 0, 8, augmentation=ALL)
    (one, first, _), (two, second, _) = next(iterator), next(iterator)
    assert (one[first == 5] != two[second == 5]).any() and one.dtype == np.uint8
