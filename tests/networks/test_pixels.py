import numpy as np
import pytest

from ram.networks.pixels import to_float, whole


def test_bytes_become_floats_from_zero_to_one_and_floats_stay():
    values = to_float(np.array([0, 51, 255], np.uint8))
    assert values.dtype == np.float32
    np.testing.assert_allclose(values, [0, 0.2, 1], rtol=1e-6)
    assert to_float(values) is values


@pytest.mark.parametrize('dtype', [np.uint8, np.float32])
def test_normalised_images_have_channels_of_mean_0_and_together_the_deviation_1(rng, dtype):
    images = rng.random((4, 3, 8, 9), np.float32) * np.float32([0.2, 1, 3, 0])[:, None, None, None] + 2
    images = images if dtype == np.float32 else (images * 50).astype(np.uint8)
    found = whole(images, normalise=True)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.mean(axis=(2, 3)), 0, atol=1e-4)
    np.testing.assert_allclose(found[:3].std(axis=(1, 2, 3)), 1, atol=0.1)
    for image, other in zip(images[:3].astype(float), found):  # one scale for all channels
        centred = np.array([channel - channel.mean() for channel in image])
        np.testing.assert_allclose(other, centred * (other[0, 0, 0] / centred[0, 0, 0]), atol=1e-3)
    np.testing.assert_allclose(found[3], 0, atol=1e-3)  # a blank image stays blank
