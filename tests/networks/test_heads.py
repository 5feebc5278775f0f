"""Each network against its equation in the paper, in NumPy."""
import chainer
import numpy as np
import pytest
from chainer import gradient_check
from chainer.backends import cuda

from ram.networks.action_network import ActionNetwork
from ram.networks.baseline_network import BaselineNetwork
from ram.networks.location_network import LocationNetwork
from tests.networks.conftest import linear, shake


@pytest.mark.parametrize('count', [1, 4])
@pytest.mark.parametrize('make, expected', [
    (lambda: LocationNetwork(5), lambda n, h: np.tanh(linear(n.mean, h))),
    (lambda: ActionNetwork(5, 3), lambda n, h: linear(n.logits, h)),
    (lambda: BaselineNetwork(5), lambda n, h: linear(n.reward, h)[:, 0]),
], ids=['location', 'action', 'baseline'])
def test_heads(rng, make, expected, count):
    h = rng.normal(size=(count, 5)).astype(np.float32)
    network = shake(make(), rng)
    output = network(h)
    assert output.shape == expected(network, h).shape
    np.testing.assert_allclose(output.array, expected(network, h), rtol=1e-4, atol=1e-6)
    parameters = tuple(network.params())
    gradient_check.check_backward(lambda h, *_: network(h), h, np.ones_like(output.array), params=parameters,
                                  eps=1e-2, atol=1e-2, rtol=1e-2)
    assert isinstance(output, chainer.Variable) and output.dtype == np.float32


@pytest.mark.filterwarnings('ignore:invalid value')
def test_the_gpus_branch_of_a_glance(rng, monkeypatch, gpus_branch):
    network, h = shake(LocationNetwork(5), rng), rng.normal(size=(6, 5)).astype(np.float32)
    noise, found = rng.normal(size=(6, 2)).astype(np.float32), []
    noise[0, 1] = np.nan
    for start in lambda: None, gpus_branch:
        start()
        monkeypatch.setattr(LocationNetwork, 'xp', cuda.get_array_module(h))
        found.append((noise.copy(), np.empty_like(noise)))
        network.glance(h, *found[-1])
    np.testing.assert_allclose(found[0][0], np.tanh(linear(network.mean, h)) + noise, rtol=1e-5)
    for ours, gpus in zip(*found):
        np.testing.assert_allclose(gpus, ours, rtol=1e-5, atol=1e-6)


