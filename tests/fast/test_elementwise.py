import numpy as np
import pytest
from chainer.backends import cuda

from ram.fast.elementwise import back_through_relu, linear_relu
from tests.conftest import NotNumPy

VALUES = np.array([[-1.5, -0.0, 0, 2, np.inf, -np.inf, np.nan]], np.float32)


@pytest.fixture(params=[np, NotNumPy()], ids=['the CPU', "the GPU's branch"])
def xp(request, monkeypatch, elementwise):
    monkeypatch.setattr(cuda, 'elementwise', elementwise)
    return request.param


def test_a_relu_keeps_what_is_not_a_number(xp):
    found = np.empty_like(VALUES)
    linear_relu(xp, np.ones((1, 1), np.float32), VALUES.T.copy(), np.zeros(7, np.float32), found)
    np.testing.assert_array_equal(found, [[0, 0, 0, 2, np.inf, 0, np.nan]])


@pytest.mark.filterwarnings('ignore:invalid value')
def test_a_gradient_that_is_not_a_number_stays_one(xp):
    for activation, expected in (2, VALUES), (0, [[0, 0, 0, 0, np.nan, np.nan, np.nan]]):
        gradient = VALUES.copy()
        back_through_relu(xp, gradient, np.full_like(VALUES, activation))
        np.testing.assert_array_equal(gradient, expected)
