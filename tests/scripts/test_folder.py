"""The scripts with a folder of the user's own pictures."""
import json
import os
import shutil

import numpy as np
import pytest
from PIL import Image

from ram.training import run as description
from tests.conftest import ROOT, assert_one_clear_line, script
from tests.datasets.test_folder import save
from tests.datasets.test_picture_reading import bomb


@pytest.fixture
def coloured(tmp_path, rng):
    """Three classes of pictures of many sizes, told apart by the colour of a square somewhere in them."""
    root = tmp_path / 'pictures'
    for place, name in enumerate(('red ones', 'green ones', 'blue ones')):
        for i in range(80):
            height, width = rng.integers(20, 60, 2)
            array = rng.integers(0, 90, (height, width, 3))
            y, x = rng.integers(0, height - 12), rng.integers(0, width - 12)
            array[y:y + 12, x:x + 12, place] += 160
            save(root / name / f'{i}.{"png" if i % 2 else "jpg"}', array)
    return root


def test_own_pictures_from_the_command_line(coloured, tmp_path):
    (coloured / 'red ones' / 'notes.txt').write_text('not a picture')
    flags = ['--dataset', 'folder', '--images', coloured, '--size', 32, '--patch', 8, '--scales', 2, '-l', 3,
             '--no-normalise', '--core', 'relu', '-b', 16, '-o', tmp_path / 'run']
    result = script('train.py', *flags, '-e', 5)
    assert result.returncode == 0, result.stderr
    assert 'of 36 validation pictures cannot be read' in result.stderr and result.stderr.count('notes.txt') == 1
    moved = coloured.rename(tmp_path / 'elsewhere')
    assert_one_clear_line(script('train.py', '--resume', tmp_path / 'run', '-e', 10), 'there is no folder')
    result = script('train.py', '--resume', tmp_path / 'run', '-e', 15, '--images', moved)
    assert result.returncode == 0, result.stderr
    model = tmp_path / 'run' / 'model.npz'
    found = json.loads(script('evaluate.py', model, '--json').stdout)
    assert found['n'] == 36 and found['test_error'] < 25
    assert all(name in script('evaluate.py', model).stdout for name in ('red ones', 'green ones', 'blue ones'))
    assert_one_clear_line(script('evaluate.py', model, '--images', tmp_path), 'class')
    assert script('visualize.py', model).returncode == 0
    with Image.open(tmp_path / 'run' / 'model.gif') as gif:
        assert gif.n_frames == 4 * 3  # scenes, glimpses
    assert script('visualize.py', model, '--heatmap').returncode == 0
    own = next((moved / 'green ones').iterdir())
    assert script('visualize.py', model, '--image', own, '-o', tmp_path / 'own.gif').returncode == 0


def test_a_few_pictures_one_of_which_cannot_be_read(picture_folder, tmp_path, quick):
    """The batch that is chosen leaves room for it."""
    for folder in sorted(picture_folder.iterdir()):
        (tmp_path / 'few' / folder.name).mkdir(parents=True)
        for path in sorted(folder.iterdir())[:6]:
            shutil.copy(path, tmp_path / 'few' / folder.name)
        (tmp_path / 'few' / folder.name / 'damaged.png').write_text('no picture')
    small = quick[4:-2]  # without --batchsize
    result = script('train.py', '--dataset', 'folder', *small, '--images', tmp_path / 'few', '-e', 1, '-o',
                    tmp_path / 'run')
    assert result.returncode == 0 and 'damaged.png' in result.stderr, result.stderr


@pytest.fixture
def root(picture_folder, tmp_path):
    """Two classes of 40 pictures, which a test may change."""
    return shutil.copytree(picture_folder, tmp_path / 'pictures')


@pytest.fixture
def flags(quick, root, tmp_path):
    return ['--dataset', 'folder', *quick[2:], '--images', root, '-e', 1, '-o', tmp_path / 'run']


def config_of(run):
    return description.read(run).config


def test_the_command_line_says_what_is_wrong(root, tmp_path):
    out = '-o', tmp_path / 'run'
    assert_one_clear_line(script('train.py', '--dataset', 'folder', *out), '--images')
    for flag in ('--images', root), ('--largest', 3):
        result = script('train.py', '--dataset', 'mnist', *flag, *out)
        assert_one_clear_line(result, f'{flag[0]} {flag[1]} has no effect', '--dataset mnist')
    own = ['--dataset', 'folder', '--images', root, *out]
    assert_one_clear_line(script('train.py', *own, '-b', 100), 'batchsize', '56')
    (root / 'empty').mkdir()
    assert_one_clear_line(script('train.py', *own), 'class empty is empty')


def test_all_splits_are_checked_before_training(root, flags, tmp_path):
    """A class of the test pictures that cannot be learned was found by evaluate.py, after the training."""
    parts = tmp_path / 'parts'
    for name in 'train', 'test':
        shutil.copytree(root, parts / name)
    shutil.copytree(root / 'dark', parts / 'test' / 'grey')
    result = script('train.py', *flags, '--images', parts)
    assert_one_clear_line(result, "class 'grey'", 'bright, dark')
    assert not (tmp_path / 'run').exists()


def test_whatever_is_not_read_as_usual_is_named(root, flags, tmp_path):
    """Once, and not in thousands of lines."""
    for i in range(60):
        (root / 'dark' / f'notes{i}.txt').write_text('no picture')
    shutil.copytree(root / 'dark', root / 'dark' / '.ipynb_checkpoints')
    shutil.copytree(root / 'dark', root / '@eaDir')
    shutil.copy(root / 'dark' / '0.png', root / 'bright' / 'dark.png')
    shutil.copy(root / 'dark' / '0.png', root / 'loose.png')
    bomb(root / 'bright' / 'bomb.png')
    for i in range(20):
        (root / 'bright' / f'link{i}').symlink_to(f'/none/{i}')
        Image.fromarray(np.full((9, 9), i + 3000, np.uint16)).save(root / 'bright' / f'deep{i}.png')
    result = script('train.py', *flags)
    assert result.returncode == 0, result.stderr
    assert config_of(tmp_path / 'run').classes == ('bright', 'dark')
    lines = result.stderr.splitlines()
    assert [line for line in lines if 'loose.png' in line] == [f'  {root}/loose.png']
    left_out = [line for line in lines if 'left out' in line]
    assert len(left_out) == 2 and 'train' in left_out[0] and 'validation' in left_out[1]
    assert sum('white is 4095' in line for line in lines) == 2
    assert [line for line in lines if 'dark.png' in line and 'dark/0.png' in line]
    assert sum('notes' in line or 'link' in line for line in lines) <= 20 and 'more' in result.stderr
    result = script('evaluate.py', tmp_path / 'run' / 'model.npz', '--predict', root)
    assert result.returncode == 0 and len(result.stdout.splitlines()) == 102
    told = result.stderr.splitlines()
    assert len(told) == 12
    assert told[0] == (f'left out: {root}/bright/bomb.png is not a picture that can be read: it has more than 90 '
                       'megapixels, the most that are read (for --dataset folder and text, --largest allows others)')
    assert told[10] == 'left out: and 71 more' and told[11].startswith('20 of 102 pictures use few of their 16 bits')
    result = script('visualize.py', tmp_path / 'run' / 'model.npz', '--image', root / 'bright' / 'deep1.png')
    assert result.returncode == 0 and 'white is 4095 in 1' in result.stderr


def test_a_relative_folder_is_found_from_everywhere(root, flags, tmp_path, monkeypatch):
    run = tmp_path / 'run'
    for command in [*flags, '--images', os.path.relpath(root, ROOT)], [
            '--resume', run, '-e', 2, '--images', os.path.relpath(root, ROOT)]:
        result = script('train.py', *command)
        assert result.returncode == 0, result.stderr
        assert os.path.isabs(config_of(run).images) and os.path.samefile(config_of(run).images, root)
    monkeypatch.setattr('tests.conftest.ROOT', tmp_path)
    result = script('evaluate.py', run / 'model.npz', '--json')
    assert result.returncode == 0 and json.loads(result.stdout)['n'] == 12


def test_the_limit_of_pixels_belongs_to_the_run_and_can_be_raised(root, flags, tmp_path):
    shutil.rmtree(root / 'bright')
    large = np.random.default_rng(0).integers(0, 256, (1001, 1000)).astype(np.uint8)
    for i in range(12):
        save(root / 'bright' / f'{i}.png', large if i == 1 else None)
    for split in 'val', 'test':
        shutil.copytree(root, tmp_path / 'parts' / split)
    root = shutil.copytree(root, tmp_path / 'parts' / 'train').parent
    result = script('train.py', *flags, '--images', root, '--largest', 1)
    assert result.returncode == 0, result.stderr
    assert '1 of 52 train pictures' in result.stderr and 'bright/1.png: it has more than 1 megapixels' in result.stderr
    model = tmp_path / 'run' / 'model.npz'
    for more, count in ([], 51), (['--largest', 2], 52):
        result = script('evaluate.py', model, '--json', *more)
        assert json.loads(result.stdout)['n'] == count and ('left out' in result.stderr) == (count == 51)
        result = script('evaluate.py', model, '--predict', root / 'test' / 'bright', *more)
        assert len(result.stdout.splitlines()) == 12 - 52 + count
        result = script('visualize.py', model, '--image', root / 'test' / 'bright' / '1.png', *more)
        assert (result.returncode == 0) == (count == 52)
    assert_one_clear_line(script('train.py', '--resume', tmp_path / 'run', '--largest', 2, '-e', 2), '--largest')
    assert_one_clear_line(script('evaluate.py', model, '--largest', -1), 'largest must be at least 0')


def test_native_pictures_may_be_as_large_as_memory_holds(root, flags, tmp_path):
    native = [flag for flag in flags if flag not in ('--size', 28)] + ['--fit', 'native']
    assert script('train.py', *native).returncode == 0
    assert config_of(tmp_path / 'run').largest == 0
    assert script('train.py', *native, '--largest', 5, '-o', tmp_path / 'other').returncode == 0
    assert config_of(tmp_path / 'other').largest == 5
