import numpy as np
import pytest

from ram.networks.conv_glimpse_network import ConvGlimpseNetwork
from tests.networks.conftest import linear, relu, shake


def pooled_convolution(link, image):
    """ReLU of the largest of 2 x 2 results of a padded convolution, for one image (C, side, side), pixel by pixel."""
    W, b, half = link.W.array.astype(float), link.b.array, image.shape[1] // 2
    wide = np.pad(image, ((0, 0), (1, 1), (1, 1)))
    return np.array([[[max((kernel * wide[:, y:y + 3, x:x + 3]).sum() + bias
                           for y in (2 * i, 2 * i + 1) for x in (2 * j, 2 * j + 1))
                       for j in range(half)] for i in range(half)] for kernel, bias in zip(W, b)]).clip(0)


@pytest.mark.parametrize('patch', [4, 9])
def test_conv_glimpse_network(rng, patch):
    network = shake(ConvGlimpseNetwork(2 * 3, patch, filters=4, unit=5, hidden=6), rng)
    rho, l = rng.random((2, 6, patch, patch), np.float32), rng.uniform(-1, 1, (2, 2)).astype(np.float32)  # noqa: E741
    features = [pooled_convolution(network.second, pooled_convolution(network.first, image)) for image in rho]
    h_g = relu(linear(network.what, np.array([feature.transpose(1, 2, 0).ravel() for feature in features])))
    h_l = relu(linear(network.where, l))
    expected = relu(linear(network.from_what, h_g) + linear(network.from_where, h_l))
    np.testing.assert_allclose(network(rho, l).array, expected, rtol=1e-4, atol=1e-5)
