"""The folder of a run: what a run, or one that is refused, does to it."""
import json
import pathlib
import shlex
import shutil
from types import SimpleNamespace

import pytest
from PIL import Image

import train
from ram import checkpoint
from ram.training.distributed import ALONE
from ram.training.run_folder import old_run
from tests.conftest import SMALL, assert_one_clear_line, script


def test_a_run_that_is_refused_changes_no_folder(run, tmp_path):
    """Neither is a folder left behind, so that the command can be repeated, nor is a file of the user lost."""
    old, new, mine, empty = (tmp_path / name for name in ('old', 'new', 'mine', 'empty'))
    shutil.copytree(run, old)
    settings = json.loads((old / 'config.json').read_text())
    (old / 'config.json').write_text(json.dumps({**settings, 'digits': 'mnist'}))
    for folder in tmp_path / 'mnist', mine, empty:
        folder.mkdir()
    (tmp_path / 'mnist' / 'train-images-idx3-ubyte.gz').write_bytes(b'\x1f\x8b\x08')
    for name in 'log', 'command.txt', 'notes.txt':
        (mine / name).write_text(name)
    before = {path: path.read_bytes() for path in [*old.iterdir(), *mine.iterdir()]}
    for first in ['--dataset', 'mnist', '--init', run / 'model.npz'], ['--resume', old]:
        for out in new, mine, empty, new:
            assert_one_clear_line(script('train.py', *first, '-o', out, '--data', tmp_path), 'damaged')
    assert {path: path.read_bytes() for path in [*old.iterdir(), *mine.iterdir()]} == before
    assert empty.exists() and not new.exists()


@pytest.mark.parametrize('encoding', ['utf-8-sig', 'utf-16'])
def test_an_editor_may_save_the_config_with_a_byte_order_mark(run, tmp_path, encoding):
    text = (run / 'config.json').read_text()
    (tmp_path / 'config.json').write_text(text, encoding=encoding)
    assert old_run(train.parse(['--resume', str(tmp_path)]))[0].to_json() == text.strip()


def test_a_damaged_snapshot_is_not_left_in_another_folder(run, tmp_path):
    old, new = tmp_path / 'old', tmp_path / 'new'
    shutil.copytree(run, old)
    (old / 'snapshot.npz').write_bytes(b'damaged')
    for _ in range(2):
        assert_one_clear_line(script('train.py', '--resume', old, '-o', new), 'snapshot.npz')
        assert not new.exists()
    shutil.copy(run / 'snapshot.npz', old)
    result = script('train.py', '--resume', old, '-o', new, '-e', 1)
    assert result.returncode == 0, result.stderr


def test_a_run_loses_no_file_of_its_folder(run, tmp_path):
    for name in 'model.npz', 'snapshot.npz':
        (tmp_path / name[0]).mkdir()
        file = shutil.copy(run / 'model.npz', tmp_path / name[0] / name)
        result = script('train.py', *SMALL, '-e', 1, '--init', file, '-o', tmp_path / name[0])
        assert_one_clear_line(result, f'{file} would be overwritten')
        assert checkpoint.load_model(file)
    # A model of the name that the run gives to its copy; and names that are like those of incomplete files.
    kept = ['logs/a', 'log-of-2025/a', '.my-12345678/a', '.bashrc-20240115', '.config-original']
    for name in kept:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / 'log_archive').mkdir()
    file = shutil.copy(run / 'model.npz', tmp_path / 'init.npz')
    before = (tmp_path / 'init.npz').read_bytes()
    result = script('train.py', *SMALL, '-e', 1, '--init', file, '-o', tmp_path)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / 'init.npz').read_bytes() == before
    assert all((tmp_path / name).read_text() == name for name in kept) and (tmp_path / 'log_archive').exists()


def test_the_incomplete_files_of_a_killed_run_are_removed(run, tmp_path):
    out = tmp_path / 'run'
    shutil.copytree(run, out)
    left = [out / name for name in ('.snapshot.npz-a1b2c3d4', '.loss.png-a1b2c3d4', '.log-a1b2c3d4')]
    for path in left:
        path.write_text('incomplete')
    assert script('train.py', '--resume', out).returncode == 0
    assert not any(path.exists() for path in left)


@pytest.mark.parametrize('given, joined, command', [
    ([], ALONE, 'python train.py --resume'),
    (['-g', '1', '--data', 'my data', '--snapshot', '5m'], ALONE,
     "python train.py --gpu 1 --data 'my data' --snapshot 5m --resume"),
    (['--communicator', 'pure_nccl', '--gpu'], SimpleNamespace(size=4),
     'mpiexec -n 4 python train.py --communicator pure_nccl --gpu --resume')])
def test_the_command_that_resumes_a_run_names_its_machine(given, joined, command):
    folder = pathlib.Path('result/my run')
    assert train.how_to_resume(folder, train.parse(given), joined) == f"{command} 'result/my run'"
    arguments = train.parse(shlex.split(command.split('train.py ')[1]) + [str(folder)])
    assert arguments.resume == str(folder) and arguments.gpu == train.parse(given).gpu


def test_a_run_of_a_folder_can_be_resumed_with_its_preset(tmp_path):
    """Its classes were found in the data, and native pictures are not changed: both differ from the preset's."""
    for name in 'ab':
        (tmp_path / 'pictures' / name).mkdir(parents=True)
        for number in range(4):
            Image.new('RGB', (40, 40), (60 * number, 90, 30)).save(tmp_path / 'pictures' / name / f'{number}.png')
    flags = ['--preset', 'folder', '--images', tmp_path / 'pictures', '--fit', 'native']
    out = tmp_path / 'run'
    assert script('train.py', *flags, '-e', 1, '-b', 2, '-o', out).returncode == 0
    result = script('train.py', *flags, '-e', 2, '-b', 2, '--resume', out)
    assert result.returncode == 0, result.stderr
    assert_one_clear_line(script('train.py', '--preset', 'archived', '--resume', out), '--dataset mnist', 'folder')
