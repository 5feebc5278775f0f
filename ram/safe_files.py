"""Files that are complete or absent, and safe to read: nothing is ever unpickled.

Every file is written under a temporary name and then renamed, so that a file with the final name is complete.
"""
import contextlib
import os
import pathlib
import shutil
import tempfile
import zipfile

import filelock
import numpy as np

LARGEST = 16 << 30  # bytes of a file's arrays, uncompressed: a snapshot of the largest Config is smaller
DENSEST = 20        # how many times larger than their file weights may be, since they can hardly be compressed
MOST = 2000         # arrays in a file
KINDS = 'biufU'     # of arrays: bool, int, unsigned, float and text
LOCK = '.lock'


def read(path):
    """All arrays of an .npz file.

    Returns:
        dict of arrays by name: of bool, numbers or text, in C order, in the byte order of this machine.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not an .npz file, is damaged or absurdly large, or holds something else than such arrays.
    """
    path = pathlib.Path(path)
    if not path.exists():
        raise FileNotFoundError(f'there is no file {path}')
    if path.is_dir():
        raise ValueError(f'{path} is a folder, not an .npz file')
    with open(path, 'rb') as file:
        try:
            archive = zipfile.ZipFile(file)
            entries = archive.infolist()
            most = min(LARGEST, DENSEST * (path.stat().st_size + 10_000))
            if len(entries) > MOST or sum(entry.file_size for entry in entries) > most:
                raise ValueError('its content is absurdly large')
            if len({entry.filename for entry in entries}) < len(entries):
                raise ValueError('it has two entries of one name')
            return {entry.filename.removesuffix('.npy'): _array(archive, entry) for entry in entries}
        except Exception as error:  # zipfile and NumPy raise all kinds of errors for damaged bytes
            reason, *_ = str(error).splitlines() or [type(error).__name__]
            raise ValueError(f'{path} is not an .npz file that holds only arrays: {reason}') from None


def _array(archive, entry):
    """The array of an entry of a zip file.  np.load would return the bytes of one that is no array."""
    if not entry.filename.endswith('.npy'):
        raise ValueError(f'its entry {entry.filename!r} is not an array')
    with archive.open(entry) as file:
        array = np.lib.format.read_array(file, allow_pickle=False)
        if file.read(1):
            raise ValueError(f'its entry {entry.filename!r} is longer than its array')
    if array.dtype.kind not in KINDS or not array.dtype.itemsize:
        raise ValueError(f'its entry {entry.filename!r} is of {array.dtype}')
    if array.dtype.kind == 'U':
        array.tolist()  # raises ValueError if it holds what is no character
    return array.astype(array.dtype.newbyteorder('='), order='C', copy=False)


def write(path, arrays):
    """Writes arrays to an .npz file, completely or not at all."""
    with replacing(path) as file:
        np.savez(file, **arrays)


@contextlib.contextmanager
def replacing(path, mode='wb'):
    """Opens a temporary file beside ``path``, which is renamed to ``path`` once it is written and on the disk."""
    path = pathlib.Path(path)
    handle, name = tempfile.mkstemp(prefix=f'.{path.name}-', dir=path.parent)
    try:
        with os.fdopen(handle, mode, encoding=None if 'b' in mode else 'utf-8') as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


@contextlib.contextmanager
def alone_in(folder, names):
    """Locks a run's folder for one process, and first removes the incomplete files of a killed one.

    Args:
        folder: the folder.
        names: the names of the files that :func:`replacing` writes there.

    Raises:
        ValueError: another process has locked it.
    """
    folder = pathlib.Path(folder)
    try:
        with filelock.FileLock(folder / LOCK, timeout=0):
            for name in names:
                for left in folder.glob(f'.{name}-????????'):  # as tempfile names them
                    if left.is_file():
                        left.unlink()
            for left in folder.glob('log????????'):  # Chainer's LogReport writes in such a folder
                if left.is_dir() and [path.name for path in left.iterdir()] == ['log.json']:
                    shutil.rmtree(left)
            yield
    except filelock.Timeout:
        raise ValueError(f'another process is running in {folder}') from None
