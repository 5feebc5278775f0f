"""The folder of a run: what a run, or one that is refused, does to it."""
import json
import shutil

from ram import checkpoint
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
    # A model of the name that the run gives to its copy; and folders whose names are like those of incomplete files.
    kept = ['logs/a', 'log-of-2025/a', '.my-12345678/a']
    for name in kept:
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(name)
    file = shutil.copy(run / 'model.npz', tmp_path / 'init.npz')
    before = (tmp_path / 'init.npz').read_bytes()
    result = script('train.py', *SMALL, '-e', 1, '--init', file, '-o', tmp_path)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / 'init.npz').read_bytes() == before
    assert all((tmp_path / name).read_text() == name for name in kept)
