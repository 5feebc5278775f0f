import ctypes

import chainer
import chainer.functions as F
import numpy as np
import pytest

from ram import fused, fused_cores
from ram.core_network import CORES
from ram.glimpse_network import GlimpseNetwork
from ram.glimpse_sensor import GlimpseSensor
from ram.model import plain_unroll
from tests.conftest import pointers
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


class NotNumPy:
    """NumPy, but not the module: who asks whether it is that takes the way of the GPU."""

    def __getattr__(self, name):
        return getattr(np, name)


@pytest.fixture
def elementwise(cpp):
    """``cuda.elementwise`` for NumPy: the GPU's operation as C++, called with arrays that the kernel would be given."""
    def make(inputs, outputs, operation, name):
        names = [[part.split()[1] for part in text.split(', ')] for text in (inputs, outputs)]
        arguments = ', '.join(f'T* all_{name}' for name in sum(names, []))
        lines = [*(f'const T {name} = all_{name}[i];' for name in names[0]),
                 *(f'T& {name} = all_{name}[i];' for name in names[1]), operation]
        run = cpp(name, f"""#include <cmath>
            using std::tanh;
            typedef float T;
            extern "C" void run(long n, {arguments}) {{ for (long i = 0; i < n; ++i) {{ {" ".join(lines)} }} }}""").run

        def kernel(*arrays):
            assert len(arrays) == len(names[0]) + len(names[1])
            assert all(array.dtype == np.float32 for array in arrays)
            written = arrays[len(names[0]):]
            copies = [np.broadcast_to(array, written[0].shape).copy() for array in arrays]
            run(ctypes.c_long(written[0].size), *pointers(*copies))
            for array, copy in zip(written, copies[len(names[0]):]):
                assert array.shape == written[0].shape
                array[...] = copy

        return kernel

    return make


@pytest.mark.parametrize('which', ['all', 'last', 'first'])
def test_the_gpus_way_through_the_lstm(rng, monkeypatch, elementwise, which):
    steps, count, inputs, hidden = 4, 5, 3, 6
    parameters = [rng.normal(size=shape).astype(np.float32) for shape in (
        (4 * hidden, inputs), 4 * hidden, (4 * hidden, hidden))]
    cores = [fused_cores.FusedLSTMCore(parameters, steps, count) for _ in range(2)]
    cores[1].xp = NotNumPy()
    monkeypatch.setattr(fused_cores.cuda, 'elementwise', elementwise)
    looked = rng.normal(size=(steps, count, inputs)).astype(np.float32)
    gradients = [rng.normal(size=(count, hidden)).astype(np.float32)
                 if which == 'all' or t == {'last': steps - 1, 'first': 0}[which] else None for t in range(steps)]
    found = []
    for core in cores:
        core.inputs[...] = looked
        for t in range(steps):
            core.step(t)
        found.append([core.states, core.cells, core.gates, *core.backward(gradients)[1], core.backward(gradients)[0]])
    for ours, gpus in zip(*found):
        np.testing.assert_allclose(gpus, ours, rtol=1e-5, atol=1e-5)
