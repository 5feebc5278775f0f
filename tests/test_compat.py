import subprocess
import sys

import numpy as np

from tests.conftest import ROOT


def python(code):
    return subprocess.run([sys.executable, '-W', 'error::DeprecationWarning:ram', '-c', code], cwd=ROOT, text=True,
                          capture_output=True)


def test_chainer_imports_and_never_asks_for_pkg_resources_or_distutils():
    result = python("import sys; sys.modules['pkg_resources'] = sys.modules['numpy.distutils'] = None\n"
                    'import ram, chainer; print(chainer.__version__)')
    assert result.stdout.strip() == '7.8.1', result.stderr


def test_sctypes_are_what_numpy_1_had():
    assert {np.dtype(t).kind for t in np.sctypes['float']} == {'f'}
    assert {np.dtype(t).itemsize for t in np.sctypes['int']} == {1, 2, 4, 8}


def test_as_strided_the_function_that_needs_sctypes_works():
    import chainer
    import chainer.functions as F
    x = chainer.Variable(np.arange(6, dtype=np.float32))
    y = F.as_strided(x, (5, 2), (1, 1))
    np.testing.assert_array_equal(y.array, [[0, 1], [1, 2], [2, 3], [3, 4], [4, 5]])
    F.sum(y).backward()
    np.testing.assert_array_equal(x.grad, [1, 2, 2, 2, 2, 1])
