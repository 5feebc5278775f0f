import dataclasses
import json
import tracemalloc

import numpy as np
import pytest
import scipy.io
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import datasets
from datasets import svhn
from ram.config import PRESETS
from ram.registry import make_model
from tests.conftest import assert_one_clear_line, script
from tests.test_fuzz import MUTATIONS, mutated


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
def test_files_that_are_not_svhn_are_rejected(tmp_path, content, name):
    scipy.io.savemat(tmp_path / 'x.mat', FAULTS[name](content))
    with pytest.raises(ValueError, match='x.mat'):
        svhn.read_mat(tmp_path / 'x.mat')


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


def write_mat(folder, part, count, rng):
    """A small file of SVHN's form: a digit's class is the brightness of its middle."""
    labels = np.arange(count) % 10
    X = rng.integers(0, 20, (32, 32, 3, count))
    X[8:24, 8:24] += 22 * labels
    folder.mkdir(exist_ok=True)
    scipy.io.savemat(folder / f'{part}_32x32.mat', {'X': X.astype(np.uint8),
                                                    'y': np.where(labels == 0, 10, labels)[:, None].astype(np.uint8)})


def test_svhn_from_the_command_line(tmp_path, rng):
    write_mat(tmp_path / 'svhn', 'train', 600, rng)
    write_mat(tmp_path / 'svhn', 'test', 300, rng)
    result = script('train.py', '--dataset', 'svhn', '--no-normalise', '--core', 'relu', '-l', 2, '-b', 16, '-e', 8,
                    '--lr', 0.002, '--data', tmp_path, '-o', tmp_path / 'run')
    assert result.returncode == 0, result.stderr
    model = tmp_path / 'run' / 'model.npz'
    found = json.loads(script('evaluate.py', model, '--json', '--repeats', 2, '--data', tmp_path).stdout)
    assert found['n'] == 300 and found['test_error'] < 50
    assert script('visualize.py', model, '--data', tmp_path).returncode == 0
    with Image.open(tmp_path / 'run' / 'model.png') as sheet:  # few colours, so in a palette
        assert sheet.convert('RGB').getcolors(1 << 24)
    assert script('visualize.py', model, '--data', tmp_path, '--heatmap').returncode == 0
    Image.new('RGB', (50, 90), 'red').save(tmp_path / 'mine.png')
    assert script('visualize.py', model, '--image', tmp_path / 'mine.png', '-o', tmp_path / 'gaze.gif').returncode == 0
    (tmp_path / 'svhn' / 'train_32x32.mat').write_bytes(b'nothing')
    assert_one_clear_line(script('train.py', '--dataset', 'svhn', '--data', tmp_path, '-o', tmp_path / 'other'),
                          'train_32x32.mat')


def test_extra_pictures_are_used_for_training_only(tmp_path, rng):
    for part, count in (('train', 120), ('extra', 30), ('test', 20)):
        write_mat(tmp_path / 'svhn', part, count, rng)
    extra = svhn.load('extra', tmp_path)
    for split, count in (('train', 140), ('validation', 10), ('train+validation', 150), ('test', 20)):
        plain = datasets.load_pictures('mnist', split, tmp_path)
        images, labels = datasets.load_pictures('mnist', split, tmp_path, extra=True)
        assert images.shape == (count, 3, 32, 32) and images.dtype == np.uint8 and labels.dtype == np.int32
        np.testing.assert_array_equal(images[:len(plain[0])], plain[0])
        if split.startswith('train'):
            np.testing.assert_array_equal(images[-30:], extra[0])
            np.testing.assert_array_equal(labels[-30:], extra[1])


def test_extra_and_a_larger_street_from_the_command_line(tmp_path, rng):
    for part, count in (('train', 240), ('extra', 60), ('test', 40)):
        write_mat(tmp_path / 'svhn', part, count, rng)
    result = script('train.py', '--dataset', 'svhn', '--extra', '--canvas', 64, '-l', 2, '-b', 28, '-e', 1,
                    '--data', tmp_path, '-o', tmp_path / 'run')
    assert result.returncode == 0, result.stderr
    assert json.loads((tmp_path / 'run' / 'log').read_text())[-1]['iteration'] == (220 + 60) / 28
    model = tmp_path / 'run' / 'model.npz'
    found = json.loads(script('evaluate.py', model, '--json', '--repeats', 1, '--data', tmp_path).stdout)
    assert found['n'] == 40 and len(found['by_class']) == 10
    assert script('visualize.py', model, '--data', tmp_path, '--heatmap').returncode == 0
    with Image.open(tmp_path / 'run' / 'model-heatmap.png') as maps:
        assert maps.height > 0.8 * maps.width  # two glimpses, in the image and around the digit
    (tmp_path / 'svhn' / 'extra_32x32.mat').write_bytes(b'nothing')
    assert_one_clear_line(script('train.py', '--dataset', 'svhn', '--extra', '--data', tmp_path, '-o',
                                 tmp_path / 'other'), 'extra_32x32.mat')


def test_controls_see_in_colour(rng):
    for kind in ('fc64', 'conv'):
        model = make_model(dataclasses.replace(PRESETS['svhn'], model=kind))
        assert model.rollout(rng.random((2, 3, 32, 32), np.float32)).logits.shape == (2, 10)
        assert model.config.largest_layer <= model.count_params()
