"""A matrix product with bias and ReLU, and the backward pass of the ReLU."""
import numpy as np
from chainer.backends import cuda


def linear_relu(xp, x, W, b, out):
    """out = ReLU(x W^T + b)."""
    if xp is np:
        np.matmul(x, W.T, out=out)
        out += b
        np.maximum(out, np.zeros_like(b), out=out)  # NumPy needs half the time with an array instead of 0
    else:
        cuda.elementwise('T product, T b', 'T out', 'out = max(product + b, (T) 0)', 'bias_relu')(x @ W.T, b, out)


def back_through_relu(xp, gradient, activation):
    """gradient *= (activation > 0)."""
    if xp is np:
        gradient *= activation > 0
    else:
        cuda.elementwise('T activation', 'T gradient', 'if (!(activation > 0)) gradient = 0', 'relu_back')(
            activation, gradient)
