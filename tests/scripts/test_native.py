"""The scripts with pictures that keep their own sizes."""
import json

import numpy as np
import pytest
from PIL import Image

from ram.config import PRESETS, Config
from ram.safe_files import read
from tests.conftest import assert_one_clear_line, script

SMALL = ['--patch', 8, '--scales', 3, '-l', 3, '--core', 'relu', '--glimpse-network', 'linear', '--hidden', 32,
         '--unit', 32, '-b', 16, '--lr', 0.01]


@pytest.fixture(scope='module')
def pictures(tmp_path_factory):
    """Two classes of 40 pictures of many shapes, which have colours of their own."""
    root, rng = tmp_path_factory.mktemp('native') / 'pictures', np.random.default_rng(0)
    for place, name in enumerate(('green', 'red')):
        (root / name).mkdir(parents=True)
        for i in range(40):
            pixels = rng.integers(0, 90, (*rng.integers(20, 90, 2), 3))
            pixels[:, :, 1 - place] += 100
            Image.fromarray(pixels.astype(np.uint8)).save(root / name / f'{i}.png')
    return root


@pytest.fixture(scope='module')
def flags(pictures):
    return ['--dataset', 'folder', '--images', pictures, '--fit', 'native', *SMALL]


@pytest.fixture(scope='module')
def run(flags, tmp_path_factory):
    folder = tmp_path_factory.mktemp('run') / 'run'
    result = script('train.py', *flags, '--no-normalise', '-e', 20, '-o', folder)
    assert result.returncode == 0, result.stderr
    return folder


def config_of(run):
    return Config.from_json(str(read(run / 'model.npz')['config']))


def test_it_learns_from_pictures_that_are_changed_as_the_preset_says(run):
    config = config_of(run)
    assert config.fit == 'native' and config.augmentation == PRESETS['folder'].augmentation
    assert config.shift == PRESETS['folder'].shift and config.augmentation.distorts and config.augmentation.retones
    found = json.loads(script('evaluate.py', run / 'model.npz', '--json').stdout)
    assert found['n'] == 12 and found['test_error'] < 10


@pytest.mark.parametrize('network', ['linear', 'conv'])
def test_both_glimpse_networks_and_several_episodes_an_image(flags, tmp_path, network):
    result = script('train.py', *flags, '--glimpse-network', network, '-M', 2, '-e', 1, '-o', tmp_path / 'run')
    assert result.returncode == 0, result.stderr
    assert config_of(tmp_path / 'run').normalise
    result = script('train.py', '--resume', tmp_path / 'run', *flags, '-M', 2, '-e', 2,
                    '--glimpse-network', network)
    assert result.returncode == 0, result.stderr


def test_pictures_and_predictions(run, pictures, tmp_path):
    model = run / 'model.npz'
    wide = tmp_path / 'wide.png'
    Image.new('RGB', (1500, 40), (20, 160, 20)).save(wide)
    rows = json.loads(script('evaluate.py', model, '--json', '--predict', wide, pictures / 'red').stdout)
    assert len(rows) == 41 and rows[0]['class'] == 'green'
    assert sum(row['class'] == 'red' for row in rows[1:]) >= 38
    for arguments in ['--count', 1], ['--image', wide], ['--heatmap'], ['--augmented']:
        result = script('visualize.py', model, *arguments, '-o', tmp_path / 'out.gif')
        assert result.returncode == 0, result.stderr
    with Image.open(tmp_path / 'out.gif') as gif:
        assert gif.n_frames == 3  # of the wide picture


def test_wrong(flags, tmp_path):
    assert script('train.py', *flags, '--lr', 1e-9, '-e', 1, '-o', tmp_path / 'run').returncode == 0
    result = script('visualize.py', tmp_path / 'run' / 'model.npz', '--wrong', '--count', 1)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / 'run' / 'model-wrong.gif').exists()


def test_what_native_pictures_cannot_do_is_refused_in_one_line(flags, run, tmp_path):
    out = '-o', tmp_path / 'run'
    for wrong, words in [(['--size', 100], ['size', '100']), (['--model', 'conv'], ["'conv'", 'ram']),
                         (['--context'], ['context'])]:
        assert_one_clear_line(script('train.py', *flags, *wrong, *out), 'native', *words)
    assert_one_clear_line(script('visualize.py', run / 'model.npz', '--page', tmp_path / 'x.html'), 'native')
    assert_one_clear_line(script('train.py', '--fit', 'native', *out), '--fit native', '--dataset translated')


def test_the_cache_is_where_the_flag_says(flags, tmp_path):
    result = script('train.py', *flags, '-e', 1, '-o', tmp_path / 'run', '--cache', tmp_path / 'here')
    assert result.returncode == 0, result.stderr
    assert sorted(path.suffix for path in (tmp_path / 'here').iterdir()) == ['.bytes', '.lock', '.npz']
    (tmp_path / 'file').write_text('')
    result = script('train.py', *flags, '-o', tmp_path / 'other', '--cache', tmp_path / 'file')
    assert_one_clear_line(result, '--cache', str(tmp_path / 'file'))
