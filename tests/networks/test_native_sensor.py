import ctypes
import dataclasses

import numpy as np
import pytest

from datasets.augmentation import Augmentation
from datasets.augmentation.distortion import POINTS
from datasets.picture_store import PictureStore
from ram.config import PRESETS
from ram.networks import distorted_glimpse, pixels
from ram.networks import native_sensor as module
from ram.networks.glimpse_sensor import glimpse_sensor
from ram.networks.native_sensor import NativePictures, NativeSensor
from tests.conftest import pointers
from tests.networks.test_glimpse_sensor import BORDERS, naive_glimpse

# channels, patch, scales, factor
CASES = [(1, 8, 1, 2), (3, 3, 3, 2), (3, 12, 3, 2), (1, 2, 5, 2), (3, 4, 2, 3), (1, 1, 4, 2), (3, 5, 2, 1),
         (1, 4, 3, 5)]


@pytest.fixture(params=CASES, ids=str)
def case(request, rng):
    """Pictures of many sizes, a location at each, and the retina."""
    channels, patch, scales, factor = request.param
    locations = np.concatenate([np.array(BORDERS, np.float32), rng.uniform(-1.2, 1.2, (20, 2)).astype(np.float32)])
    images = [rng.integers(0, 256, (channels, *rng.integers(1, 40, 2))).astype(np.uint8) for _ in locations]
    images[-1][...], images[-2][...] = 0, 200  # black, and of one colour
    return images, locations, patch, scales, factor


def naive_native_glimpse(image, location, patch, scales, factor, mean, gain):
    """Each scale on a picture of full size in which every block has the mean of its level: then block means are exact.

    Args:
        image: uint8 array (C, H, W).
        location: float32 array (2,).
    """
    store, (channels, height, width), found = PictureStore.of([image], factor), image.shape, []
    for k in range(scales):
        coarse = store.level(0, k if factor > 1 else 0).astype(float)
        wide = coarse.repeat(factor ** k, axis=1).repeat(factor ** k, axis=2)[:, :height, :width]
        wide = (wide - mean[:, None, None]) * gain
        found.append(naive_glimpse(wide[None], location[None], patch, k + 1, factor)[0, k * channels:])
    return np.concatenate(found)


@pytest.mark.parametrize('normalise', [False, True])
def test_equals_a_naive_loop(case, normalise):
    images, locations, patch, scales, factor = case
    seen = NativeSensor(NativePictures(PictureStore.of(images, factor), np.arange(len(images))), patch, scales, factor,
                        normalise)(locations)
    assert seen.dtype == np.float32 and seen.shape == (len(images), scales * len(images[0]), patch, patch)
    for i, image in enumerate(images):
        floats = image / 255
        mean = image.mean(axis=(1, 2)) if normalise else np.zeros(len(image))
        deviation = (floats - floats.mean(axis=(1, 2), keepdims=True)).std()
        gain = 1 / 255 / (deviation + 1e-3) if normalise else 1 / 255
        expected = naive_native_glimpse(image, locations[i], patch, scales, factor, mean, gain)
        np.testing.assert_allclose(seen[i], expected, atol=2e-5 if normalise else 2e-6)


@pytest.mark.parametrize('height, width', [(1, 1), (1, 200), (200, 1), (4, 6000)])
def test_outside_the_only_picture_of_a_store_everything_is_0(rng, height, width):
    image = rng.integers(1, 256, (3, height, width)).astype(np.uint8)
    pictures = NativePictures(PictureStore.of([image], 2), np.zeros(5, int))
    locations = np.array([[99, 99], [99, -99], [-99, 99], [-99, -99], [1, 1]], np.float32)
    seen = NativeSensor(pictures, 5, 4, 2)(locations)
    assert (seen[:4] == 0).all()
    expected = naive_native_glimpse(image, locations[4], 5, 4, 2, np.zeros(3), 1 / 255)
    np.testing.assert_allclose(seen[4], expected, atol=2e-6)


def test_the_sensor_of_a_config(rng):
    _, pictures = batch(rng)
    config = dataclasses.replace(PRESETS['folder'], fit='native', colour=True, patch=5, scales=4,
                                 normalise=True)
    locations = rng.uniform(-1.2, 1.2, (30, 2)).astype(np.float32)
    np.testing.assert_array_equal(pictures.sensor(config)(locations),
                                  NativeSensor(pictures, 5, 4, 2, normalise=True)(locations))


def test_a_retina_may_have_all_scales_of_the_store(rng):
    _, pictures = batch(rng)
    assert NativeSensor(pictures, 1, 13, 2)(np.zeros((30, 2), np.float32)).shape == (30, 39, 1, 1)


def batch(rng, count=30, height=40, width=56):
    images = rng.integers(0, 256, (count, 3, height, width)).astype(np.uint8)
    return images, NativePictures(PictureStore.of(list(images), 2), np.arange(count))


def test_the_finest_scale_is_that_of_the_ordinary_sensor(rng):
    images, pictures = batch(rng)
    floats = images.astype(np.float32) / 255
    for locations in np.full((30, 2), 2, np.float32), rng.uniform(-1.2, 1.2, (30, 2)).astype(np.float32):
        for normalise, whole in (False, floats), (True, pixels.whole(floats, True)):
            seen = NativeSensor(pictures, 7, 3, 2, normalise)(locations)[:, :3]
            np.testing.assert_allclose(seen, glimpse_sensor(whole, locations, 7, 1).array, atol=2e-5)


@pytest.mark.filterwarnings('error')
def test_a_location_that_is_not_a_number_sees_nothing(rng):
    pictures, locations = batch(rng)[1], np.zeros((30, 2), np.float32)
    locations[np.arange(30), np.arange(30) % 2] = np.nan
    for normalise in False, True:
        assert (NativeSensor(pictures, 15, 4, 2, normalise)(locations) == 0).all()


def test_coarse_scales_on_the_grid_of_their_level_are_exact_up_to_rounding(rng):
    images, pictures = batch(rng)
    x, y = 8 * rng.integers(0, 8, 30), 8 * rng.integers(0, 6, 30)
    locations = np.stack([x / 56, y / 40], axis=1).astype(np.float32) * 2 - 1
    seen = NativeSensor(pictures, 4, 3, 2)(locations)
    exact = glimpse_sensor(images.astype(np.float32) / 255, locations, 4, 3).array
    for k in range(3):  # half a grey level is lost at each level
        assert abs(seen - exact)[:, 3 * k:3 * k + 3].max() <= (k / 2 + 1e-3) / 255


def test_a_batch_may_have_a_picture_twice_and_an_output_may_be_given(rng):
    _, pictures = batch(rng)
    chosen, locations = pictures[[4, 9, 4]], np.array([[0.3, 0.2]] * 3, np.float32)
    out = np.full(3 * 2 * 3 * 25, np.nan, np.float32)
    seen = NativeSensor(chosen, 5, 2, 2)(locations, out)
    np.testing.assert_array_equal(out.reshape(seen.shape), seen)
    np.testing.assert_array_equal(seen[0], seen[2])
    assert (seen[0] != seen[1]).any()


@pytest.mark.parametrize('scales, factor', [(2, 3), (2, 1), (3, 4), (14, 2)])
def test_the_store_must_have_the_levels(rng, scales, factor):
    """Factor 1 has the finest level alone, again and again; 14 scales are more than the store has."""
    with pytest.raises(ValueError, match=f'13 scales of factor 2; .* {scales} scales of factor {factor} needs'):
        NativeSensor(batch(rng)[1], 5, scales, factor)


@pytest.mark.parametrize('factor', [1, 3])
def test_the_finest_level_is_in_every_store(rng, factor):
    _, pictures = batch(rng)
    locations = rng.uniform(-1.2, 1.2, (30, 2)).astype(np.float32)
    np.testing.assert_array_equal(*(NativeSensor(pictures, 5, 1, each)(locations) for each in (2, factor)))


def changed(rng, images, factor=2, points=True, curves=True):
    """NativePictures with random distortions and random curves, both larger than anyone would want."""
    all_of_it = Augmentation(rotate=60, zoom=0.5, shear=0.3, elastic=4, flip=True, brightness=2, contrast=1, tint=1)
    pictures = NativePictures(PictureStore.of(images, factor), np.arange(len(images))[::-1].copy())
    made = pictures.changed(np, rng, 64, 9, all_of_it)
    return NativePictures(made.store, made.indexes, made.points if points else None, made.curves if curves else None)


@pytest.mark.parametrize('normalise', [False, True])
@pytest.mark.parametrize('changes', [(False, False), (False, True), (True, False), (True, True)])
def test_kernels_equal_the_cpu(case, normalise, changes, rng, cpp):
    """The operations of the GPU's kernels, compiled as C++ and run element by element."""
    images, locations, patch, scales, factor = case
    pictures = changed(rng, images, factor, *changes)
    sensor, store = NativeSensor(pictures, patch, scales, factor, normalise), pictures.store
    expected, nothing = sensor(locations), np.zeros(1)
    constants = module.KERNEL_CONSTANTS.format(store.channels, patch, scales, factor, store.starts.shape[1], POINTS,
                                               str(changes[1]).lower())
    operation = module.BLOCK + (distorted_glimpse if changes[0] else module).KERNEL_OPERATION
    points, curves = (nothing if array is None else array for array in (pictures.points, pictures.curves))
    source = f'''
        #include <algorithm>
        #include <cmath>
        #include <cstddef>
        #include <cstdint>
        using std::min; using std::max;
        {constants}
        extern "C" void run(const uint8_t* pixels, const int64_t* starts, const int32_t* sizes, const float* means,
                            const float* gains, const int64_t* indexes, const float* points,
                            const uint8_t* curves, const float* locations, float* out, ptrdiff_t n) {{
            for (ptrdiff_t i = 0; i < n; ++i) {{ float& glimpse = out[i]; {operation} }} }}'''
    out = np.empty_like(expected)
    cpp('native', source).run(*pointers(store.pixels, store.starts, store.sizes, sensor.means, sensor.gains,
                                        pictures.indexes, np.ascontiguousarray(points), curves, locations, out),
                              ctypes.c_ssize_t(out.size))
    np.testing.assert_allclose(out, expected, atol=2e-4 if changes[0] else 2e-5)
