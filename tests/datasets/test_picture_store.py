import numpy as np
import pytest
from PIL import Image

from datasets import picture_store, scenes
from datasets.augmentation import OFF
from datasets.picture_store import Pictures, PictureStore

SIZES = [(1, 1), (9, 14), (1, 30), (33, 2), (20, 20)]


def pictures(rng, channels):
    return [rng.integers(0, 256, (channels, *size)).astype(np.uint8) for size in SIZES]


def block_means(image, factor):
    """The mean of every block of pixels, as floats; incomplete blocks have fewer pixels."""
    channels, height, width = image.shape
    return np.array([[[image[c, y:y + factor, x:x + factor].mean() for x in range(0, width, factor)]
                      for y in range(0, height, factor)] for c in range(channels)])


@pytest.mark.parametrize('channels', [1, 3])
@pytest.mark.parametrize('factor', [1, 2, 3])
def test_levels_are_the_picture_and_its_block_means(rng, channels, factor):
    images = pictures(rng, channels)
    store = PictureStore.of(images, factor)
    assert len(store) == len(images) and store.channels == channels
    for i, image in enumerate(images):
        np.testing.assert_array_equal(store.level(i, 0), image)
        for k in range(1, store.starts.shape[1]):
            means = block_means(store.level(i, k - 1), factor)
            assert store.level(i, k).shape == means.shape
            assert abs(store.level(i, k) - means).max() <= 0.67  # Pillow rounds 2 / 3 down


def test_levels_of_two_take_a_third_more(rng):
    store = PictureStore.of([rng.integers(0, 256, (1, 512, 1024)).astype(np.uint8)], 2)
    assert 4 / 3 - 1e-3 < (store.pixels.nbytes - 2 * picture_store.MARGIN) / 512 / 1024 < 4 / 3 + 1e-3
    for factor in 1, 2, 3, 16:
        assert factor == 1 or factor ** (picture_store.levels(factor) - 1) >= picture_store.LARGEST_BLOCK


@pytest.mark.parametrize('channels', [1, 3])
def test_means_and_deviations(rng, channels):
    images = pictures(rng, channels)
    store = PictureStore.of(images, 1)
    for image, mean, deviation in zip(images, store.means, store.deviations):
        np.testing.assert_allclose(mean, image.mean(axis=(1, 2)), rtol=1e-6)
        np.testing.assert_allclose(deviation, (image - image.mean(axis=(1, 2), keepdims=True)).std(), atol=1e-4)


def test_pictures_are_a_sequence_of_a_store(rng):
    images = pictures(rng, 3)
    chosen = Pictures(PictureStore.of(images, 2), np.arange(5))[[3, 1, 1]]
    assert len(chosen) == 3 and len(chosen[1:]) == 2
    assert [chosen.size(i) for i in range(3)] == [SIZES[3], SIZES[1], SIZES[1]]
    assert chosen.repeat(2, axis=0).indexes.tolist() == [3, 3, 1, 1, 1, 1]
    np.testing.assert_array_equal(chosen.reduced(0, 33), images[3])
    for found, picture in zip(chosen.all_reduced(999), (3, 1, 1), strict=True):
        np.testing.assert_array_equal(found, images[picture])
        assert np.shares_memory(found, chosen.store.pixels)
    assert chosen.reduced(0, 32).shape == (3, 17, 1) and chosen.reduced(0, 8).shape == (3, 5, 1)


@pytest.mark.parametrize('channels', [1, 3])
def test_a_sample_is_all_of_a_small_picture_and_nearly_the_mean_of_a_large_one(rng, channels):
    images = [*pictures(rng, channels), *(rng.integers(0, 256, (channels, *size)).astype(np.uint8)
                                          for size in ((33, 32), (7, 999), (300, 200)))]
    chosen = np.array([5, 7, 0, 1, 2, 3, 4, 6, 0])
    pixels, weights = PictureStore.of(images, 2).sample(np, chosen)
    assert pixels.dtype == np.uint8 and pixels.shape == (9, channels, picture_store.SAMPLE)
    np.testing.assert_allclose(weights.sum(axis=2), 1, atol=1e-5)
    for i, sample, weight in zip(chosen, pixels, weights[:, 0]):
        image, counted = images[i].reshape(channels, -1), sample[:, weight > 0]
        if image.shape[1] <= picture_store.SAMPLE:
            np.testing.assert_array_equal(counted, image)
            assert len(set(weight[weight > 0])) == 1
        np.testing.assert_allclose((counted * weight[weight > 0]).sum(axis=1), image.mean(axis=1), atol=2)


def test_a_sample_of_a_picture_without_coarse_levels_is_from_all_over_it(rng):
    image = np.tile(np.arange(200, dtype=np.uint8)[:, None], (1, 1, 60))
    pixels, weights = PictureStore.of([image], 1).sample(np, np.zeros(2, int))
    assert (pixels * weights).sum(axis=2).ravel() == pytest.approx(99.5, abs=1)
    assert np.ptp(pixels) >= 198


def test_unchanged_pictures_draw_no_random_numbers(rng):
    chosen = Pictures(PictureStore.of(pictures(rng, 3), 2), np.arange(5))
    state = rng.bit_generator.state
    for again in chosen.changed(np, rng, 64, 0, OFF), scenes.fresh_scenes(np, rng, chosen, np.arange(5), 64, 0):
        assert again.points is None and again.curves is None
        np.testing.assert_array_equal(again.indexes, chosen.indexes)
    assert rng.bit_generator.state == state


def test_levels_are_made_as_pillow_reduces(rng):
    """Of a real picture: what is read from the store is what Pillow makes of the picture."""
    image = rng.integers(0, 256, (40, 52, 3)).astype(np.uint8)
    store = PictureStore.of([image.transpose(2, 0, 1)], 2)
    np.testing.assert_array_equal(store.level(0, 1).transpose(1, 2, 0), np.asarray(Image.fromarray(image).reduce(2)))
