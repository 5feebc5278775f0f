"""The provenance of a model: the versions, the commit and the command that made it, written into its file."""
import json
import pathlib
import platform
import subprocess

import chainer
import numpy as np
from chainer.backends import cuda

from ram import safe_files

LONGEST = 10_000  # characters


def current(command, started=None):
    """The provenance of the models that this process trains.

    Args:
        command: the command line of this process.
        started: file with the command that started the run, if it is resumed.

    Returns:
        dict of str by str: 'python', 'numpy', 'chainer' and 'cupy' (their versions; '' if there is no CuPy), 'commit'
        of this source ('' if unknown; it ends in '+' if Python files differ from it) and 'command', the command line
        that started the run.
    """
    if started and started.exists():
        command = safe_files.read_text(started).strip()
    return {'python': platform.python_version(), 'numpy': np.__version__, 'chainer': chainer.__version__,
            'cupy': cuda.cupy.__version__ if cuda.available else '', 'commit': _commit(),
            'command': command}


def _commit():
    folder = pathlib.Path(__file__).parent.parent

    def git(*arguments):
        # Only read: git status would write its index again, and a run that is killed then would leave a lock behind.
        return subprocess.run(['git', '--no-optional-locks', '-C', str(folder), *arguments], capture_output=True,
                              text=True, timeout=10, check=True).stdout.strip()
    try:
        if pathlib.Path(git('rev-parse', '--show-toplevel')) != folder.resolve():
            return ''  # this copy of the project is inside the repository of another
        return git('rev-parse', 'HEAD') + ('+' if git('status', '--porcelain', '--untracked-files=no', '*.py') else '')
    except (OSError, subprocess.SubprocessError):
        return ''


def from_json(text):
    """Reads a provenance that was written as JSON; ValueError if the text is something else."""
    if len(text) > LONGEST:
        raise ValueError('its provenance is too long')
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise ValueError('its provenance is not a JSON object of texts')
    return found
