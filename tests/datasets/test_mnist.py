import gzip
import hashlib
import struct

import numpy as np
import pytest

from datasets import mnist


def idx(array):
    return struct.pack('>HBB', 0, 8, array.ndim) + struct.pack(f'>{array.ndim}I', *array.shape) + array.tobytes()


@pytest.mark.parametrize('suffix, pack', [('', bytes), ('.gz', gzip.compress)])
def test_idx_round_trip(tmp_path, rng, suffix, pack):
    array = rng.integers(0, 256, (5, 4, 3)).astype(np.uint8)
    path = tmp_path / f'x{suffix}'
    path.write_bytes(pack(idx(array)))
    np.testing.assert_array_equal(mnist.read_idx(path, hashlib.sha256(idx(array)).hexdigest()), array)


def test_files_that_are_not_all_there(tmp_path, monkeypatch):
    """A folder in which a download has failed is no MNIST."""
    monkeypatch.setattr(mnist, 'MIRRORS', ())
    for name in [None, *mnist.FILES]:
        if name:
            (tmp_path / 'mnist' / f'{name}{".gz" if "images" in name else ""}').write_bytes(b'')
        assert mnist.complete(tmp_path) == (name == list(mnist.FILES)[-1])
        if not name:
            with pytest.raises(FileNotFoundError):
                mnist.load('train', tmp_path)
            assert (tmp_path / 'mnist').is_dir()


def damaged():
    good = idx(np.arange(24, dtype=np.uint8).reshape(2, 3, 4))
    yield 'empty', b''
    yield 'short header', good[:6]
    yield 'truncated', good[:-1]
    yield 'too long', good + b'\0'
    yield 'wrong magic', b'PK\3\4' + good[4:]
    yield 'another type', good[:2] + b'\x0d' + good[3:]
    yield 'no dimensions', good[:3] + b'\0' + good[4:]
    yield 'huge', good[:4] + b'\xff' * 12 + good[16:]


@pytest.mark.parametrize('name, content', list(damaged()), ids=[name for name, _ in damaged()])
def test_damaged_idx(tmp_path, name, content):
    path = tmp_path / 'x'
    path.write_bytes(content)
    with pytest.raises(ValueError, match='x'):
        mnist.read_idx(path)


def test_damaged_gzip_and_wrong_checksum(tmp_path):
    good = idx(np.zeros((2, 2), np.uint8))
    for content in (gzip.compress(good)[:-5], b'\x1f\x8b' + b'rubbish' * 9, b'rubbish'):
        (tmp_path / 'x.gz').write_bytes(content)
        with pytest.raises(ValueError, match='damaged'):
            mnist.read_idx(tmp_path / 'x.gz')
    (tmp_path / 'x').write_bytes(good)
    with pytest.raises(ValueError, match='SHA-256'):
        mnist.read_idx(tmp_path / 'x', '0' * 64)
