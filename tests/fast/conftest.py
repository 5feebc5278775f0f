import ctypes

import numpy as np
import pytest

from tests.conftest import pointers

TYPES = {'T': np.float32, 'bool': np.bool_}


class NotNumPy:
    """NumPy, but not the same module, so that code which tests for NumPy takes the GPU's branch."""

    def __getattr__(self, name):
        return getattr(np, name)


@pytest.fixture
def elementwise(cpp):
    """``cuda.elementwise`` for NumPy: the GPU's operation as C++, called with arrays that the kernel would be given."""
    def make(inputs, outputs, operation, name, preamble=''):
        declared = [[part.split() for part in text.split(', ')] for text in (inputs, outputs)]
        types = [TYPES[kind] for kind, _ in sum(declared, [])]
        arguments = ', '.join(f'{kind}* all_{variable}' for kind, variable in sum(declared, []))
        lines = [*(f'const {kind} {variable} = all_{variable}[i];' for kind, variable in declared[0]),
                 *(f'{kind}& {variable} = all_{variable}[i];' for kind, variable in declared[1]), operation, ';']
        run = cpp(name, f"""#include <cmath>
            #define __device__
            using std::tanh;
            static float max(float a, float b) {{ return std::fmax(a, b); }}  // as in CUDA
            typedef float T;
            {preamble}
            extern "C" void run(long n, {arguments}) {{ for (long i = 0; i < n; ++i) {{ {" ".join(lines)} }} }}""").run

        def kernel(*arrays):
            assert len(arrays) == len(types)
            assert all(isinstance(array, int) or array.dtype == dtype for array, dtype in zip(arrays, types))
            count = len(declared[0])
            written = arrays[count:]
            copies = [np.broadcast_to(array, written[0].shape).astype(dtype, 'C')
                      for array, dtype in zip(arrays, types)]
            run(ctypes.c_long(written[0].size), *pointers(*copies))
            for array, copy in zip(written, copies[count:]):
                assert array.shape == written[0].shape
                array[...] = copy

        return kernel

    return make
