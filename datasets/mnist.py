"""MNIST (LeCun, Cortes and Burges): reads and checks the IDX files, and downloads those that are missing."""
import functools
import gzip
import hashlib
import zlib

import numpy as np

from datasets import download

# SHA-256 of each file's uncompressed bytes.
FILES = {
    'train-images-idx3-ubyte': 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
    'train-labels-idx1-ubyte': '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
    't10k-images-idx3-ubyte': '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
    't10k-labels-idx1-ubyte': 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
}
MIRRORS = ('https://ossci-datasets.s3.amazonaws.com/mnist/', 'https://storage.googleapis.com/cvdf-datasets/mnist/')
LARGEST = 64 << 20  # no file of MNIST is larger, uncompressed


@functools.lru_cache(maxsize=1)
def load(part, folder):
    """MNIST's 'train' (60,000) or 'test' (10,000) digits from the files in ``folder / 'mnist'``.

    The last that were read are kept, so the splits of a file share them.

    Returns:
        uint8 array (N, 28, 28) and int32 array (N,).

    Raises:
        FileNotFoundError: a file is missing and could not be downloaded.
        ValueError: a file is damaged.
    """
    prefix = {'train': 'train', 'test': 't10k'}[part]
    images = read_idx(find(f'{prefix}-images-idx3-ubyte', folder), FILES[f'{prefix}-images-idx3-ubyte'])
    labels = read_idx(find(f'{prefix}-labels-idx1-ubyte', folder), FILES[f'{prefix}-labels-idx1-ubyte'])
    return images, labels.astype(np.int32)


def complete(folder):
    """Whether all files are in ``folder / 'mnist'``; a download that failed leaves this folder, too."""
    return all(any(path.exists() for path in _paths(name, folder)) for name in FILES)


def _paths(name, folder):
    return folder / 'mnist' / name, folder / 'mnist' / f'{name}.gz'


def find(name, folder):
    """The path of an IDX file, plain or gzip-compressed; downloads it if it is missing."""
    for path in _paths(name, folder):
        if path.exists():
            return path
    _, target = _paths(name, folder)
    return download.fetch([f'{mirror}{name}.gz' for mirror in MIRRORS], target,
                          check=lambda path: read_idx(path, FILES[name]),
                          otherwise='or train with --digits fonts, which needs no data')


def read_idx(path, sha256=None):
    """Reads an IDX file of unsigned bytes.

    Args:
        path: the file, gzip-compressed if its name ends in .gz.
        sha256: the SHA-256 that the uncompressed bytes must have, if given.

    Returns:
        uint8 array of the shape that the file states.

    Raises:
        ValueError: it is not an IDX file of unsigned bytes, or its length or checksum is wrong.
    """
    try:
        with (gzip.open if str(path).endswith('.gz') else open)(path, 'rb') as file:
            content = file.read(LARGEST + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f'{path} is damaged: {error}; remove it and run again to download it') from None
    if len(content) < 4 or content[:3] != b'\0\0\x08' or not 1 <= content[3] <= 4:
        raise ValueError(f'{path} is not an IDX file of unsigned bytes: it begins with {content[:4].hex()!r}')
    start = 4 + 4 * content[3]
    shape = tuple(np.frombuffer(content[4:start], '>u4').tolist()) if len(content) >= start else (0,)
    expected = start + int(np.prod(shape, dtype=object))
    if len(content) != expected:
        raise ValueError(f'{path} is damaged: {len(content)} bytes where its header {shape} asks for {expected}')
    if sha256 and hashlib.sha256(content).hexdigest() != sha256:
        raise ValueError(f'{path} is damaged: the SHA-256 of its content is not {sha256}; '
                         'remove it and run again to download it')
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
