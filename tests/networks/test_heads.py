"""Each network against its equation in the paper, in NumPy."""
import chainer
import numpy as np
import pytest
from chainer import gradient_check

from ram.networks.action_network import ActionNetwork
from ram.networks.baseline_network import BaselineNetwork
from ram.networks.location_network import LocationNetwork
from tests.networks.conftest import linear, shake


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
