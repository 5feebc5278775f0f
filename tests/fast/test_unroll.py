import chainer
import chainer.functions as F
import numpy as np
import pytest

from ram.agents.recurrent_attention import plain_unroll
from ram.fast import cores, pooled_convolution
from ram.fast.unroll import unroll
from ram.networks.conv_glimpse_network import ConvGlimpseNetwork
from ram.networks.glimpse_network import GlimpseNetwork
from ram.networks.glimpse_sensor import GlimpseSensor
from ram.registry import CORES
from tests.networks.conftest import shake


def unrolled(loop, networks, sensor, steps, weights):
    """States, locations and all gradients of a weighted sum of the states that ``weights`` says."""
    count = sensor.shape[0]
    locations = np.random.default_rng(1).uniform(-1.2, 1.2, (steps, count, 2)).astype(np.float32)
    seen = []

    def look(t, h, location):
        seen.append(h.copy())
        location[...] = locations[t + 1]

    networks.cleargrads()
    parts = networks if loop is plain_unroll else [network.fast() for network in networks]
    before, last, states, looked = loop(
        lambda t, location, out=None: sensor(location, out), locations[0], look, *parts, steps)
    np.testing.assert_array_equal(looked, locations)
    np.testing.assert_array_equal(before.array.reshape(seen_shape := states[:-1].shape), states[:-1])
    np.testing.assert_array_equal(last.array, states[-1])
    np.testing.assert_array_equal(np.reshape(seen, seen_shape), states[:-1])
    sum(F.sum((last if t == steps - 1 else before[t * count:(t + 1) * count]) * weight)
        for t, weight in weights.items()).backward()
    return states, {
        name: np.zeros_like(p.array) if p.grad is None else p.grad.copy() for name, p in networks.namedparams()}


def assert_equals_the_plain_loop(networks, sensor, steps, weights):
    states, gradients = unrolled(unroll, networks, sensor, steps, weights)
    plain_states, plain_gradients = unrolled(plain_unroll, networks, sensor, steps, weights)
    for state, plain in zip(states, plain_states):
        np.testing.assert_allclose(state, plain, rtol=1e-5, atol=1e-6)
        assert state.dtype == np.float32
    for name in plain_gradients:
        scale = np.abs(plain_gradients[name]).max()
        np.testing.assert_allclose(gradients[name], plain_gradients[name], rtol=1e-5, atol=1e-5 * scale + 1e-12,
                                   err_msg=name)
        assert gradients[name].dtype == np.float32


@pytest.mark.parametrize('steps', [1, 2, 5])
@pytest.mark.parametrize('which', ['all', 'last', 'first'])
@pytest.mark.parametrize('core', CORES)
def test_equals_the_plain_loop_in_values_and_gradients(rng, monkeypatch, steps, which, core):
    monkeypatch.setattr(cores, 'AT_ONCE', 3)  # of the 4 images
    networks = shake(chainer.ChainList(GlimpseNetwork(2 * 2 * 9, 5, 6), CORES[core](6)), rng)
    images = rng.random((4, 2, 8, 11), np.float32)
    steps_used = {'all': range(steps), 'last': [steps - 1], 'first': [0]}[which]
    weights = {t: rng.normal(size=(4, 6)).astype(np.float32) for t in steps_used}
    assert_equals_the_plain_loop(networks, GlimpseSensor(images, 3, 2), steps, weights)


@pytest.mark.parametrize('patch, scales, channels, filters, steps', [
    (12, 2, 3, 4, 3), (4, 1, 1, 3, 2), (5, 2, 1, 1, 4), (7, 3, 3, 5, 1), (9, 1, 2, 4, 2), (10, 2, 2, 3, 2)])
def test_the_convolutional_glimpse_network_equals_chainers_links(
        rng, monkeypatch, patch, scales, channels, filters, steps):
    monkeypatch.setattr(pooled_convolution, 'AT_ONCE', 1)  # one image at a time
    networks = shake(chainer.ChainList(
        ConvGlimpseNetwork(scales * channels, patch, filters, 5, 6), CORES['lstm'](6)), rng)
    images = rng.random((4, channels, 15, 11), np.float32)
    weights = {t: rng.normal(size=(4, 6)).astype(np.float32) for t in range(steps)}
    assert_equals_the_plain_loop(networks, GlimpseSensor(images, patch, scales), steps, weights)
