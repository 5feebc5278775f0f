import numpy as np
import pytest

from datasets import scenes
from ram.batches import SceneIterator


@pytest.fixture
def digits(rng):
    return rng.integers(1, 256, (20, 28, 28)).astype(np.uint8)


def naive(digits, layout, size):
    out = np.zeros((len(layout.source), 1, size, size), np.uint8)
    for n, source in enumerate(layout.source):
        y, x = layout.corner[n]
        out[n, 0, y:y + 28, x:x + 28] = digits[source]
        for p in range(layout.piece_source.shape[1]):
            (cy, cx), (py, px) = layout.piece_cut[n, p], layout.piece_corner[n, p]
            piece = digits[layout.piece_source[n, p], cy:cy + 8, cx:cx + 8]
            place = out[n, 0, py:py + 8, px:px + 8]
            place[...] = np.maximum(place, piece)
    return out


@pytest.mark.parametrize('size, pieces', [(28, 0), (60, 0), (60, 4), (100, 8)])
def test_compose_equals_a_naive_loop(digits, rng, size, pieces):
    layout = scenes.draw_layout(rng, rng.integers(0, 20, 50), 20, size, pieces)
    composed = scenes.compose(np, digits, layout, size)
    assert composed.dtype == np.uint8
    np.testing.assert_array_equal(composed, naive(digits, layout, size))


def test_layouts_are_uniform_and_inside(rng):
    layout = scenes.draw_layout(rng, np.arange(20000) % 20, 20, 60, 4)
    assert layout.corner.min() == 0 and layout.corner.max() == 32
    assert abs(layout.corner.mean() - 16) < 0.2
    assert layout.piece_corner.min() == 0 and layout.piece_corner.max() == 52
    assert layout.piece_cut.min() == 0 and layout.piece_cut.max() == 20
    assert (layout.piece_source != layout.source[:, None]).all()
    assert np.unique(layout.piece_source).size == 20


def test_fixed_scenes_are_fixed(digits):
    one, two, other = (scenes.fixed_scenes(digits, 60, 4, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert (one != other).any() and one.shape == (20, 1, 60, 60)


def test_to_float_spans_zero_to_one():
    values = scenes.to_float(np, np.array([0, 51, 255], np.uint8))
    assert values.dtype == np.float32
    np.testing.assert_allclose(values, [0, 0.2, 1], rtol=1e-6)


def test_iterator_shows_every_digit_once_an_epoch_and_never_the_same_scene(digits, rng):
    labels = np.arange(20, dtype=np.int32)
    iterator = SceneIterator(digits, labels, 60, 0, 8, rng)
    seen, first_image, details = [], [], []
    while iterator.epoch < 2:
        images, batch = next(iterator)
        assert images.shape == (8, 1, 60, 60) and images.dtype == np.float32 and 0 <= images.min() <= images.max() <= 1
        seen += batch.tolist()
        first_image += [images[i] for i in range(8) if batch[i] == 0]
        details.append(iterator.epoch_detail)
    assert sorted(seen[:20]) == sorted(seen[20:40]) == list(range(20))
    assert seen[:20] != seen[20:40]
    assert (first_image[0] != first_image[1]).any()
    np.testing.assert_allclose(details, [0.4, 0.8, 1.2, 1.6, 2.0])


def test_shifted_scenes(rng):
    """A digit of one bright pixel in its middle is seen everywhere within the shift, equally often."""
    digits, found = np.zeros((5, 28, 28), np.uint8), np.zeros((28, 28))
    digits[:, 14, 14] = 255
    iterator = SceneIterator(digits, np.arange(5, dtype=np.int32), 28, 0, 5, rng, shift=2)
    for _ in range(1000):
        images, _ = next(iterator)
        assert images.shape == (5, 1, 28, 28) and (images.sum(axis=(1, 2, 3)) == 1).all()
        found += images.sum(axis=(0, 1))
    assert found[12:17, 12:17].sum() == 5000
    np.testing.assert_allclose(found[12:17, 12:17], 200, atol=5 * 200 ** 0.5)


def test_what_is_shifted_out_of_a_scene_is_lost(rng):
    digits = np.full((3, 28, 28), 255, np.uint8)
    images, _ = next(SceneIterator(digits, np.zeros(3, np.int32), 28, 0, 3, rng, shift=5))
    assert (images.mean(axis=(1, 2, 3)) >= (23 / 28) ** 2 - 1e-6).all() and images.shape == (3, 1, 28, 28)


def test_iterator_refuses_a_batch_larger_than_the_data(digits, rng):
    with pytest.raises(ValueError, match='batchsize'):
        SceneIterator(digits, np.zeros(20, np.int32), 60, 0, 21, rng)
