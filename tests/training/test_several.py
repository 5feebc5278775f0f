"""Pairs and sums of two digits from the command line: they train, resume, are measured, read from and drawn."""
import json

import numpy as np
import pytest
from PIL import Image

import datasets
from ram import checkpoint, safe_files
from tests.conftest import script

SMALL = ['--size', 68, '--hidden', 8, '--unit', 8, '-b', 20, '-l', 2, '--schedule', 'constant', '--average', 0.9]


@pytest.fixture(scope='module', autouse=True)
def digits():
    """A hundred digits, which need no file and no font."""
    rng = np.random.default_rng(1)
    held = rng.integers(0, 256, (100, 28, 28)).astype(np.uint8), np.arange(100, dtype=np.int32) % 10
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(datasets, 'load_digits', lambda *arguments: held)
        yield


@pytest.fixture(scope='module', params=['pairs', 'addition'])
def run(request, tmp_path_factory):
    """Two epochs at once, and the folder of a run that was resumed after the first."""
    folder = tmp_path_factory.mktemp(request.param)
    for name, epochs in ('once', 2), ('twice', 1):
        done('train.py', '--dataset', request.param, *SMALL, '-e', epochs, '-o', folder / name)
    done('train.py', '--resume', folder / 'twice', '-e', 2)
    return folder


def done(*command):
    result = script(*command)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_a_resumed_run_is_the_same_bit_for_bit(run):
    once, twice = ({name: array for name, array in safe_files.read(run / name / checkpoint.SNAPSHOT).items()
                    if name.startswith(('updater/model:main/', 'extensions/average/model/'))}
                   for name in ('once', 'twice'))
    assert len(once) > 20
    for name, array in once.items():
        np.testing.assert_array_equal(twice[name], array, err_msg=name)
    assert [entry['iteration'] for entry in json.loads((run / 'twice' / 'log').read_text())] == [5, 10]


def test_it_is_measured(run):
    """In each of a hundred scenes, whose answers are pairs or sums of digits."""
    found, model = json.loads(done('evaluate.py', run / 'once', '--json')), checkpoint.load_model(run / 'once')
    assert found['n'] == 100 and 0 <= found['test_error'] <= 100
    assert len(model.config.classes) == (55 if model.config.dataset == 'pairs' else 19)
    assert 'worst_pairs' in found or 'confusion' in found


def test_it_reads_a_picture(run, tmp_path):
    Image.new('RGB', (90, 60), '#e0d0c0').save(tmp_path / 'own.png')
    row, = json.loads(done('evaluate.py', run / 'once', '--json', '--predict', tmp_path / 'own.png'))
    assert row['class'] in checkpoint.load_model(run / 'once').config.classes


def test_it_is_drawn(run, tmp_path):
    done('visualize.py', run / 'once', '--index', 3, 5, '--out', tmp_path / 'a.gif')
    with Image.open(tmp_path / 'a.gif') as gif:
        assert gif.n_frames == 2 * 2
    done('visualize.py', run / 'once', '--heatmap', '--out', tmp_path / 'map.png')
    page = done('visualize.py', run / 'once', '--page', tmp_path / 'look.html', '--scenes', 3)
    assert page.strip() == str(tmp_path / 'look.html')
