"""The clipping of the gradient and the decay of the weights."""
import dataclasses
import itertools

import chainer
import numpy as np
import pytest

from ram.config import PRESETS, Config
from ram.registry import CORES, DATASETS, MODELS, make_loss, make_model
from ram.training import optimizers
from tests import rows as task

rows = task.rows


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


@pytest.mark.parametrize('clip, length', [(0.0, 10), (5.0, 5), (20.0, 10)])
def test_updates_follow_the_rate_the_momentum_and_the_clipped_gradient(rng, clip, length):
    """Two updates along a gradient of norm 10, of which ``length`` is left."""
    target = chainer.links.Linear(3, 4, nobias=True)
    before, direction = target.W.array.copy(), rng.normal(size=(4, 3))
    direction /= (direction ** 2).sum() ** 0.5
    made = optimizers.make_optimizer(Config(optimizer='momentum', lr=0.3, momentum=0.7, clip=clip), target)
    for _ in range(2):
        target.W.grad = (10 * direction).astype(np.float32)
        made.update()
    moved = -0.3 * length * direction * (1 + 1.7)
    np.testing.assert_allclose(target.W.array - before, moved, rtol=1e-4, atol=1e-5)


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


@pytest.mark.parametrize('name', ['adam', 'nesterov', 'momentum'])
def test_rates_are_those_of_the_next_update(rng, name):
    """Without momentum, a weight moves by the rate times its gradient, or what Adam makes of it."""
    target = chainer.links.Linear(3, 4, nobias=True)
    made = optimizers.make_optimizer(Config(optimizer=name, lr=0.5, momentum=0.0), target)
    for rate in (0.5, 0.25, 0.125):
        setattr(made, 'alpha' if name == 'adam' else 'lr', rate)
        target.W.grad, before = rng.standard_normal((4, 3), np.float32), target.W.array.copy()
        rates = optimizers.rates(made)
        made.update()
        direction, used = target.W.grad, rates.pop('alpha' if name == 'adam' else 'lr')
        assert used == rate
        if name == 'adam':
            state, used = target.W.update_rule.state, rates.pop('alpha_t')
            direction = state['m'] / (np.sqrt(state['v']) + 1e-8)
        np.testing.assert_allclose(before - target.W.array, used * direction, rtol=1e-4, atol=1e-6)
        assert not rates


@pytest.mark.parametrize('core', CORES)
@pytest.mark.parametrize('model', MODELS)
def test_no_two_gradients_share_memory(rows, rng, tiny, model, core):
    """Otherwise a change in place, such as clipping, would change some of them twice."""
    if MODELS[model].goal == 'sequence':
        config, labels = task.config(model=model, core=core), task.random_labels(rng, 4)
        batch = task.pictures_of(labels), labels, rng
    elif MODELS[model].goal == 'game':
        config = dataclasses.replace(PRESETS['catch'], size=6, patch=3, scales=1, unit=5, hidden=7, core=core)
        batch = DATASETS['catch'].new_games(config, rng, 4), rng
    else:
        config = dataclasses.replace(tiny, model=model, core=core, scales=1)
        batch = rng.random((4, 1, 28, 28), np.float32), np.arange(4, dtype=np.int32), rng
    loss = make_loss(make_model(config))
    loss.cleargrads()
    loss(*batch).backward()
    gradients = {name: p.grad for name, p in loss.namedparams() if p.grad is not None}
    for (name, one), (other, two) in itertools.combinations(gradients.items(), 2):
        assert not np.shares_memory(one, two), (name, other)
    before = {name: gradient.copy() for name, gradient in gradients.items()}
    optimizers.ClipGradient(1e-3)(chainer.optimizers.SGD(lr=1).setup(loss))
    for name, gradient in gradients.items():
        whole = sum((other.astype(float) ** 2).sum() for other in before.values()) ** 0.5
        np.testing.assert_allclose(gradient, before[name] * (1e-3 / whole), rtol=1e-4, err_msg=name)
