"""SVHN (Netzer et al., 2011), Format 2: cropped house-number digits, 32 x 32 in colour, in MATLAB files."""
import functools
import hashlib
import warnings

import numpy as np
import scipy.io

from datasets import download

SIDE, CLASSES = 32, 10
MOST = 1_000_000  # images in a file
# Bytes and SHA-256 of the files as they are published.
FILES = {
    'train_32x32.mat': (182040794, '435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8'),
    'test_32x32.mat': (64275384, 'cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b'),
    'extra_32x32.mat': (1329278602, 'a133a4beb38a00fcdda90c9489e0c04f900b660ce8a316a5e854838379a71eb3'),
}
MIRROR = 'http://ufldl.stanford.edu/housenumbers/'


def path_of(part, folder):
    """The file of 'train', 'test' or 'extra' in a folder of data, a pathlib.Path."""
    return folder / 'svhn' / f'{part}_32x32.mat'


@functools.lru_cache(maxsize=1)
def load(part, folder):
    """SVHN's 'train' (73,257), 'test' (26,032) or 'extra' (531,131) digits from ``folder / 'svhn'``.

    The images are a view of the file's content, so they need no further memory.  The last that were read are kept, so
    the splits of a file share them.

    Returns:
        uint8 array (N, 3, 32, 32) and int32 array (N,) in [0, 9].

    Raises:
        FileNotFoundError: the file is missing and could not be downloaded.
        ValueError: the file is damaged, or not a file of Format 2.
    """
    path = path_of(part, folder)
    name = path.name
    if not path.exists():
        size, _ = FILES[name]
        download.fetch([MIRROR + name], path, check=lambda part: check_sum(part, name), largest=size,
                       otherwise='or train with --digits fonts, which needs no data')
    return read_mat(path)


def check_sum(path, name):
    """Raises ValueError if a file is not the published one of that name."""
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    if digest.hexdigest() != FILES[name][1]:
        raise ValueError(f'its SHA-256 is not {FILES[name][1]}')


def read_mat(path):
    """Reads a file of SVHN's Format 2: X, uint8 (32, 32, 3, N), and y, N labels from 1 to 10, where 10 is the digit 0.

    Returns:
        uint8 array (N, 3, 32, 32) and int32 array (N,) in [0, 9].

    Raises:
        ValueError: it is not a file of Format 2.
    """
    wanted = 'X, uint8 (32, 32, 3, N), and y, N labels'
    with open(path, 'rb') as file, warnings.catch_warnings():
        warnings.simplefilter('error')
        try:
            stated = {name: (shape, kind) for name, shape, kind in scipy.io.whosmat(file)}
            shape, kind = stated.get('X', ((), ''))
            fits = len(shape) == 4 and shape[:3] == (SIDE, SIDE, 3) and 0 < shape[3] <= MOST and kind == 'uint8' \
                and sorted(stated.get('y', ((), ''))[0]) == sorted((1, shape[3]))
            content = scipy.io.loadmat(file, variable_names=['X', 'y']) if fits else None
        except Exception as error:  # SciPy raises many kinds of errors for damaged bytes
            raise ValueError(f'{path} is damaged or not a MATLAB file: {error}') from None
    if content is None:
        raise ValueError(f'{path} is not of SVHN\'s Format 2, which has {wanted}; it has {stated}')
    images, labels = content['X'], content['y'].reshape(-1)
    if images.shape != shape or images.dtype != np.uint8 or labels.dtype.kind not in 'uif':
        raise ValueError(f'{path} is damaged: it does not hold the {wanted} that it states')
    if not (np.isin(labels, np.arange(1, CLASSES + 1))).all():
        raise ValueError(f'{path} has labels from {labels.min()} to {labels.max()}; they must be 1 to {CLASSES}')
    return images.transpose(3, 2, 0, 1), (labels % CLASSES).astype(np.int32)
