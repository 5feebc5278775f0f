"""Random changes of native pictures, against pictures that are changed as a whole."""
import numpy as np
import pytest
import scipy.ndimage

from datasets.augmentation import OFF, Augmentation, distortion, tones
from datasets.picture_store import PictureStore
from ram.networks import pixels
from ram.networks.glimpse_sensor import glimpse_sensor
from ram.networks.native_sensor import NativePictures, NativeSensor
from tests.datasets.test_distortion import by_scipy, identity

ALL = Augmentation(rotate=40, zoom=0.4, shear=0.3, elastic=3, flip=True, brightness=1, contrast=0.8, tint=0.5)
SHAPES = [(1, 28, 28), (3, 20, 37), (3, 31, 5), (1, 1, 9)]


@pytest.fixture(params=SHAPES, ids=str)
def images(request, rng):
    return rng.integers(0, 256, (12, *request.param)).astype(np.uint8)


def native(images, factor=2, **changes):
    return NativePictures(PictureStore.of(list(images), factor), np.arange(len(images)), **changes)


def glimpses(pictures, locations, normalise=False, patch=9, scales=1):
    return NativeSensor(pictures, patch, scales, 2, normalise)(locations)


@pytest.fixture
def locations(rng):
    return rng.uniform(-1.2, 1.2, (12, 2)).astype(np.float32)


@pytest.mark.parametrize('normalise', [False, True])
def test_tones_are_those_of_the_whole_picture(images, locations, normalise, rng):
    """And so are the mean and the deviation by which it is normalised."""
    curves = native(images).changed(np, rng, 64, 0, Augmentation(brightness=1, contrast=0.8, tint=0.5)).curves
    whole = pixels.whole(tones.retoned(np, images, curves), normalise)
    expected = glimpse_sensor(whole, locations, 9, 1).array
    np.testing.assert_allclose(glimpses(native(images, curves=curves), locations, normalise), expected,
                               atol=2e-4 * abs(expected).max())


def test_tones_of_large_pictures_are_normalised_nearly_as_a_whole(locations, rng):
    """Their statistics are those of a sample, so they are less exact; those of the unchanged ones would be far off."""
    images = 255 * scipy.ndimage.gaussian_filter(rng.random((12, 3, 200, 260)), (0, 0, 3, 3)) ** 0.5
    images = (4 * (images - images.mean()) + rng.uniform(60, 190, (12, 3, 1, 1))).clip(0, 255).astype(np.uint8)
    pictures = native(images).changed(np, rng, 64, 0, Augmentation(brightness=1, contrast=0.8, tint=0.5))
    whole = pixels.whole(tones.retoned(np, images, pictures.curves), True)
    expected = glimpse_sensor(whole, locations, 9, 1).array
    sensor, before = (NativeSensor(each, 9, 1, 2, True) for each in (pictures, native(images)))
    seen = sensor(locations)
    sensor.means, sensor.gains = before.means, before.gains
    error, without = (abs(each - expected).mean() / abs(expected).mean() for each in (seen, sensor(locations)))
    assert error < 0.03 and without > 0.3


@pytest.mark.parametrize('toned', [False, True])
def test_the_finest_patch_is_that_of_the_whole_distorted_picture(images, locations, toned, rng):
    pictures = native(images).changed(np, rng, 40, 3, ALL)
    curves = pictures.curves if toned else None
    before = tones.retoned(np, images, curves) if toned else images
    whole = by_scipy(before, pictures.points, 'nearest') / 255
    seen = glimpses(native(images, points=pictures.points, curves=curves), locations)
    np.testing.assert_allclose(seen, glimpse_sensor(whole, locations, 9, 1).array, atol=2e-4)


def test_coarse_patches_are_nearly_those_of_the_whole_distorted_picture(locations, rng):
    """Of smooth pictures, in which interpolation makes no difference."""
    images = scipy.ndimage.gaussian_filter(rng.random((12, 3, 90, 130)), (0, 0, 20, 20))
    images = (127 + (images - images.mean()) * 100 / abs(images - images.mean()).max()).astype(np.uint8)
    pictures = native(images).changed(np, rng, 64, 4, Augmentation(rotate=40, zoom=0.4, shear=0.3, flip=True))
    whole = by_scipy(images, pictures.points, 'nearest') / 255
    expected, unchanged = (glimpse_sensor(each, locations, 9, 4).array for each in (whole, images))
    seen = glimpses(pictures, locations, scales=4)
    for k in range(4):
        scale = slice(3 * k, 3 * k + 3)
        error, change = (abs(expected[:, scale] - other[:, scale]).mean() for other in (seen, unchanged))
        assert error < 0.008 < 0.03 < change, k


def test_a_shift_moves_the_picture_by_whole_pixels(images, locations, rng):
    """By up to 5 of 64 parts of its longer side; its border is repeated."""
    points = native(images).changed(np, rng, 64, 5, OFF).points
    height, width = images.shape[2:]
    shifts = np.rint((points - identity(12, height, width))[:, :, 2, 2]).astype(int)
    assert abs(shifts).max() <= 0.5 + 5 * max(height, width) / 64
    down, across = shifts.T
    rows, columns = (np.clip(np.arange(side) + by[:, None], 0, side - 1)
                     for side, by in ((height, down), (width, across)))
    moved = np.stack([image[:, y[:, None], x] for image, y, x in zip(images, rows, columns)])
    np.testing.assert_allclose(glimpses(native(images, points=points), locations),
                               glimpse_sensor(moved, locations, 9, 1).array, atol=1e-4)


def test_a_distortion_that_changes_nothing(images, locations):
    """On coarse scales too, where no block is cut by the picture's border."""
    points = identity(len(images), *images.shape[2:])
    seen, plain = (glimpses(each, locations, True, 3, 3) for each in (native(images, points=points), native(images)))
    finest = slice(images.shape[1])
    np.testing.assert_allclose(seen[:, finest], plain[:, finest], atol=1e-4)
    middle = np.zeros_like(locations)
    seen, plain = (glimpses(each, middle, True, 2, 3) for each in (native(images, points=points), native(images)))
    if min(images.shape[2:]) > 16:
        np.testing.assert_allclose(seen, plain, atol=1e-3)


@pytest.mark.filterwarnings('error')
def test_a_location_that_is_not_a_number_sees_nothing(images, rng):
    locations = np.full((12, 2), np.nan, np.float32)
    for normalise in False, True:
        seen = glimpses(native(images).changed(np, rng, 64, 4, ALL), locations, normalise, 8, 3)
        assert (seen == 0).all()


@pytest.mark.parametrize('shift, augmentation', [(0, OFF), (4, ALL), (4, Augmentation(rotate=40))],
                         ids=['no changes', 'all changes', 'turned'])
def test_what_is_read_is_announced(images, locations, shift, augmentation, rng):
    """Where the store does not fit into memory, the system reads just these parts: the rest makes no difference."""
    pictures = native(images).changed(np, rng, 64, shift, augmentation)
    store, parts = pictures.store, []
    store.fetch = lambda begins, ends: parts.extend(zip(begins.tolist(), ends.tolist()))
    expected = glimpses(pictures, locations, True, 5, 3)
    kept = np.zeros_like(store.pixels)
    for begin, end in parts:
        kept[begin:end] = store.pixels[begin:end]
    assert (kept != store.pixels).any()
    store.pixels = kept
    np.testing.assert_allclose(glimpses(pictures, locations, True, 5, 3), expected, atol=1e-6)


def test_a_part_of_a_batch_keeps_its_changes(images, locations, rng):
    pictures = native(images).changed(np, rng, 64, 4, ALL)
    expected = glimpses(pictures, locations, True)
    order = rng.permutation(12)
    np.testing.assert_array_equal(glimpses(pictures[order], locations[order], True), expected[order])
    twice = pictures.repeat(2)
    np.testing.assert_array_equal(glimpses(twice, locations.repeat(2, axis=0), True), expected.repeat(2, axis=0))
    np.testing.assert_array_equal(glimpses(pictures.on(np), locations, True), expected)


def test_pictures_of_different_sizes_are_distorted_as_each_alone(rng):
    """In units of their longer side: one of 32 pixels is bent half as far as one of 64."""
    bent = Augmentation(elastic=2)
    pictures = native([np.zeros((1, *size), np.uint8) for size in ((64, 30), (32, 32), (10, 128))])
    points = pictures.changed(np, np.random.default_rng(1), 64, 0, bent).points
    moved = [points[n] - identity(1, *pictures.size(n))[0] for n in range(3)]
    rng = np.random.default_rng(1)
    whole = distortion.draw_points(np, rng, 3, 64, 64, bent) - identity(3, 64, 64)
    for n, share in enumerate((1, 0.5, 2)):
        np.testing.assert_allclose(moved[n], share * whole[n], atol=1e-4)
    assert abs(whole).max() > 1
