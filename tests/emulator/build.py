"""Installs the emulated GPU in the environment that runs this script: python tests/emulator/build.py

Needs g++, CuPy and the packages of requirements.txt in this folder; see the description of the package.
"""
import importlib.metadata
import importlib.util
import os
import pathlib
import subprocess
import sys
import sysconfig
import tarfile
import tempfile

import numpy

HERE = pathlib.Path(__file__).parent
CUPY = 'cupy-cuda13x'


def run(*command, **options):
    subprocess.run([str(part) for part in command], check=True, **options)


def compile_runtime(place, include):
    """Compiles CuPy's runtime module again, linked to our runtime; the installed one has CUDA's linked into it."""
    version = importlib.metadata.version(CUPY)
    target = pathlib.Path(importlib.util.find_spec('cupy_backends').origin).parent / 'cuda' / 'api'
    with tempfile.TemporaryDirectory() as folder:
        # With stubs, its setup does not look for CUDA when pip reads the metadata.
        run(sys.executable, '-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps',
            '--no-binary', 'cupy', '--dest', folder, f'cupy=={version}',
            env={**os.environ, 'CUPY_INSTALL_USE_STUB': '1'})
        with tarfile.open(pathlib.Path(folder) / f'cupy-{version}.tar.gz') as archive:
            archive.extractall(folder, filter='data')
        source = pathlib.Path(folder) / f'cupy-{version}' / 'cupy_backends'
        run(sys.executable, '-m', 'cython', '-3', '--cplus', '--no-docstrings', '-w', source.parent, '-E',
            'CUPY_CUDA_VERSION=13000,CUPY_HIP_VERSION=0,CUPY_USE_CUDA_PYTHON=False',
            'cupy_backends/cuda/api/runtime.pyx', stderr=subprocess.DEVNULL)
        flags = [f'-I{folder}' for folder in (source, include, sysconfig.get_path('include'), numpy.get_include())]
        run('g++', '-O1', '-w', '-shared', '-fPIC', *flags, '-DCYTHON_EXTERN_C=extern "C"', '-DCUPY_CACHE_KEY=0',
            source / 'cuda' / 'api' / 'runtime.cpp', '-o', target / f'runtime{sysconfig.get_config_var("EXT_SUFFIX")}',
            place / 'libcudart.so.13', '-Wl,-z,lazy')


def main():
    place = pathlib.Path(sys.prefix) / 'standin'
    place.mkdir(exist_ok=True)
    site = pathlib.Path(sysconfig.get_path('purelib'))
    include, = site.glob('nvidia/*/include')
    driver = place / 'libcuda.so.1'
    for library, source, flags in [
            (driver, 'driver.cpp', []), (place / 'libcudart.so.13', 'runtime.cpp', [f'-I{include}', driver]),
            (place / 'libnvrtc.so.13', 'nvrtc.cpp', []),
            (place / 'libcublas.so.13', 'cublas.cpp', ['-O3', '-march=native', driver]),
            (place / 'libcublasLt.so.13', '/dev/null', [])]:  # only has to exist
        run('g++', '-std=c++17', '-O1', '-shared', '-fPIC', '-x', 'c++', HERE / source, '-x', 'none', '-o', library,
            f'-Wl,-soname,{library.name}', '-Wl,--default-symver', *flags, '-ldl')
    compile_runtime(place, include)
    (site / 'standin.pth').write_text(f'{HERE}\nimport standin; standin.install()\n')


if __name__ == '__main__':
    main()
