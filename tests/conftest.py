import contextlib
import ctypes
import functools
import hashlib
import importlib
import io
import os
import pathlib
import shutil
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from PIL import Image

import datasets
from ram import command_line
from ram.config import Config

ROOT = pathlib.Path(__file__).parent.parent
SMALL = ['--dataset', 'mnist', '--digits', 'fonts', '--hidden', '32', '--unit', '32', '-l', '3', '--lr', '0.003']

# Hypothesis tries few examples in the normal suite, and many with --hypothesis-profile long.
for profile, examples in ('short', 30), ('long', 1000):
    settings.register_profile(profile, max_examples=examples, deadline=None, derandomize=True, database=None,
                              suppress_health_check=[HealthCheck.function_scoped_fixture])
settings.load_profile('short')


@pytest.fixture(autouse=True)
def same_parameters():
    """Seeds NumPy's global generator, from which Chainer draws the parameters of links."""
    np.random.seed(0)


@pytest.fixture(autouse=True, scope='session')
def own_cache(tmp_path_factory):
    """Keeps the stores of the tests' pictures out of the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('XDG_CACHE_HOME', str(tmp_path_factory.mktemp('cache')))
        yield


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def tiny():
    """A Config with a very small model and small scenes."""
    return Config(dataset='mnist', digits='fonts', size=28, patch=4, scales=2, glimpses=3, unit=5, hidden=7)


@pytest.fixture
def mnist_folder():
    folder = datasets.data_folder()
    if not datasets.mnist.complete(folder):
        pytest.skip('MNIST is not here: set RAM_DATA')
    return folder


@pytest.fixture(scope='session')
def cpp(tmp_path_factory):
    """Compiles C++, once for each source, and returns its functions; skips if there is no g++."""
    if not shutil.which('g++'):
        pytest.skip('no g++')
    folder = tmp_path_factory.mktemp('cpp')

    @functools.cache
    def compiled(name, source):
        path = folder / f'{name}-{hashlib.sha256(source.encode()).hexdigest()}.cpp'
        path.write_text(source)
        subprocess.run(['g++', '-O1', '-shared', '-fPIC', '-o', path.with_suffix('.so'), path], check=True)
        return ctypes.CDLL(str(path.with_suffix('.so')))

    return compiled


class NotNumPy:
    """NumPy, but not the same module, so that code which tests for NumPy takes the GPU's branch.

    What a new array holds that nobody has filled yet is not a number, and its type must be said: on a GPU, float64 is
    slow.
    """

    def __getattr__(self, name):
        return getattr(np, name)

    def empty(self, shape, dtype):
        return np.full(shape, np.nan, dtype)

    def zeros(self, shape, dtype):
        return np.zeros(shape, dtype)

    def ones(self, shape, dtype):
        return np.ones(shape, dtype)

    def empty_like(self, array):
        return self.empty(array.shape, array.dtype)


@pytest.fixture
def gpus_branch(monkeypatch, elementwise):
    """From the moment when it is called, code takes the GPU's branch."""
    def start():
        monkeypatch.setattr('chainer.backends.cuda.elementwise', elementwise)
        monkeypatch.setattr('chainer.backends.cuda.get_array_module', lambda *arrays: NotNumPy())

    return start


@pytest.fixture
def elementwise(cpp):
    """``cuda.elementwise`` for NumPy: the GPU's operation as C++, called with arrays that the kernel would be given."""
    kinds = {'T': np.float32, 'bool': np.bool_}

    def make(inputs, outputs, operation, name, preamble=''):
        declared = [[part.split() for part in text.split(', ')] for text in (inputs, outputs)]
        types = [kinds[kind] for kind, _ in sum(declared, [])]
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


@pytest.fixture(scope='session')
def picture_folder(tmp_path_factory):
    """A folder of two classes of 40 small pictures, dark and bright, for runs whose data does not matter."""
    root, rng = tmp_path_factory.mktemp('pictures'), np.random.default_rng(0)
    for name, level in ('dark', 0), ('bright', 150):
        (root / name).mkdir()
        for i in range(40):
            pixels = rng.integers(level, level + 100, (28, 28)).astype(np.uint8)
            Image.fromarray(pixels).save(root / name / f'{i}.png')
    return root


@pytest.fixture(scope='session')
def quick(picture_folder):
    """Flags of train.py for a run of 7 iterations an epoch that needs no font digits, which take seconds to draw."""
    return ['--dataset', 'folder', '--images', picture_folder, '--size', 28, '--patch', 8, '--scales', 1, '-l', 2,
            '--core', 'relu', '--hidden', 16, '--unit', 16, '-b', 8]


@pytest.fixture(scope='session')
def run(tmp_path_factory):
    """One epoch of a small model on font digits."""
    out = tmp_path_factory.mktemp('runs') / 'run'
    result = script('train.py', *SMALL, '-e', '1', '-o', out)
    assert result.returncode == 0, result.stderr
    return out


def pointers(*arrays):
    """Arrays as arguments of a C function."""
    return [array.ctypes.data_as(ctypes.c_void_p) for array in arrays]


def script(name, *arguments, **environment):
    """Calls a script's main function as its command line would, in this process, from the project's folder.

    Chainer is imported, and font digits are drawn, once for all tests; :func:`process` starts a real process.

    Returns:
        subprocess.CompletedProcess.
    """
    argv = list(map(str, arguments))
    folder, saved, code = os.getcwd(), dict(os.environ), 0
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as errors:
        os.environ.update(environment)
        os.chdir(ROOT)
        try:
            command_line.run(importlib.import_module(name.removesuffix('.py').replace('/', '.')).main, argv)
        except SystemExit as exit:
            code = exit.code or 0
        finally:
            os.chdir(folder)
            os.environ.clear()
            os.environ.update(saved)
    return subprocess.CompletedProcess(argv, code, out.getvalue(), errors.getvalue())


def process(name, *arguments, **environment):
    """Runs a script in a process of its own, as a user would, from the project's folder."""
    return subprocess.run([sys.executable, str(ROOT / name), *map(str, arguments)], cwd=ROOT, text=True,
                          capture_output=True, env={**os.environ, **environment}, timeout=300)


def assert_one_clear_line(result, *words):
    """Checks that a script failed with exit code 2 and one line on stderr that contains these words."""
    assert result.returncode == 2, result.stderr
    assert result.stderr.count('\n') == 1 and result.stderr.startswith('error: '), result.stderr
    for word in words:
        assert word in result.stderr
