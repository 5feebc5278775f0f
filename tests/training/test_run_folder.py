"""The folder of a run: what a run, or one that is refused, does to it."""
import dataclasses
import os
import pathlib
import shutil
import sys

import numpy as np
import pytest
from PIL import Image

import datasets
import train
from ram import checkpoint, config, tasks
from ram.registry import make_model
from ram.training import run as description
from ram.training import run_folder
from ram.training.run import Run
from tests.conftest import SMALL, assert_one_clear_line, script
from tests.training.conftest import few_digits_config


def test_a_run_that_is_refused_changes_no_folder(run, tmp_path):
    """Neither is a folder left behind, so that the command can be repeated, nor is a file of the user lost."""
    old, new, mine, empty = (tmp_path / name for name in ('old', 'new', 'mine', 'empty'))
    shutil.copytree(run, old)
    known = description.read(old)
    dataclasses.replace(known, config=dataclasses.replace(known.config, digits='mnist')).write(old)
    for folder in tmp_path / 'mnist', mine, empty:
        folder.mkdir()
    (tmp_path / 'mnist' / 'train-images-idx3-ubyte.gz').write_bytes(b'\x1f\x8b\x08')
    for name in 'command.txt', 'notes.txt':
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
    # A model of the name that the run gives to its copy; and names that are like those of incomplete files.
    kept = ['logs/a', 'log-of-2025/a', '.my-12345678/a', '.bashrc-20240115', '.run-original']
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


def test_a_run_of_a_folder_can_be_resumed_with_its_preset(tmp_path):
    """Its classes were found in the data, and native pictures may be of any size: both differ from the preset's."""
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


class Killed(BaseException):
    pass


class Kill:
    """Ends a process at one of its steps, as SIGKILL would: nothing below ``folder`` changes any more."""
    armed = None

    def __init__(self, folder, step):
        self.folder, self.left = str(folder), step

    @classmethod
    def hook(cls, event, arguments):
        """An audit hook; it stays for the rest of the tests."""
        if cls.armed and (event in ('os.rename', 'os.remove', 'os.mkdir', 'os.rmdir') or (
                event == 'open' and arguments[2] & (os.O_WRONLY | os.O_RDWR))):
            if str(arguments[0]).startswith(cls.armed.folder):
                cls.armed.left -= 1
                if cls.armed.left < 0:
                    raise Killed

    def __enter__(self):
        Kill.armed = self

    def __exit__(self, kind, *rest):
        Kill.armed = None
        return kind is Killed


sys.addaudithook(Kill.hook)


@pytest.mark.usefixtures('few_digits')
def test_a_command_that_was_killed_before_its_run_began_works_again(tmp_path):
    """Killed at each of its steps in the new folder, and once more at each when it is repeated."""
    old, model = tmp_path / 'old', tmp_path / 'model.npz'
    old.mkdir()
    checkpoint.save_model(model, make_model(few_digits_config()))
    for name in 'snapshot.npz', 'model.npz', 'init.npz', 'log':
        (old / name).write_text(name)
    Run(few_digits_config(), 'train.py', iteration=3).write(old)
    new = ['--dataset', 'mnist', '--init', model]

    def begin(first, out):
        """What train.py does before it trains."""
        arguments = train.parse([*map(str, first), '--out', str(out)])
        run, found = run_folder.old_run(description.read(old), arguments, 1) if arguments.resume else (
            run_folder.new_run(arguments, 'train.py', 1))
        with run_folder.making(found), run_folder.entered(found, arguments):
            run.write(found)

    for first, expected in ((['--resume', old], {'snapshot.npz', 'model.npz', 'init.npz', 'log'}), (new, {'init.npz'})):
        steps = 0
        while True:
            out = tmp_path / f'{len(expected)} {steps}'
            with Kill(out, steps):
                begin(first, out)
                break
            with Kill(out, steps // 2):
                begin(first, out)
            if not description.held(out):
                begin(first, out)
            assert {path.name for path in out.iterdir()} - {'.lock'} == {*expected, description.FILE}
            steps += 1
        assert steps >= 2 * len(expected) + 2
        assert_refused(lambda: begin(first, out), 'holds a run already')  # noqa: B023
        (out / description.FILE).unlink()
        (out / 'init.npz').write_text('of another run')
        assert_refused(lambda: begin(first, out), 'init.npz would be overwritten')  # noqa: B023


def assert_refused(function, text):
    with pytest.raises(ValueError, match=text):
        function()


def test_the_folder_of_a_run_is_not_among_its_pictures(trained, tmp_path, monkeypatch):
    """It would be a class, which the model does not know."""
    pictures, text = tmp_path / 'pictures', 'is in the folder of the pictures, --images .*pictures, .*another --out'
    flags = ['--dataset', 'folder', '--images', str(pictures)]
    for out in pictures / 'run', pictures / 'runs' / '1', pictures / 'a' / 'x':
        new = train.parse([*flags, '--out', str(out)])
        assert_refused(lambda: run_folder.new_run(new, 'train.py', 1), text)  # noqa: B023
        assert_refused(lambda: resumed(trained, '--out', out), text)  # noqa: B023
    for out in pictures / '.runs' / '1', tmp_path / 'pictures 2':
        run_folder.new_run(train.parse([*flags, '--out', str(out)]), 'train.py', 1)
    monkeypatch.chdir(pictures)
    assert_refused(lambda: run_folder.new_run(train.parse(flags), 'train.py', 1), text)  # result/folder


@pytest.mark.parametrize('name', ['log', 'loss.png', 'error.png', 'model.npz', 'snapshot.npz', 'init.npz'])
def test_no_file_of_the_users_is_replaced(trained, tmp_path, name):
    """Neither by a new run, nor by one that is continued in another folder."""
    mine, pictures = tmp_path / 'mine', tmp_path / 'pictures'
    mine.mkdir()
    (mine / name).write_text('mine')
    new = train.parse(['--dataset', 'folder', '--images', str(pictures), '--out', str(mine)])
    assert_refused(lambda: run_folder.new_run(new, 'train.py', 1), f'{name} would be overwritten: choose another')
    assert_refused(lambda: resumed(trained, '--out', mine), f'{name} would be overwritten: choose another')
    (mine / name).unlink()
    (mine / name).mkdir()
    assert_refused(lambda: run_folder.new_run(new, 'train.py', 1), f'{name} would be overwritten')


def test_a_file_that_is_as_old_and_as_long_as_that_of_the_run_may_be_another(tmp_path):
    (tmp_path / 'run').mkdir()
    for path, content in (tmp_path / 'run' / 'init.npz', 'mine'), (tmp_path / 'model.npz', 'that'):
        path.write_text(content)
        os.utime(path, (10 ** 9, 10 ** 9))
    assert_refused(lambda: run_folder._check_unused(tmp_path / 'run', {'init.npz': tmp_path / 'model.npz'}),
                   'init.npz would be overwritten')


@pytest.fixture
def trained(tmp_path):
    """A run of three classes of 20 pictures, described as train.py does; nothing is trained."""
    rng = np.random.default_rng(0)
    for name in 'abc':
        (tmp_path / 'pictures' / name).mkdir(parents=True)
        for number in range(20):
            picture(tmp_path / 'pictures' / name / f'{number}.png', rng)
    flags = ['--dataset', 'folder', '--images', tmp_path / 'pictures', '--out', tmp_path / 'run']
    run, out = run_folder.new_run(train.parse(list(map(str, flags))), 'train.py', 1)
    out.mkdir()
    (out / 'snapshot.npz').write_bytes(b'')
    dataclasses.replace(run, iteration=3).write(out)
    return out


def picture(path, rng):
    Image.fromarray(rng.integers(0, 256, (9, 9)).astype(np.uint8)).save(path)


def resumed(out, *flags):
    return run_folder.old_run(description.read(out), train.parse(['--resume', str(out), *map(str, flags)]), 1)[0]


def test_a_run_says_what_has_changed_in_its_pictures(trained, tmp_path, capsys, rng):
    pictures = tmp_path / 'pictures'
    assert resumed(trained) == description.read(trained) and capsys.readouterr().err == ''
    shutil.copytree(pictures, tmp_path / 'copy')
    moved = resumed(trained, '--images', tmp_path / 'copy')
    assert capsys.readouterr().err == (
        f'the pictures of {trained} have changed: they are in {tmp_path / "copy"}, not in {pictures}\n')
    assert moved.config.images == str(tmp_path / 'copy') and moved.data == description.read(trained).data
    resumed(trained, '--images', f'{pictures}/../pictures')
    assert capsys.readouterr().err == ''
    for number in range(20, 24):
        picture(pictures / 'a' / f'{number}.png', rng)
    resumed(trained).write(trained)
    error = capsys.readouterr().err
    assert error.count('\n') == 1 and 'have changed: train: 2 more' in error and 'validation: 1 more' in error
    resumed(trained)
    assert capsys.readouterr().err == ''  # it was said once
    for file in sorted((pictures / 'b').iterdir())[::2]:
        file.unlink()
    resumed(trained)
    error = capsys.readouterr().err
    assert error.count('\n') == 1 and 'train: 8 fewer' in error and 'validation: 1 fewer' in error


def test_a_run_keeps_its_classes(trained, tmp_path, rng):
    """With one class less, a run would go on and replace its model by one for which that class does not exist."""
    pictures = tmp_path / 'pictures'
    (pictures / 'b').rename(tmp_path / 'b')
    assert_refused(lambda: resumed(trained), f"no longer has the class 'b', and the run in {trained} keeps its classes")
    (tmp_path / 'b').rename(pictures / 'b')
    (pictures / 'd').mkdir()
    for number in range(9):
        picture(pictures / 'd' / f'{number}.png', rng)
    assert_refused(lambda: resumed(trained), "the new class 'd'")
    (trained / 'model.npz').write_bytes(b'')
    assert_refused(lambda: resumed(trained), f'start a new run with --init {trained / "model.npz"} --out OTHER')


def test_a_run_whose_snapshot_is_missing_does_not_begin_again(trained):
    (trained / 'snapshot.npz').unlink()
    for finished in True, False:
        dataclasses.replace(description.read(trained), finished=finished).write(trained)
        with pytest.raises(FileNotFoundError, match='snapshot.npz is missing.* put it back, or start') as raised:
            resumed(trained, '--epoch', 500)
        assert '--init' not in str(raised.value)  # there is no model
    dataclasses.replace(description.read(trained), iteration=0, finished=False).write(trained)
    assert resumed(trained).iteration == 0  # it was killed before its first snapshot


@pytest.mark.usefixtures('few_digits')
def test_a_run_without_out_gets_the_first_folder_that_is_free(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in 'mnist', 'mnist-2', 'mnist-3':
        _, out = run_folder.new_run(train.parse(['--dataset', 'mnist']), 'train.py', 1)
        assert out == pathlib.Path('result', name)
        out.mkdir(parents=True)


def test_a_folder_that_cannot_be_written_is_named_as_its_user_named_it(trained, tmp_path, monkeypatch):
    def refuse(dir):
        raise PermissionError(13, 'Permission denied')

    flags, out = ['--dataset', 'folder', '--images', str(tmp_path / 'pictures')], tmp_path / 'other'
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr('tempfile.TemporaryFile', refuse)
    for begin, named in (
            (lambda: resumed(trained), f'--resume {trained}'), (lambda: resumed(trained, '--out', out), f'--out {out}'),
            (lambda: run_folder.new_run(train.parse([*flags, '--out', str(out)]), 'train.py', 1), f'--out {out}'),
            (lambda: run_folder.new_run(train.parse(flags), 'train.py', 1), 'result')):
        with pytest.raises(OSError, match=f'^{named}: nothing can be written into .*: Permission denied'):
            begin()


def test_what_may_change_when_a_run_is_resumed(tmp_path):
    def changed(*flags):
        return run_folder._changed(config.PRESETS['mnist'], train.parse(['--resume', 'r', *flags]), tmp_path)

    assert changed() == changed('--lr', str(config.PRESETS['mnist'].lr)) == config.PRESETS['mnist']
    assert changed('--epoch', '7') == dataclasses.replace(config.PRESETS['mnist'], epoch=7)
    for flags, text in ((['--lr', '0.5'], '--lr 0.5'), (['--seed', '9'], '--seed 9'),
                        (['--preset', 'archived'], '--model archived'), (['--preset', 'svhn'], '--dataset svhn')):
        assert_refused(lambda: changed(*flags), f'^{text}: the run in .* has .*, and only --epoch')  # noqa: B023


def test_a_model_to_start_from_is_needed_until_there_is_a_snapshot(tmp_path):
    begun, resumed = train.parse(['--init', 'a.npz']), train.parse(['--resume', str(tmp_path)])
    assert run_folder.model_to_start_from(begun) == 'a.npz'
    assert run_folder.model_to_start_from(resumed) is None
    (tmp_path / 'init.npz').touch()
    assert run_folder.model_to_start_from(resumed) == tmp_path / 'init.npz'
    (tmp_path / 'snapshot.npz').touch()
    assert run_folder.model_to_start_from(resumed) is None


def test_a_run_finds_its_data_from_another_place(mnist_folder, tmp_path, monkeypatch, capsys):
    data, out = mnist_folder.resolve(), tmp_path / 'run'
    monkeypatch.setenv('RAM_DATA', str(data))
    run, _ = run_folder.new_run(train.parse(['--dataset', 'mnist', '--out', str(out)]), 'train.py', 1)
    out.mkdir()
    run.write(out)
    monkeypatch.delenv('RAM_DATA')
    monkeypatch.chdir(tmp_path)
    old = description.read(out)
    again, _ = run_folder.old_run(old, train.parse(['--resume', str(out)], old.flags), 1)
    assert again == run and capsys.readouterr().err == ''
    flags = ['--dataset', 'mnist', '--data', str(data), '--out', 'other']
    assert run_folder.new_run(train.parse(flags), 'train.py', 1)[0].data == run.data


def test_a_run_of_several_processes_is_not_resumed_by_one(trained):
    dataclasses.replace(description.read(trained), processes=4, machine={'communicator': 'naive'}).write(trained)
    assert_refused(lambda: resumed(trained), f'4, not 1: mpiexec -n 4 python train.py --resume {trained}')


@pytest.mark.parametrize('dataset', ['mnist', 'pairs', 'addition'])
def test_the_classes_of_a_task_do_not_depend_on_its_digits(dataset, tmp_path, monkeypatch):
    """Its fingerprint tells the digits apart, and a run of it can be resumed."""
    digits = np.zeros((20, 28, 28), np.uint8), np.arange(20, dtype=np.int32) % 10
    monkeypatch.setattr(datasets, 'load_digits', lambda *arguments: digits)
    chosen = config.PRESETS[dataset]
    old = Run(chosen, 'train.py', data=tasks.fingerprint(chosen))
    assert set(old.data['train']) == set(map(str, range(10)))
    arguments = train.parse(['--dataset', dataset])
    assert run_folder._compared(old, chosen, arguments, tmp_path) == old.data
