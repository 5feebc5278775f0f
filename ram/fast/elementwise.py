"""A matrix product with bias and ReLU, and the backward pass of the ReLU."""
import numpy as np
from chainer.backends import cuda

from ram.fast.product import product

# NumPy's functions for a kernel of floats.  Of a number and a NaN, CUDA's max and min give the number: a ReLU of NaN is
# 0, and a run that has diverged goes on to its end.
EXTREMES = '''
template <class T> __device__ T maximum(T a, T b) { return a >= b || a != a ? a : b; }
template <class T> __device__ T minimum(T a, T b) { return a <= b || a != a ? a : b; }
'''


def linear_relu(xp, x, W, b, out):
    """out = ReLU(x W^T + b)."""
    if xp is np:
        product(x, W.T, out)
        out += b
        np.maximum(out, np.zeros_like(b), out=out)  # NumPy needs half the time with an array instead of 0
    else:
        cuda.elementwise('T product, T b', 'T out', 'out = maximum(product + b, (T) 0)', 'bias_relu',
                         preamble=EXTREMES)(product(x, W.T), b, out)


def back_through_relu(xp, gradient, activation):
    """gradient *= (activation > 0)."""
    if xp is np:
        gradient *= activation > 0
    else:
        cuda.elementwise('T activation', 'T gradient', 'gradient *= activation > 0', 'relu_back')(
            activation, gradient)
