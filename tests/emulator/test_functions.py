"""The emulator's functions are CUDA's, and its kernels are those of its present header; skipped elsewhere."""
import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys

import numpy as np
import pytest
from chainer.backends import cuda

pytestmark = pytest.mark.skipif(not importlib.util.find_spec('standin'), reason='not in the emulator')

NAN = float('nan')
PROBE = '''
import cupy
print(cupy.ElementwiseKernel('int32 bits', 'int32 ones', 'ones = __popc(bits)', 'ones')(cupy.array(7, 'int32')))
'''


@pytest.mark.parametrize('dtype', [np.float32, np.float64])
def test_a_number_is_preferred_to_a_nan(dtype):
    """The CUDA C++ Programming Guide's functions of floats: max is fmax, and min is fmin."""
    a, b = cuda.cupy.array([[NAN, 1, -2, NAN], [1, NAN, 3, NAN]], dtype)
    outputs = cuda.elementwise(
        'T a, T b', 'T least, T most, T fleast, T fmost',
        'least = min(a, b); most = max(a, b); fleast = fmin(a, b); fmost = fmax(a, b)', 'extremes')(a, b)
    expected = [1, 1, -2, NAN], [1, 1, 3, NAN]
    np.testing.assert_array_equal([output.get() for output in outputs], expected * 2)


def test_integers_stay_integers():
    a, b = cuda.cupy.array([[-7, 2 ** 53 + 1], [3, 2 ** 53]])
    least, most = cuda.elementwise('T a, T b', 'T least, T most', 'least = min(a, b); most = max(a, b)', 'extremes')(
        a, b)
    assert least.get().tolist() == [-7, 2 ** 53] and most.get().tolist() == [3, 2 ** 53 + 1]


def test_functions_of_floats_are_not_those_of_integers():
    names, values = ('abs', 'floor', 'rint', 'exp', 'log', 'sqrt', 'tanh', 'sin'), np.float32([0.25, 0.5, 2.75])
    found = cuda.elementwise('T x', ', '.join(f'T {name}_x' for name in names), ' '.join(
        f'{name}_x = {name}(x);' for name in names), 'functions')(cuda.to_gpu(values))
    for name, result in zip(names, found):
        np.testing.assert_allclose(result.get(), getattr(np, name)(values), rtol=1e-6, err_msg=name)


def test_a_changed_header_makes_new_kernels(tmp_path):
    for path in pathlib.Path(__file__).parent.glob('*'):
        if path.is_file():
            shutil.copy(path, tmp_path)
    header = (tmp_path / 'kernel.h').read_text()

    def ones(header):
        (tmp_path / 'kernel.h').write_text(header)
        run = subprocess.run([sys.executable, '-c', PROBE], env={**os.environ, 'PYTHONPATH': str(tmp_path)}, text=True,
                             capture_output=True, check=True)
        return int(run.stdout)

    assert ones(header) == 3
    assert ones(header.replace('__builtin_popcount(', '10 + __builtin_popcount(')) == 13
