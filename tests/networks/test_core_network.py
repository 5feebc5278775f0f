import numpy as np

from ram.networks.core_network import CoreNetwork, LSTMCoreNetwork
from tests.networks.conftest import linear, relu, shake


def test_core_network(rng):
    network = shake(CoreNetwork(6), rng)
    h, g = rng.random((2, 4, 6), np.float32)
    state, output = network(h, g)
    expected = relu(linear(network.from_state, h) + linear(network.from_glimpse, g))
    np.testing.assert_allclose(output.array, expected, rtol=1e-5)
    assert state is output
    np.testing.assert_array_equal(network.initial_state(3), np.zeros((3, 6)))


def test_an_untrained_core_forgets_nothing(rng):
    network = CoreNetwork(6)
    h = rng.random((4, 6), np.float32)
    network.from_glimpse.W.array[...] = 0
    np.testing.assert_allclose(network(h, h)[1].array, h, rtol=1e-6)


def test_lstm_core_network(rng):
    network = shake(LSTMCoreNetwork(3), rng)
    g = rng.random((2, 4, 3), np.float32)
    state, _ = network(network.initial_state(4), g[0])
    (c, h), output = network(state, g[1])

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    c_now = h_now = np.zeros((4, 3))
    for x in g:
        gates = linear(network.lstm.upward, x) + h_now @ network.lstm.lateral.W.array.T
        a, i, f, o = gates.reshape(4, 3, 4).transpose(2, 0, 1)  # Chainer interleaves the gates
        c_now = np.tanh(a) * sigmoid(i) + c_now * sigmoid(f)
        h_now = np.tanh(c_now) * sigmoid(o)
    np.testing.assert_allclose(c.array, c_now, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(h.array, h_now, rtol=1e-4, atol=1e-6)
    assert output is h
