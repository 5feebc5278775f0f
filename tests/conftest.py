import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

import ram  # noqa: F401  (makes chainer importable)
from ram.config import Config

ROOT = pathlib.Path(__file__).parent.parent


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def tiny():
    """A Config whose model and scenes are as small as can be."""
    return Config(dataset='mnist', digits='fonts', size=28, patch=4, scales=2, glimpses=3, unit=5, hidden=7)


@pytest.fixture
def mnist_folder():
    folder = pathlib.Path(os.environ.get('RAM_DATA') or 'data')
    if not (folder / 'mnist').is_dir():
        pytest.skip('MNIST is not here: set RAM_DATA')
    return folder


def script(name, *arguments, **environment):
    """Runs one of the scripts as a user would, from the project's folder."""
    return subprocess.run([sys.executable, str(ROOT / name), *map(str, arguments)], cwd=ROOT, text=True,
                          capture_output=True, env={**os.environ, **environment}, timeout=300)


def assert_one_clear_line(result, *words):
    """A script's way to refuse: exit code 2 and one line on stderr that has these words."""
    assert result.returncode == 2, result.stderr
    assert result.stderr.count('\n') == 1 and result.stderr.startswith('error: '), result.stderr
    for word in words:
        assert word in result.stderr
