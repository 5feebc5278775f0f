import numpy as np
import pytest

from ram.networks.pixels import to_float, whole


def test_bytes_become_floats_from_zero_to_one_and_floats_stay():
    values = to_float(np.array([0, 51, 255], np.uint8))
    assert values.dtype == np.float32
    np.testing.assert_allclose(values, [0, 0.2, 1], rtol=1e-6)
    assert to_float(values) is values


def test_a_view_of_bytes_becomes_an_array_of_its_own(rng):
    """The sensor needs it so."""
    images = rng.integers(0, 256, (5, 4, 3, 2)).astype(np.uint8).transpose(3, 2, 1, 0)
    assert to_float(images).flags.c_contiguous
    np.testing.assert_array_equal(whole(images), to_float(images))


@pytest.mark.parametrize('dtype', [np.uint8, np.float32])
def test_normalised_images_have_channels_of_mean_0_and_together_nearly_the_deviation_1(rng, dtype):
    images = rng.random((4, 3, 8, 9), np.float32) * np.float32([0.2, 1, 3, 0])[:, None, None, None] + 2
    images[:, 1] += 1
    images = images if dtype == np.float32 else (images * 50).astype(np.uint8)
    found = whole(images, normalise=True)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.mean(axis=(2, 3)), 0, atol=1e-4)
    for image, other in zip(to_float(images)[:3].astype(float), found):  # one scale for all channels
        centred = np.array([channel - channel.mean() for channel in image])
        np.testing.assert_allclose(other, centred / ((centred ** 2).mean() ** 0.5 + 0.001), atol=1e-3)
    np.testing.assert_allclose(found[3], 0, atol=1e-3)  # a blank image stays blank


def test_a_nearly_blank_image_stays_so_and_keeps_its_sign(rng):
    image = rng.choice([0.5, 0.5002], (1, 1, 20, 20)).astype(np.float32)
    found = whole(image, normalise=True)
    assert 0.05 < found.max() < 0.2 and (found[image > 0.5001] > 0).all()
