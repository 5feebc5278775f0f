"""The provenance of a model: the versions, the commit and the command that made it, written into its file."""
import argparse
import json
import pathlib
import platform
import shlex
import subprocess

import chainer
import numpy as np
from chainer.backends import cuda

LONGEST = 10_000  # characters


def current(command, init=''):
    """The provenance of the models that this process trains.

    Args:
        command: the command that began the run.
        init: the name of the model that it started from; '' for random weights.

    Returns:
        dict of str by str: 'python', 'numpy', 'chainer' and 'cupy' (their versions; '' if there is no CuPy), 'commit'
        of this source ('' if unknown; it ends in '+' if Python files differ from it), 'command' and 'init'.
    """
    return {'python': platform.python_version(), 'numpy': np.__version__, 'chainer': chainer.__version__,
            'cupy': cuda.cupy.__version__ if cuda.available else '', 'commit': _commit(),
            'command': command, 'init': init}


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
    """Reads a provenance that was written as JSON; 'init' is found in the command if an older version wrote it.

    Raises:
        ValueError: the text is something else.
    """
    if len(text) > LONGEST:
        raise ValueError('its provenance is too long')
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise ValueError('its provenance is not a JSON object of texts')
    return {**found, 'init': found.get('init', started_from(found.get('command', '')))}


def started_from(command):
    """The name of the model that a command of an older version started from (``--init``); '' if there is none."""
    return pathlib.Path(flags(command).get('init', '')).stem


def flags(command):
    """The flags of a command of train.py that are not in the Config, a dict by name; empty for other texts."""
    parser = _Reader(add_help=False, argument_default=argparse.SUPPRESS)
    parser.add_argument('-g', '--gpu', type=int, nargs='?')
    for name in 'init', 'data', 'cache', 'snapshot', 'communicator':
        parser.add_argument(f'--{name}')
    try:
        return vars(parser.parse_known_args(shlex.split(command))[0])
    except ValueError:
        return {}


class _Reader(argparse.ArgumentParser):
    """A parser of commands of older versions, which also took a part of a flag for the flag."""

    def error(self, message):
        raise ValueError(message)
