import chainer
import numpy as np
import pytest

from ram.training.adam import Adam


def naive(values, gradients, alpha, beta1=0.9, beta2=0.999, eps=1e-8):
    """Kingma and Ba, "Adam", section 2, the more efficient order, number by number in double precision."""
    values = values.astype(float)
    for index in np.ndindex(values.shape):
        m = v = 0
        for t, gradient in enumerate(gradients, 1):
            g = float(gradient[index])
            m = beta1 * m + (1 - beta1) * g
            v = beta2 * v + (1 - beta2) * g * g
            values[index] -= alpha * (1 - beta2 ** t) ** 0.5 / (1 - beta1 ** t) * m / (v ** 0.5 + eps)
    return values


@pytest.mark.parametrize('shape', [(1,), (3,), (4, 5)])
def test_equals_the_papers_algorithm_and_chainers(shape, rng):
    start = rng.normal(size=shape).astype(np.float32)
    gradients = rng.normal(size=(20, *shape)).astype(np.float32)
    gradients[:, -1:] *= 1e-8  # as large as what Adam adds to its denominator
    found = []
    for kind in (Adam, chainer.optimizers.Adam):
        target = chainer.Link()
        with target.init_scope():
            target.weight = chainer.Parameter(start.copy())
            target.idle = chainer.Parameter(start.copy())  # never has a gradient
        optimizer = kind(alpha=0.01).setup(target)
        for gradient in gradients:
            target.weight.grad = gradient.reshape(shape).copy()
            optimizer.update()
        np.testing.assert_array_equal(target.idle.array, start)
        found.append(target.weight.array)
        assert found[-1].dtype == np.float32
    np.testing.assert_allclose(found[0], naive(start, gradients, 0.01), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found[0], found[1], rtol=1e-6, atol=1e-7)
