"""The matrix products of the networks, all in one place, so that a CUDA graph can capture them."""
import contextlib

import chainer
from chainer.backends import cuda

from ram.fast import cublas

_multiply = None  # what multiplies instead of CuPy


@contextlib.contextmanager
def capturable():
    """A context in which products on a GPU can be captured."""
    global _multiply
    before, _multiply = _multiply, cublas.shared().product
    try:
        yield
    finally:
        _multiply = before


def product(a, b, out=None):
    """a @ b.

    Args:
        a: float32 array (..., k).
        b: float32 array (k, n).
        out: float32 array of the result's shape in C order, or None for a new one.

    Returns:
        float32 array (..., n).
    """
    if _multiply:
        return _multiply(a, b, out)
    return a @ b if out is None else cuda.get_array_module(a).matmul(a, b, out=out)


class LinearFunction(chainer.FunctionNode):
    """See :func:`linear`.  Its gradient cannot be differentiated again."""

    def forward(self, inputs):
        self.retain_inputs((0, 1))
        x, W, b = inputs
        y = product(x, W.T)
        y += b
        return y,

    def backward(self, indexes, grad_outputs):
        x, W = (variable.array for variable in self.get_retained_inputs())
        gradient = grad_outputs[0].array
        make = (lambda: product(gradient, W), lambda: product(gradient.T, x),
                lambda: gradient.sum(axis=0))
        return tuple(chainer.as_variable(make[index]()) for index in indexes)


def linear(x, W, b):
    """x W^T + b, as ``chainer.functions.linear``.

    Args:
        x: Variable or array float32 (B, inputs).
        W, b: Parameters float32 (outputs, inputs) and (outputs,).

    Returns:
        Variable float32 (B, outputs).
    """
    return LinearFunction().apply([x, W, b])[0]
