import dataclasses

import numpy as np
import pytest

from datasets.picture_store import PictureStore
from ram.config import PRESETS
from ram.networks.native_sensor import NativePictures
from ram.pictures.retina import seen


def expected(image, location, config, outside):
    """The patches, pixel by pixel: (K, C, g, g); ``outside`` has a value for each channel."""
    channels, height, width = image.shape
    x, y = (int(np.rint((place + 1) / 2 * length)) for place, length in zip(location, (width, height)))
    patches = np.empty((config.scales, channels, config.patch, config.patch))
    for k, c, i, j in np.ndindex(patches.shape):
        block = config.factor ** k
        top, left = (edge - config.patch * block // 2 + n * block for edge, n in ((y, i), (x, j)))
        values = [image[c, v, u] / 255 if 0 <= v < height and 0 <= u < width else outside[c]
                  for v in range(top, top + block) for u in range(left, left + block)]
        patches[k, c, i, j] = np.mean(values)
    return patches


@pytest.mark.parametrize('normalise', [False, True])
def test_patches_are_what_the_sensor_sees_in_tones_of_the_image(tiny, rng, normalise):
    """Outside it is black, or, where the contrast is normalised and 0 is the mean, the mean."""
    config = dataclasses.replace(tiny, normalise=normalise)
    images = rng.integers(0, 256, (2, 3, 12, 17)).astype(np.uint8)
    locations = np.float32([[[0, 0], [-1, 0.9]], [[0.4, -1], [0.3, 0.2]]])
    found = seen(images, locations, config)
    assert found.shape == (2, 2, 2, 3, 4, 4)
    for t, n in np.ndindex(2, 2):
        outside = images[n].mean(axis=(1, 2)) / 255 * normalise
        np.testing.assert_allclose(found[t, n], expected(images[n], locations[t, n], config, outside), atol=1e-5)


@pytest.mark.parametrize('normalise', [False, True])
def test_pictures_of_different_sizes(tiny, rng, normalise):
    config = dataclasses.replace(
        tiny, dataset='folder', digits='mnist', images='x', colour=True, fit='native', normalise=normalise, scales=1,
        size=PRESETS['folder'].size)
    images = [rng.integers(0, 256, (3, *size)).astype(np.uint8) for size in ((9, 20), (30, 11), (16, 16))]
    pictures = NativePictures(PictureStore.of(images, config.factor), np.arange(3))[[2, 0]]
    locations = np.float32([[[0.9, 0], [-1, 0.5]]])
    found = seen(pictures, locations, config)
    for n, image in enumerate((images[2], images[0])):
        outside = image.mean(axis=(1, 2)) / 255 * normalise
        np.testing.assert_allclose(found[0, n], expected(image, locations[0, n], config, outside), atol=1e-4)
