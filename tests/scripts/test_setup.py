"""Which Python `make setup` takes: what is on the PATH is made up."""
import os
import shutil
import subprocess
import sys

import pytest

from tests.conftest import ROOT

BASH, MAKE = shutil.which('bash'), shutil.which('make')


def add(path, minor):
    """A Python that claims to be Python 3.MINOR."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!{BASH}\nexec "{sys.executable}" -c "import sys; sys.version_info = (3, {minor}, 0); '
                    'exec(sys.argv[1])" "$2"\n')
    path.chmod(0o755)
    return path


@pytest.fixture
def find(tmp_path):
    """A function that runs .ci/python on a machine that has no Python but those in tmp_path."""
    def find(*wanted):
        return subprocess.run([BASH, ROOT / '.ci' / 'python', *wanted], capture_output=True, text=True,
                              env={'PATH': str(tmp_path / 'bin'), 'HOME': str(tmp_path)})
    return find


def test_python3_is_taken_where_it_is_supported(find, tmp_path):
    add(tmp_path / 'bin' / 'python3.13', 13)
    for minor in range(10, 14):
        first = add(tmp_path / 'bin' / 'python3', minor)
        assert find().stdout.strip() == str(first)


@pytest.mark.parametrize('minor', [9, 14])
def test_another_python_is_taken_where_python3_is_not_supported(find, tmp_path, minor):
    add(tmp_path / 'bin' / 'python3', minor)
    older = add(tmp_path / '.pyenv' / 'versions' / '3.11.7' / 'bin' / 'python3.11', 11)
    assert find().stdout.strip() == str(older)
    newer = add(tmp_path / 'bin' / 'python3.12', 12)
    assert find().stdout.strip() == str(newer)
    assert find('3.11').stdout.strip() == str(older)


def test_one_line_says_what_to_install(find, tmp_path):
    add(tmp_path / 'bin' / 'python3', 14)
    result = find()
    assert result.returncode == 1 and not result.stdout and result.stderr.count('\n') == 1
    assert 'Python 3.10, 3.11, 3.12 or 3.13 is needed' in result.stderr and 'make setup PYTHON=' in result.stderr


@pytest.mark.skipif(not MAKE, reason='no make')
def test_make_stops_where_the_python_is_not_supported(tmp_path):
    add(tmp_path / 'python3', 14)
    result = subprocess.run([MAKE, 'setup', f'VENV={tmp_path / "venv"}', f'PYTHON={tmp_path / "python3"}'], cwd=ROOT,
                            capture_output=True, text=True, env={**os.environ, 'MAKEFLAGS': ''})
    assert result.returncode == 2 and 'is needed, and none is found' in result.stderr
    assert not (tmp_path / 'venv').exists()


@pytest.mark.parametrize('said, package, error', [
    ('| NVIDIA-SMI 580.65  Driver Version: 580.65  CUDA Version: 13.0 |', 'cupy-cuda13x', ''),
    ('CUDA Version: 12.8', 'cupy-cuda12x', ''), ('CUDA Version: 11.4', '', 'supports CUDA 11'),
    (None, '', 'no NVIDIA driver'), ('NVIDIA-SMI has failed', '', 'no NVIDIA driver')])
def test_make_gpu_takes_the_cupy_of_the_driver(tmp_path, said, package, error):
    """With an nvidia-smi and a Python that are made up; the Python says what it is asked to do."""
    (tmp_path / 'bin').mkdir()
    if said is not None:
        (tmp_path / 'nvidia-smi').write_text(f'#!{BASH}\necho "{said}"\n')
        (tmp_path / 'nvidia-smi').chmod(0o755)
    (tmp_path / 'bin' / 'python').write_text(f'#!{BASH}\necho "python $*"\n')
    (tmp_path / 'bin' / 'python').chmod(0o755)
    result = subprocess.run([BASH, ROOT / '.ci' / 'gpu', tmp_path / 'bin'], capture_output=True, text=True,
                            env={'PATH': f'{tmp_path}:/usr/bin:/bin'})
    if error:
        assert result.returncode == 2 and error in result.stderr and result.stderr.count('\n') == 1
        assert 'pip' not in result.stdout
    else:
        assert result.returncode == 0 and 'pip install' in result.stdout and 'gpu_hello.py' in result.stdout
        wanted = (tmp_path / 'requirements-gpu.txt').read_text()
        assert package in wanted and f'-r {ROOT}/requirements.txt' in wanted and wanted.count('cupy-cuda1') == 2
