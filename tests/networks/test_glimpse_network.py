import numpy as np

from ram.networks.glimpse_network import GlimpseNetwork
from tests.networks.conftest import linear, relu, shake


def test_glimpse_network(rng):
    network = shake(GlimpseNetwork(2 * 9, unit=5, hidden=6), rng)
    rho, l = rng.random((4, 2, 3, 3), np.float32), rng.uniform(-1, 1, (4, 2)).astype(np.float32)  # noqa: E741
    h_g, h_l = relu(linear(network.what, rho.reshape(4, -1))), relu(linear(network.where, l))
    expected = relu(linear(network.from_what, h_g) + linear(network.from_where, h_l))
    np.testing.assert_allclose(network(rho, l).array, expected, rtol=1e-5)
