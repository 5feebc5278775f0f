import tracemalloc

import numpy as np
import pytest
import scipy.io
from hypothesis import given
from hypothesis import strategies as st

from datasets import svhn
from tests.test_fuzz import MUTATIONS, SETTINGS, mutated


@pytest.fixture
def content(rng):
    return {'X': rng.integers(0, 256, (32, 32, 3, 25)).astype(np.uint8),
            'y': (np.arange(25) % 10 + 1).astype(np.uint8)[:, None]}


@pytest.mark.parametrize('compressed', [False, True])
@pytest.mark.parametrize('kind', [np.uint8, np.float64])
def test_reads_what_matlab_writes(tmp_path, content, compressed, kind):
    content['y'] = content['y'].astype(kind)
    scipy.io.savemat(tmp_path / 'x.mat', content, do_compression=compressed)
    images, labels = svhn.read_mat(tmp_path / 'x.mat')
    assert images.shape == (25, 3, 32, 32) and images.dtype == np.uint8 and labels.dtype == np.int32
    assert labels.tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0] * 2 + [1, 2, 3, 4, 5]
    for n in (0, 24):
        for c in range(3):
            np.testing.assert_array_equal(images[n, c], content['X'][:, :, c, n])


def test_memory_stays_at_the_files_bytes(tmp_path, rng):
    images = rng.integers(0, 256, (32, 32, 3, 4000)).astype(np.uint8)
    scipy.io.savemat(tmp_path / 'x.mat', {'X': images, 'y': np.ones((4000, 1), np.uint8)})
    tracemalloc.start()
    kept = svhn.read_mat(tmp_path / 'x.mat')
    now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept[0].nbytes == images.nbytes and now < 1.05 * images.nbytes and peak < 2.2 * images.nbytes


def changed(**changes):
    return lambda content: {name: array for name, array in {**content, **changes}.items() if array is not None}


FAULTS = {
    'no X': changed(X=None), 'no y': changed(y=None), 'grey': changed(X=np.zeros((32, 32, 25), np.uint8)),
    'floats': changed(X=np.zeros((32, 32, 3, 25))), 'another size': changed(X=np.zeros((30, 32, 3, 25), np.uint8)),
    'too few labels': changed(y=np.ones((24, 1), np.uint8)), 'label 0': changed(y=np.arange(25)[:, None] % 10),
    'label 11': changed(y=np.full((25, 1), 11)), 'half a label': changed(y=np.full((25, 1), 1.5)),
    'words': changed(y=np.array(['one'] * 25)[:, None]), 'nothing': lambda content: {},
}


@pytest.mark.parametrize('name', FAULTS)
def test_what_is_not_svhn_is_refused(tmp_path, content, name):
    scipy.io.savemat(tmp_path / 'x.mat', FAULTS[name](content))
    with pytest.raises(ValueError, match='x.mat'):
        svhn.read_mat(tmp_path / 'x.mat')


@SETTINGS
@given(mutations=MUTATIONS, compressed=st.booleans())
def test_damaged_files(tmp_path, mutations, compressed):
    path = tmp_path / 'x.mat'
    scipy.io.savemat(path, {'X': np.zeros((32, 32, 3, 2), np.uint8), 'y': np.ones((2, 1))}, do_compression=compressed)
    path.write_bytes(mutated(path.read_bytes(), mutations))
    try:
        images, labels = svhn.read_mat(path)
        assert images.shape == (len(labels), 3, 32, 32)
    except ValueError as error:
        assert 'x.mat' in str(error)


def test_missing_file_says_where_it_goes(tmp_path, monkeypatch):
    monkeypatch.setattr(svhn, 'MIRROR', 'http://127.0.0.1:9/')
    with pytest.raises(FileNotFoundError, match=r'svhn.train_32x32.mat is missing.*--digits fonts'):
        svhn.load('train', tmp_path)


def test_the_checksum_is_checked(tmp_path):
    (tmp_path / 'x').write_bytes(b'not it')
    with pytest.raises(ValueError, match='SHA-256'):
        svhn.check_sum(tmp_path / 'x', 'test_32x32.mat')
