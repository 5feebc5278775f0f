import chainer
import numpy as np
import pytest
from chainer import gradient_check

from ram.fast.product import linear, product


def naive(a, b):
    return np.array([[sum(x * y for x, y in zip(row, column)) for column in b.T] for row in a])


@pytest.mark.parametrize('shape', [(3, 5), (1, 5), (5,), (2, 3, 4, 5)])
@pytest.mark.parametrize('columns', [1, 4])
def test_product(rng, shape, columns):
    a, b = rng.standard_normal(shape, np.float32), rng.standard_normal((5, columns), np.float32)
    expected = naive(a.reshape(-1, 5), b).reshape(*shape[:-1], columns)
    np.testing.assert_allclose(product(a, b), expected, rtol=1e-5, atol=1e-6)
    out = np.full(expected.shape, np.nan, np.float32)
    assert product(a, b, out) is out
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize('count', [1, 4])
@pytest.mark.parametrize('wanted', [(0,), (1,), (2,), (1, 2), (0, 1, 2)])
def test_linear(rng, count, wanted):
    """Its values are the equation's, and its gradients numerical ones, whichever are asked for."""
    values = [rng.standard_normal(shape, np.float32) for shape in ((count, 5), (3, 5), (3,))]
    x, W, b = values
    np.testing.assert_allclose(linear(x, W, b).array, naive(x, W.T) + b, rtol=1e-5, atol=1e-6)

    def function(*chosen):
        given = dict(zip(wanted, chosen))
        return linear(*[given.get(i, value) for i, value in enumerate(values)])

    gradient_check.check_backward(
        function, [values[i] for i in wanted], rng.standard_normal((count, 3), np.float32),
        eps=1e-2, atol=1e-2, rtol=1e-2)
    assert isinstance(linear(x, W, b), chainer.Variable) and linear(x, W, b).dtype == np.float32
