"""Each network against its equation in the paper, in NumPy."""
import chainer
import numpy as np
import pytest
from chainer import gradient_check

from ram.networks.action_network import ActionNetwork
from ram.networks.baseline_network import BaselineNetwork
from ram.networks.context_network import ContextNetwork, reduced
from ram.networks.conv_glimpse_network import ConvGlimpseNetwork
from ram.networks.core_network import CoreNetwork, LSTMCoreNetwork
from ram.networks.glimpse_network import GlimpseNetwork
from ram.networks.location_network import LocationNetwork


def linear(link, x):
    return x @ link.W.array.T + link.b.array


def relu(x):
    return np.maximum(x, 0)


def shake(link, rng):
    """Random weights and biases, so that nothing is zero or the identity by initialisation."""
    for parameter in link.params():
        parameter.array[...] = rng.normal(0, 0.5, parameter.shape)
    return link


def test_glimpse_network(rng):
    network = shake(GlimpseNetwork(2 * 9, unit=5, hidden=6), rng)
    rho, l = rng.random((4, 2, 3, 3), np.float32), rng.uniform(-1, 1, (4, 2)).astype(np.float32)  # noqa: E741
    h_g, h_l = relu(linear(network.what, rho.reshape(4, -1))), relu(linear(network.where, l))
    expected = relu(linear(network.from_what, h_g) + linear(network.from_where, h_l))
    np.testing.assert_allclose(network(rho, l).array, expected, rtol=1e-5)


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


@pytest.mark.parametrize('network, expected', [
    (LocationNetwork(5), lambda n, h: np.tanh(linear(n.mean, h))),
    (ActionNetwork(5, 3), lambda n, h: linear(n.logits, h)),
    (BaselineNetwork(5), lambda n, h: linear(n.reward, h)[:, 0]),
], ids=['location', 'action', 'baseline'])
def test_heads(rng, network, expected):
    h = rng.normal(size=(4, 5)).astype(np.float32)
    shake(network, rng)
    output = network(h)
    np.testing.assert_allclose(output.array, expected(network, h), rtol=1e-4, atol=1e-6)
    parameters = tuple(network.params())
    gradient_check.check_backward(lambda h, *_: network(h), h, np.ones_like(output.array), params=parameters,
                                  eps=1e-2, atol=1e-2, rtol=1e-2)
    assert isinstance(output, chainer.Variable) and output.dtype == np.float32
