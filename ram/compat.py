"""Makes Chainer 7.8.1 work on NumPy 2, CuPy 14, and Python 3.12 and later.

Import this module before ``chainer``; importing any module of ``ram`` does so.  It fixes four things, and nothing more:

- NumPy 2 removed ``numpy.sctypes``, which ``chainer.functions.array.as_strided`` reads when it is imported.
- ``chainer._environment_check`` imports ``numpy.distutils`` and ``pkg_resources``, which Python 3.12 and setuptools 81
  no longer have.  It only prints advice about package versions, so an empty check replaces it.
- CuPy 14 no longer has cuDNN, and nothing here needs it; Chainer's advice to reinstall CuPy is not shown.
- ChainerMN's kernels that pack gradients use the type ``half``.  CuPy declared it for every kernel; CuPy 14 does not.
"""
import sys
import types
import warnings

import numpy


def _restore_sctypes():
    if not hasattr(numpy, 'sctypes'):
        numpy.sctypes = {
            'int': [numpy.int8, numpy.int16, numpy.int32, numpy.int64],
            'uint': [numpy.uint8, numpy.uint16, numpy.uint32, numpy.uint64],
            'float': [numpy.float16, numpy.float32, numpy.float64, numpy.longdouble],
            'complex': [numpy.complex64, numpy.complex128, numpy.clongdouble],
            'others': [bool, object, bytes, str, numpy.void],
        }


def _skip_environment_check():
    module = types.ModuleType('chainer._environment_check')
    module.check = lambda: None
    sys.modules.setdefault(module.__name__, module)


def _declare_half():
    from chainer.backends import cuda
    raw = cuda.raw

    def raw_with_half(code, name, *args, **kwargs):
        return raw(f'#include <cuda_fp16.h>\n{code}' if 'half' in code else code, name, *args, **kwargs)

    cuda.raw = raw_with_half


_restore_sctypes()
_skip_environment_check()
warnings.filterwarnings('ignore', message='cuDNN is not enabled', category=UserWarning)
_declare_half()
