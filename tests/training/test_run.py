"""The description of a run."""
import dataclasses
import hashlib
import json
import os

import pytest

import train
from ram.training import run
from ram.training.run import Run


@pytest.fixture
def described(tiny):
    return Run(tiny, "train.py --dataset mnist -o 'my run'", 'mnist-T6', 'ab12', {'train': {'a\udce9': [3, 'cd']}},
               {'gpu': None, 'data': '/d', 'cache': None, 'snapshot': '5m', 'communicator': 'naive'}, 2, 7, True)


def test_it_is_read_as_it_was_written_and_has_a_line_for_each_field(described, tmp_path):
    described.write(tmp_path)
    assert run.read(tmp_path) == described and os.listdir(tmp_path) == [run.FILE]
    text = (tmp_path / run.FILE).read_text()
    assert json.loads(text)['iteration'] == 7
    assert len(text.splitlines()) == len(dataclasses.fields(Run))


@pytest.mark.parametrize('encoding', ['utf-8-sig', 'utf-16'])
def test_an_editor_may_save_it_with_a_byte_order_mark(described, tmp_path, encoding):
    described.write(tmp_path)
    (tmp_path / run.FILE).write_text((tmp_path / run.FILE).read_text(), encoding=encoding)
    assert run.read(tmp_path) == described
    (tmp_path / run.FILE).unlink()
    (tmp_path / 'config.json').write_text(described.config.to_json(), encoding=encoding)
    assert run.read(tmp_path).config == described.config


@pytest.mark.parametrize('change', [
    {'iteration': '7'}, {'processes': None}, {'machine': []}, {'machine': {'gpu': '0'}}, {'machine': {'data': 1}},
    {'machine': {'out': 'x'}}, {'data': 3}, {'data': {'train': 3}}, {'data': {'train': {'a': 3}}},
    {'data': {'train': {'a': ['3', 'cd']}}}, {'data': {'train': {'a': [3, 'cd', 1]}}}, {'surprise': 1},
    {'config': {'dataset': 'mnist', 'patch': '4'}}, {'config': 3}, {'init': None}], ids=str)
def test_a_damaged_description_is_refused(described, tmp_path, change):
    described.write(tmp_path)
    values = json.loads((tmp_path / run.FILE).read_text())
    (tmp_path / run.FILE).write_text(json.dumps({**values, **change}))
    with pytest.raises(ValueError, match='run.json does not describe a run: .') as raised:
        run.read(tmp_path)
    assert '\n' not in str(raised.value)


@pytest.mark.parametrize('text', ['', '[]', '3', '{}', '[' * 100_000, '{"config": {}}', 'null', '\0'])
def test_a_file_that_is_something_else_is_refused(tmp_path, text):
    (tmp_path / run.FILE).write_text(text)
    with pytest.raises(ValueError, match='run.json does not describe a run'):
        run.read(tmp_path)


def test_a_folder_without_a_run(tmp_path):
    (tmp_path / 'command.txt').write_text('train.py')
    assert not run.held(tmp_path)
    with pytest.raises(FileNotFoundError, match='holds no run: it has no run.json'):
        run.read(tmp_path)


def test_a_folder_of_an_older_version(tiny, tmp_path):
    """It has two files; its command says on which machine the run began, and what it started from."""
    (tmp_path / 'config.json').write_text(tiny.to_json())
    found = run.read(tmp_path)
    assert run.held(tmp_path) and found == Run(tiny, '') and (found.processes, found.finished) == (0, False)
    command = "train.py --dataset mnist --init 'my models/a.npz' --gpu 1 --snapshot 5m --epoch 3"
    (tmp_path / 'command.txt').write_text(f'{command}\n')
    (tmp_path / 'init.npz').write_bytes(b'weights')
    expected = Run(tiny, command, 'a', hashlib.sha256(b'weights').hexdigest(), machine={'gpu': 1, 'snapshot': '5m'})
    assert run.read(tmp_path) == expected
    (tmp_path / 'command.txt').write_bytes(b'train.py --images caf\xe9')  # names need not be text
    assert run.read(tmp_path).command == 'train.py --images caf\udce9'
    (tmp_path / 'log').write_text('[]')
    assert run.read(tmp_path).iteration > 0  # it had come so far that a snapshot must be there
    expected.write(tmp_path)
    (tmp_path / 'config.json').write_text('damaged')
    assert run.read(tmp_path) == expected


def test_a_resumed_run_has_the_machine_of_its_description_unless_flags_say_otherwise(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('RAM_CACHE', '')
    known = run.machine(train.parse(['--gpu', '--graph', '--data', 'my data', '--cache', 'c', '--snapshot', '5m']))
    assert known == {'gpu': None, 'graph': True, 'data': str(tmp_path / 'my data'), 'cache': str(tmp_path / 'c'),
                     'snapshot': '5m', 'communicator': None}
    again = train.parse(['--resume', 'r'], known)
    assert run.machine(again) == known and os.environ['RAM_CACHE'] == str(tmp_path / 'c')
    other = run.machine(train.parse(['--resume', 'r', '--gpu', '-1', '--data', '/d'], known))
    assert other == {**known, 'gpu': -1, 'data': '/d'}


def test_the_folder_of_the_data_is_known_however_it_was_found(tmp_path, monkeypatch, described):
    """So a run can be resumed from another folder, or where $RAM_DATA is not set."""
    for name in 'mine', 'here', 'here/data':
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / 'here')
    monkeypatch.setenv('RAM_DATA', '../mine')
    assert run.machine(train.parse([]))['data'] == str(tmp_path / 'mine')
    monkeypatch.delenv('RAM_DATA')
    known = run.machine(train.parse([]))
    assert known['data'] == str(tmp_path / 'here' / 'data')
    monkeypatch.chdir(tmp_path)
    moved = dataclasses.replace(described, machine=known)
    assert train.parse(['--resume', 'r'], moved.flags).data == known['data']
    assert train.parse(['--resume', 'r', '--data', 'x'], moved.flags).data == 'x'
    (tmp_path / 'here' / 'data').rmdir()  # or the run is on another machine, where that folder never was
    assert train.parse(['--resume', 'r'], moved.flags).data is None
    monkeypatch.chdir(tmp_path / 'here')
    assert run.machine(train.parse([]))['data'] is None  # of a task without data


def test_the_model_that_a_run_starts_from(tmp_path):
    """A run's model has the name of its folder: all of them are called model.npz."""
    assert run.origin(None) == {'init': '', 'init_sha256': ''}
    for path, name in (tmp_path / 'mnist-T6.npz', 'mnist-T6'), (tmp_path / 'my run' / 'model.npz', 'my run'):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b'weights')
        assert run.origin(path) == {'init': name, 'init_sha256': hashlib.sha256(b'weights').hexdigest()}
    assert run.origin(tmp_path / 'my run') == run.origin(path)


@pytest.mark.parametrize('communicator, command', [
    (None, "python train.py --resume 'my run'"), ('naive', "mpiexec -n 2 python train.py --resume 'my run'")])
def test_the_command_that_resumes(described, communicator, command):
    assert dataclasses.replace(described, machine={'communicator': communicator}).resume('my run') == command


@pytest.mark.parametrize('before, now, texts', [
    ({'a': [3, 'x'], 'b': [4, 'y']}, {'a': [3, 'x'], 'b': [4, 'y']}, []),
    ({'a': [3, 'x'], 'b': [4, 'y']}, {'a': [5, 'z'], 'b': [4, 'y']}, ['train: 2 more']),
    ({'a': [3, 'x'], 'b': [4, 'y']}, {'a': [5, 'z'], 'b': [1, 'w']}, ['train: 2 more, 3 fewer']),
    ({'a': [3, 'x'], 'b': [4, 'y']}, {'a': [4, 'z'], 'b': [3, 'w']}, ['train: 1 more, 1 fewer']),
    ({'a': [3, 'x'], 'b': [4, 'y']}, {'a': [3, 'z'], 'b': [4, 'y']}, ['train: others in 1 of 2 classes']),
    ({'a': [3, 'x'], 'b': [4, 'y']}, {'a': [3, 'z'], 'b': [4, 'z']}, ['train: others in 2 of 2 classes']),
    ({'a': [3, 'x'], 'b': [4, 'y']}, {'a': [3, 'x'], 'c': [6, 'y']}, ['train: 6 more, 4 fewer'])])
def test_what_is_different_in_the_data(before, now, texts):
    assert run.changes({'train': before, 'validation': {}}, {'train': now, 'validation': {}}) == texts
    assert run.changes({'validation': before, 'train': now}, {'validation': now, 'train': now}) == [
        text.replace('train', 'validation') for text in texts]
    assert run.changes({}, {'train': now}) == []  # it was unknown before
