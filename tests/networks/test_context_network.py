import numpy as np
import pytest

from ram.networks.context_network import ContextNetwork, reduced
from tests.networks.conftest import linear, relu, shake


@pytest.mark.parametrize('height, width, side', [(12, 18, 6), (10, 7, 4), (3, 5, 7)])
def test_a_reduced_picture_has_the_means_of_its_areas(rng, height, width, side):
    images = rng.random((2, 3, height, width), np.float32)
    fine = images.repeat(side, axis=2).repeat(side, axis=3)  # now each cell is a block of whole pixels
    expected = fine.reshape(2, 3, side, height, side, width).mean(axis=(3, 5))
    found = reduced(images, side)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_context_network(rng):
    network = shake(ContextNetwork(3, 4, unit=5, hidden=6), rng)
    images = rng.random((2, 3, 8, 12), np.float32)
    coarse = images.reshape(2, 3, 4, 2, 4, 3).mean(axis=(3, 5)).reshape(2, -1)
    expected = relu(linear(network.second, relu(linear(network.first, coarse))))
    np.testing.assert_allclose(network(images).array, expected, rtol=1e-4, atol=1e-5)
