"""The clipping of the gradient and the decay of the weights."""
import chainer
import numpy as np
import pytest

from ram.config import Config
from ram.training import optimizers


@pytest.mark.parametrize('length', [0.5, 5, 80])
def test_gradient_is_clipped_to_a_norm(rng, length):
    target = chainer.Chain(a=chainer.links.Linear(3, 4), b=chainer.links.Linear(4, 2))
    direction = {name: rng.normal(size=p.shape) for name, p in target.namedparams()}
    scale = length / sum((d ** 2).sum() for d in direction.values()) ** 0.5
    for name, parameter in target.namedparams():
        parameter.grad = (direction[name] * scale).astype(np.float32)
    optimizer = chainer.optimizers.SGD(lr=1).setup(target)
    optimizers.ClipGradient(5.0)(optimizer)
    for name, parameter in target.namedparams():
        assert parameter.grad.dtype == np.float32
        np.testing.assert_allclose(parameter.grad, direction[name] * scale * min(1, 5 / length), rtol=1e-5)


@pytest.mark.parametrize('optimizer', ['adam', 'nesterov', 'momentum'])
def test_weights_without_a_gradient_decay_with_the_learning_rate(optimizer):
    target = chainer.links.Linear(3, 4, initial_bias=1)
    before = target.W.array.copy()
    made = optimizers.make_optimizer(Config(optimizer=optimizer, lr=0.5, weight_decay=0.1), target)
    for rate in (0.5, 0.25):
        setattr(made, 'alpha' if optimizer == 'adam' else 'lr', rate)
        for parameter in target.params():
            parameter.grad = np.zeros_like(parameter.array)
        made.update()
    np.testing.assert_allclose(target.W.array, before * 0.95 * 0.975, rtol=1e-6)
    assert (target.b.array == 1).all() and target.W.dtype == np.float32
