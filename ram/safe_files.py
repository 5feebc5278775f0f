"""Files that are complete or absent, and safe to read: nothing is ever unpickled.

Every file is written under a temporary name and then renamed, so that a file with the final name is complete.
"""
import contextlib
import os
import pathlib
import tempfile
import zipfile

import filelock
import numpy as np

LARGEST = 16 << 30  # bytes of a file's arrays, uncompressed: a snapshot of the largest Config is smaller
DENSEST = 20        # how many times larger than their file weights may be, since they can hardly be compressed
MOST = 2000         # arrays in a file
KINDS = 'biufU'     # of arrays: bool, int, unsigned, float and text
LOCK = '.lock'
LONGEST = 50        # letters of a file's name in that of its temporary file, whose length the system limits


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
    """Opens a temporary file beside ``path``, which is renamed to ``path`` once it is written and on the disk.

    Text is UTF-8; bytes of a name that are not are written as they were.

    Raises:
        OSError: the file cannot be written; the error names ``path``.
    """
    path, name = pathlib.Path(path), None
    text = {} if 'b' in mode else dict(encoding='utf-8', errors='surrogateescape')
    try:
        handle, name = tempfile.mkstemp(prefix=f'.{path.name[:LONGEST]}-', dir=path.parent)
        with os.fdopen(handle, mode, **text) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException as error:
        if name:
            pathlib.Path(name).unlink(missing_ok=True)
        if isinstance(error, OSError) and (not name or error.filename in (None, name)):
            raise OSError(error.errno, error.strerror or str(error), str(path)) from None
        raise


def check_folder(folder, named='', new=False):
    """Checks, before some work is done for it, that files can be written into a folder.

    Args:
        folder: the folder.
        named: what the user asked for, the beginning of the error's text; by default the folder.
        new: whether the folder, and those that it is in, may still have to be made.

    Raises:
        OSError: the folder does not exist, or nothing can be written into it.
    """
    named, folder = named or folder, pathlib.Path(folder)
    while new and not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not folder.is_dir():
        raise FileNotFoundError(f'{named}: there is no folder {folder}')
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OSError(f'{named}: nothing can be written into {folder}: {error.strerror}') from None


def check_target(path, named=''):
    """Checks, before some work is done for it, that :func:`replacing` can write a file; as :func:`check_folder`."""
    path = pathlib.Path(path)
    if path.exists() and not path.is_file():
        raise OSError(f'{named or path}: {path} is there, and is not a file')
    check_folder(path.parent, named or path)


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
            yield
    except filelock.Timeout:
        raise ValueError(f'another process is running in {folder}') from None
