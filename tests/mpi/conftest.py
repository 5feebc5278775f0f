import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

from tests.conftest import ROOT

# Beside this Python, where a wheel puts it, or wherever it is.
MPIEXEC = shutil.which('mpiexec', path=str(pathlib.Path(sys.executable).parent)) or shutil.which('mpiexec')


@pytest.fixture(autouse=True, scope='session')
def mpi():
    """Skips where there is no MPI."""
    if not (MPIEXEC and importlib.util.find_spec('mpi4py')):
        pytest.skip('no MPI: make mpi')


def start(ranks, *arguments):
    """A script under mpiexec, each rank on one core."""
    # A group of its own: a signal to this test does not reach it.
    return subprocess.Popen(
        [MPIEXEC, '-n', str(ranks), sys.executable, *map(str, arguments)], cwd=ROOT, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, start_new_session=True, env={**os.environ, 'OPENBLAS_NUM_THREADS': '1'})


def run(ranks, *arguments):
    """Runs a script under mpiexec: its exit code, stdout and stderr."""
    process = start(ranks, *arguments)
    output, errors = process.communicate(timeout=300)
    return process.returncode, output, errors
