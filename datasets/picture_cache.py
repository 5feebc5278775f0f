"""The cache of picture stores: each is made once, in parallel, written whole or not at all, and memory-mapped."""
import contextlib
import hashlib
import json
import mmap
import os
import pathlib
import shutil
import struct
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import filelock
import numpy

from datasets import memory, picture_store, shown, visible
from datasets.picture_store import PictureStore
from datasets.progress import progress

VERSION = 2             # of the files' format
PROJECT = 'recurrent-visual-attention'
ROOM = 0.5              # of the computer's memory: larger stores do not stay there as a whole
LARGE = 100e6           # bytes of a store that is announced
_opened = {}            # the stores of this process, so that the splits of a folder share one


def cache_folder():
    """The folder of the stores: ``$RAM_CACHE``, else a folder of the project's in ``$XDG_CACHE_HOME`` or ~/.cache."""
    chosen = os.environ.get('RAM_CACHE')
    folder = pathlib.Path(chosen or pathlib.Path(os.environ.get('XDG_CACHE_HOME') or '~/.cache', PROJECT))
    try:
        return folder.expanduser()
    except RuntimeError:  # as in a container whose user has no entry among the users
        raise OSError(f'there is no home folder for {folder}: name another with --cache DIR') from None


@dataclass
class Stored:
    """The pictures of a folder.

    Attributes:
        store: PictureStore.
        rows: int array (N,), the index of each file's picture, -1 for those that cannot be read.
        reasons: list of N str, why a file cannot be read, '' for those that can.
        whites: list of N values that are white in a picture, None for usual ones, see ``datasets.bit_depth``.
        digests: list of N str, the same for pictures of the same size and pixels, '' for those that cannot be read.
    """
    store: PictureStore
    rows: numpy.ndarray
    reasons: list
    whites: list
    digests: list


def stored(root, paths, settings, measure, read, beside=()):
    """The store of a folder's pictures.  It is made if it does not exist, or does not fit the files as they are now.

    Args:
        root: pathlib.Path, the folder.
        paths: list of pathlib.Path, the files, in the order of the store.
        settings: dict for JSON with everything that the bytes depend on; 'channels' and 'factor' are among its keys.
        measure: function of a path that returns the two sides of the picture to be stored, in any order, since it may
            have to be turned; or the reason why it cannot be read, a str.
        read: function of a path that returns the PIL picture, in mode L or RGB, and what is white in it; or such a
            reason.
        beside: sequence of pathlib.Path, other files below the folder that the bytes depend on.

    Returns:
        Stored.

    Raises:
        OSError: the cache cannot be written, or has no room.
        ValueError: it is among the pictures.
    """
    if visible.is_within(cache_folder(), root):
        raise ValueError(f'--cache {cache_folder()} is in the folder of the pictures, {root}, where it would be taken '
                         'for a class: name another')
    folder, state = cache_folder(), fingerprint(root, [*paths, *beside], settings)
    name = hashlib.sha256(json.dumps([str(root.resolve()), settings]).encode()).hexdigest()[:16]
    place = folder / name
    if _opened.get(place, (None,))[0] == state:
        return _opened[place][1]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(place.with_suffix('.lock'), root):
            if not _open(place, state):
                _make(place, state, root, paths, settings, measure, read)
            _opened[place] = state, _open(place, state)
    except OSError as error:
        raise OSError(f'the store of {root} in --cache {folder} cannot be made: {error.strerror or error}') from None
    return _opened[place][1]


def fingerprint(root, paths, settings):
    """A str that changes if a file below ``root`` is added, changed or removed, or a setting changes."""
    text = [json.dumps([VERSION, picture_store.MARGIN, settings])]
    for path in paths:
        found = visible.state(path)
        text.append(f'{path.relative_to(root).as_posix()}\0{found.st_size}\0{found.st_mtime_ns}')
    return hashlib.sha256('\n'.join(text).encode('utf-8', 'surrogateescape')).hexdigest()


@contextlib.contextmanager
def _alone(path, root):
    """Holds a lock file; if another process has it, says so and waits."""
    lock = filelock.FileLock(path)
    try:
        lock.acquire(timeout=1)
    except filelock.Timeout:
        print(f'{shown.text(root)}: waiting for another process, which makes the store of these pictures',
              file=sys.stderr)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _open(place, state):
    """The result of :func:`stored`; None if there is no whole store of this fingerprint."""
    try:
        with numpy.load(place.with_suffix('.npz'), allow_pickle=False) as index:
            index = {key: index[key] for key in index.files}
        with open(place.with_suffix('.bytes'), 'rb') as file:
            if str(index['state']) != state or os.fstat(file.fileno()).st_size != index['length']:
                return None
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        store = PictureStore(numpy.frombuffer(mapped, numpy.uint8),
                             *(index[key] for key in ('starts', 'sizes', 'means', 'deviations')),
                             int(index['factor']), *([_fetcher(mapped)] if _is_large(mapped) else []))
        return Stored(store, index['rows'], *json.loads(str(index['files'])))
    except Exception:  # missing or damaged; zipfile and NumPy raise all kinds of errors then
        return None


def _is_large(mapped):
    """Whether a store does not fit into memory, and this system can be advised what to read."""
    return hasattr(mmap, 'MADV_RANDOM') and len(mapped) > ROOM * memory.total()


def _fetcher(mapped):
    """The function ``fetch`` of a store that does not fit into memory.

    The system reads ahead of each page that is missing, megabytes on some machines.  A patch would then cost as much as
    a picture, and drive others out of memory.
    """
    mapped.madvise(mmap.MADV_RANDOM)  # no reading ahead

    def fetch(begins, ends):
        first, last = begins // mmap.PAGESIZE, (ends - 1) // mmap.PAGESIZE
        for begin, end in set(zip(first.tolist(), last.tolist())):  # parts of a slanted patch share pages
            mapped.madvise(mmap.MADV_WILLNEED, begin * mmap.PAGESIZE, (end - begin + 1) * mmap.PAGESIZE)

    return fetch


def _make(place, state, root, paths, settings, measure, read):
    """Makes the two files of a store: its bytes and, last, its index, without which the bytes do not count."""
    bytes_file, index_file, part = (place.with_suffix(end) for end in ('.bytes', '.npz', '.part'))
    for path in index_file, bytes_file, part:
        path.unlink(missing_ok=True)
    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        sizes = list(progress('measuring', len(paths), 'pictures', pool.map(measure, paths)))
        rows = numpy.array([not isinstance(size, str) for size in sizes]).cumsum() - 1
        measured = numpy.array([size for size in sizes if not isinstance(size, str)], numpy.int32).reshape(-1, 2)
        starts, length = picture_store.layout(measured, settings['channels'], settings['factor'])
        free = shutil.disk_usage(place.parent).free
        if length > free:
            raise OSError(f'it needs {length / 1e9:.1f} GB, and the disk has {free / 1e9:.1f} GB free; name another '
                          'folder with --cache DIR')
        with open(part, 'wb') as file:
            file.truncate(length)

        def write(i):
            found = sizes[i] if isinstance(sizes[i], str) else read(paths[i])
            if isinstance(found, str):
                return found
            picture, white = found
            if sorted(picture.size) != sorted(sizes[i]):
                return 'it has another size than its file says'
            pixels = picture_store.encoded(picture, settings['factor'])
            with open(part, 'r+b') as file:
                file.seek(starts[rows[i], 0])
                file.write(pixels)
            size = picture.height, picture.width
            return *picture_store.statistics(picture), white, _digest(picture.size, pixels), size

        if length >= LARGE:
            print(f'{shown.text(root)}: making the store of {len(paths):,} pictures, {length / 1e9:.1f} GB in '
                  f'{shown.text(place.parent)}', file=sys.stderr)
        results = list(progress('reading', len(paths), 'pictures', pool.map(write, range(len(paths)))))
        with open(part, 'r+b') as file:
            os.fsync(file.fileno())
    except BaseException:
        pool.shutdown(cancel_futures=True)
        part.unlink(missing_ok=True)
        raise
    pool.shutdown()
    reasons = [result if isinstance(result, str) else '' for result in results]
    kept = numpy.array([not reason for reason in reasons], bool)
    whites, digests = ([nothing if isinstance(result, str) else result[place] for result in results]
                       for place, nothing in ((2, None), (3, '')))
    means, deviations, upright = ([result[place] for result in results if not isinstance(result, str)]
                                  for place in (0, 1, 4))
    chosen = rows[kept]  # a file that could not be read after all leaves a hole
    index = dict(state=state, length=length, factor=settings['factor'], starts=starts[chosen],
                 sizes=numpy.array(upright, numpy.int32).reshape(-1, 2),
                 means=numpy.array(means, numpy.float32).reshape(-1, settings['channels']),
                 deviations=numpy.array(deviations, numpy.float32), rows=numpy.where(kept, kept.cumsum() - 1, -1),
                 files=json.dumps([reasons, whites, digests]))
    os.replace(part, bytes_file)
    try:
        with open(part, 'wb') as file:
            numpy.savez(file, **index)
        os.replace(part, index_file)
    except BaseException:
        for path in part, bytes_file:
            path.unlink(missing_ok=True)
        raise


def _digest(size, pixels):
    """A str that is the same for pictures of the same size and bytes."""
    return hashlib.blake2b(pixels, digest_size=16, salt=struct.pack('<2q', *size)).hexdigest()
