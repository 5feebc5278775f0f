"""cuBLAS without CuPy, for products on a stream that is captured as a CUDA graph.

CuPy 14 refuses cuBLAS while a stream is captured (https://github.com/cupy/cupy/issues/6290).
cuBLAS itself allows it: see "CUDA Graphs Support" and cublasSetWorkspace in its manual.
"""
import ctypes
import functools
import os

import numpy as np
from chainer.backends import cuda

WORKSPACE = 32 << 20           # bytes; what the manual recommends for the largest devices
FLOAT, DEFAULT = 0, -1         # CUDA_R_32F, CUBLAS_GEMM_DEFAULT
COMPUTE, COMPUTE_TF32 = 68, 77  # CUBLAS_COMPUTE_32F, CUBLAS_COMPUTE_32F_FAST_TF32


class Cublas:
    """A handle of cuBLAS; it calls the library that CuPy has loaded.

    Raises:
        OSError: there is no such library.
        RuntimeError: a call failed; also later, in :meth:`product`.
    """

    def __init__(self):
        cuda.cupy.cuda.get_cublas_handle()  # loads the library
        version = cuda.cupy.cuda.runtime.runtimeGetVersion() // 1000
        self.library = ctypes.CDLL(f'libcublas.so.{version}')
        self.handle, self.stream = ctypes.c_void_p(), None
        self.call('cublasCreate_v2', ctypes.byref(self.handle))
        self.workspace = cuda.cupy.empty(WORKSPACE, np.uint8)
        self.compute = COMPUTE_TF32 if int(os.getenv('CUPY_TF32', '0')) > 0 else COMPUTE  # as CuPy

    def call(self, name, *arguments):
        status = getattr(self.library, name)(*arguments)
        if status:
            raise RuntimeError(f'{name} failed with status {status}')

    def follow(self, stream):
        """Makes the products that follow run on a stream, the address of one."""
        if stream != self.stream:
            place, size = ctypes.c_void_p(self.workspace.data.ptr), ctypes.c_size_t(WORKSPACE)
            self.call('cublasSetStream_v2', self.handle, ctypes.c_void_p(stream))
            self.call('cublasSetWorkspace_v2', self.handle, place, size)  # the new stream has none
            self.stream = stream

    def product(self, a, b, out=None):
        """a @ b, on the current stream; for the rest see :func:`ram.fast.product.product`."""
        shape, a = (*a.shape[:-1], b.shape[1]), a.reshape(-1, a.shape[-1])
        out = cuda.cupy.empty(shape, np.float32) if out is None else out
        (m, k), n = a.shape, b.shape[1]
        # cuBLAS works column by column, so it makes the result's transpose: b's times a's.
        (a, a_across, a_step), (b, b_across, b_step) = as_stored(a.T, 0), as_stored(b, 1)
        self.follow(cuda.cupy.cuda.get_current_stream().ptr)
        self.call('cublasGemmEx', self.handle, b_across, a_across, n, m, k,
                  number(1), *stored(b, b_step), *stored(a, a_step),
                  number(0), *stored(out, n), self.compute, DEFAULT)
        return out


def as_stored(matrix, across):
    """A matrix as cuBLAS reads it.

    The choice is CuPy's: both call cuBLAS alike, and so get the same bits.

    Args:
        matrix: float32 array of two dimensions.
        across: 1 if its transpose is a factor, else 0.

    Returns:
        The matrix, or a copy of it; ``across`` for it as cuBLAS reads it; and how many numbers
        its columns are apart there.
    """
    if matrix.flags.f_contiguous:
        return matrix, across, matrix.shape[0]
    matrix = matrix if matrix.flags.c_contiguous else matrix.copy()
    return matrix, 1 - across, matrix.shape[1]


def stored(matrix, step):
    """The three arguments that say where a matrix is."""
    return ctypes.c_void_p(matrix.data.ptr), FLOAT, step


def number(value):
    """A factor, which cuBLAS reads on the host."""
    return ctypes.byref(ctypes.c_float(value))


@functools.cache
def shared():
    """The Cublas of this process."""
    return Cublas()
