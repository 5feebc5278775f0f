import chainer
import chainer.functions as F
import numpy as np
import pytest

from ram import fused
from ram.core_network import CORES
from ram.glimpse_network import GlimpseNetwork
from ram.glimpse_sensor import GlimpseSensor
from ram.model import plain_unroll
from tests.test_networks import shake


def unrolled(unroll, networks, images, steps, weights):
    """States, locations and all gradients of a weighted sum of the states that ``weights`` says."""
    locations = np.random.default_rng(1).uniform(-1.2, 1.2, (steps, len(images), 2)).astype(np.float32)
    seen = []

    def look(t, h):
        seen.append(h.copy())
        return locations[t + 1]

    networks.cleargrads()
    states, looked = unroll(images, locations[0], look, GlimpseSensor(3, 2), *networks, steps)
    np.testing.assert_array_equal(looked, locations)
    for t in range(steps - 1):
        np.testing.assert_array_equal(seen[t], states[t].array)
    sum(F.sum(states[t] * weight) for t, weight in weights.items()).backward()
    return [state.array for state in states], {
        name: np.zeros_like(p.array) if p.grad is None else p.grad.copy() for name, p in networks.namedparams()}


@pytest.mark.parametrize('steps', [1, 2, 5])
@pytest.mark.parametrize('which', ['all', 'last', 'first'])
@pytest.mark.parametrize('core', CORES)
def test_equals_the_plain_loop_in_values_and_gradients(rng, steps, which, core):
    networks = shake(chainer.ChainList(GlimpseNetwork(2 * 2 * 9, 5, 6), CORES[core](6)), rng)
    images = rng.random((4, 2, 8, 11), np.float32)
    steps_used = {'all': range(steps), 'last': [steps - 1], 'first': [0]}[which]
    weights = {t: rng.normal(size=(4, 6)).astype(np.float32) for t in steps_used}
    states, gradients = unrolled(fused.unroll, networks, images, steps, weights)
    plain_states, plain_gradients = unrolled(plain_unroll, networks, images, steps, weights)
    for state, plain in zip(states, plain_states):
        np.testing.assert_allclose(state, plain, rtol=1e-5, atol=1e-6)
        assert state.dtype == np.float32
    for name in plain_gradients:
        scale = np.abs(plain_gradients[name]).max()
        np.testing.assert_allclose(gradients[name], plain_gradients[name], rtol=1e-5, atol=1e-5 * scale + 1e-12,
                                   err_msg=name)
        assert gradients[name].dtype == np.float32
