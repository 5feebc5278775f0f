import ctypes

import chainer
import chainer.functions as F
import numpy as np
import pytest
from chainer.backends import cuda

from ram.fast import cores
from ram.fast.unroll import unroll
from ram.networks.glimpse_network import GlimpseNetwork
from ram.networks.glimpse_sensor import GlimpseSensor
from ram.networks.recurrent_attention import plain_unroll
from ram.registry import CORES
from tests.conftest import pointers
from tests.networks.test_networks import shake


def unrolled(loop, networks, images, steps, weights):
    """States, locations and all gradients of a weighted sum of the states that ``weights`` says."""
    locations = np.random.default_rng(1).uniform(-1.2, 1.2, (steps, len(images), 2)).astype(np.float32)
    seen = []

    def look(t, h, location):
        seen.append(h.copy())
        location[...] = locations[t + 1]

    def see(t, location, out=None):
        return GlimpseSensor(3, 2).forward((images, location), out)[0]

    networks.cleargrads()
    parts = networks if loop is plain_unroll else [network.fast() for network in networks]
    before, last, states, looked = loop(see, locations[0], look, *parts, steps)
    np.testing.assert_array_equal(looked, locations)
    np.testing.assert_array_equal(before.array.reshape(seen_shape := states[:-1].shape), states[:-1])
    np.testing.assert_array_equal(last.array, states[-1])
    np.testing.assert_array_equal(np.reshape(seen, seen_shape), states[:-1])
    sum(F.sum((last if t == steps - 1 else before[t * len(images):(t + 1) * len(images)]) * weight)
        for t, weight in weights.items()).backward()
    return states, {
        name: np.zeros_like(p.array) if p.grad is None else p.grad.copy() for name, p in networks.namedparams()}


@pytest.mark.parametrize('steps', [1, 2, 5])
@pytest.mark.parametrize('which', ['all', 'last', 'first'])
@pytest.mark.parametrize('core', CORES)
def test_equals_the_plain_loop_in_values_and_gradients(rng, steps, which, core):
    networks = shake(chainer.ChainList(GlimpseNetwork(2 * 2 * 9, 5, 6), CORES[core](6)), rng)
    images = rng.random((4, 2, 8, 11), np.float32)
    steps_used = {'all': range(steps), 'last': [steps - 1], 'first': [0]}[which]
    weights = {t: rng.normal(size=(4, 6)).astype(np.float32) for t in steps_used}
    states, gradients = unrolled(unroll, networks, images, steps, weights)
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
                 *(f'T& {name} = all_{name}[i];' for name in names[1]), operation, ';']
        run = cpp(name, f"""#include <algorithm>
            #include <cmath>
            using std::max;
            using std::tanh;
            typedef float T;
            extern "C" void run(long n, {arguments}) {{ for (long i = 0; i < n; ++i) {{ {" ".join(lines)} }} }}""").run

        def kernel(*arrays):
            assert len(arrays) == len(names[0]) + len(names[1])
            assert all(isinstance(array, int) or array.dtype == np.float32 for array in arrays)
            written = arrays[len(names[0]):]
            copies = [np.broadcast_to(array, written[0].shape).astype(np.float32, 'C') for array in arrays]
            run(ctypes.c_long(written[0].size), *pointers(*copies))
            for array, copy in zip(written, copies[len(names[0]):]):
                assert array.shape == written[0].shape
                array[...] = copy

        return kernel

    return make


STEPS, COUNT, INPUTS, HIDDEN = 4, 5, 3, 6
CORE_SHAPES = {  # of the parameters
    cores.FastReLUCore: [(HIDDEN, HIDDEN), HIDDEN, (HIDDEN, INPUTS), HIDDEN],
    cores.FastLSTMCore: [(4 * HIDDEN, INPUTS), 4 * HIDDEN, (4 * HIDDEN, HIDDEN)]}


@pytest.mark.parametrize('which', ['all', 'last', 'before'])
@pytest.mark.parametrize('kind', CORE_SHAPES)
def test_the_gpus_way_through_the_cores(rng, monkeypatch, elementwise, kind, which):
    parameters = [rng.normal(size=shape).astype(np.float32) for shape in CORE_SHAPES[kind]]
    pair = [kind(parameters, STEPS, COUNT) for _ in range(2)]
    pair[1].xp = NotNumPy()
    monkeypatch.setattr(cuda, 'elementwise', elementwise)
    looked = rng.normal(size=(STEPS, COUNT, INPUTS)).astype(np.float32)
    before, last = (rng.normal(size=(rows, HIDDEN)).astype(np.float32) for rows in ((STEPS - 1) * COUNT, COUNT))
    gradients = {'all': (before, last), 'last': (None, last), 'before': (before, None)}[which]
    found = []
    for core in pair:
        core.inputs[...] = looked
        for t in range(STEPS):
            core.step(t)
        by_input, by_parameters = core.backward(*gradients)
        found.append([core.states, core.last, by_input, *by_parameters])
    for ours, gpus in zip(*found):
        np.testing.assert_allclose(gpus, ours, rtol=1e-5, atol=1e-5)
