"""Runs that are killed, or for which the disk is too small."""
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from ram import checkpoint, safe_files
from ram.training import run
from tests.conftest import ROOT, assert_one_clear_line, script


def start(*arguments, **kwargs):
    """train.py in a process of its own, on one core."""
    return subprocess.Popen([sys.executable, 'train.py', *map(str, arguments)], cwd=ROOT, text=True,
                            env={**os.environ, 'OPENBLAS_NUM_THREADS': '1'}, **kwargs)


def assert_sound(out):
    """All files of a run can be read."""
    for name in (checkpoint.MODEL, checkpoint.SNAPSHOT):
        if (out / name).exists():
            safe_files.read(out / name)
    if (out / checkpoint.MODEL).exists():
        checkpoint.load_model(out / checkpoint.MODEL)
    if (out / 'log').exists():
        json.loads((out / 'log').read_text())


def weights(out):
    return safe_files.read(out / checkpoint.SNAPSHOT)


@pytest.mark.parametrize('kills', [4, pytest.param(50, marks=pytest.mark.slow)])
def test_kill_9_at_any_moment(kills, quick, tmp_path):
    """A run that is killed many times can be resumed, and ends with the weights of an undisturbed run."""
    epochs, moments = 15 * kills, random.Random(kills)
    assert script('train.py', *quick, '-e', epochs, '-o', tmp_path / 'through').returncode == 0
    out = tmp_path / 'killed'
    for kill in range(kills):
        again = ['--resume', out] if run.held(out) else [*quick, '-e', epochs, '-o', out]
        process = start(*again, '--snapshot', 2, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        # At first at any time during the start, later mostly during training.
        if kill > kills // 3:
            process.stdout.readline()
        time.sleep(moments.uniform(0, 2.5))
        process.kill()
        _, errors = process.communicate()
        assert process.returncode in (-signal.SIGKILL, 0) and not errors, errors
        assert_sound(out)
    again = ['--resume', out] if run.held(out) else [*quick, '-e', epochs, '-o', out]
    assert script('train.py', *again).returncode == 0
    left, through = weights(out), weights(tmp_path / 'through')
    for name in through:
        if name.startswith('updater/model:main/'):
            np.testing.assert_array_equal(left[name], through[name], err_msg=name)
    assert not [name for name in os.listdir(out) if name.startswith('.') and name != '.lock']


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 600 kB."""
    disk = tmp_path / 'disk'
    disk.mkdir()
    mount = ['mount', '-t', 'tmpfs', '-o', 'size=600k', 'tmpfs', str(disk)]
    if not shutil.which('mount') or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip('mounting a tmpfs is not allowed here')
    yield disk
    subprocess.run(['umount', '-l', str(disk)], check=True)


def test_a_full_disk_stops_the_run_and_leaves_the_last_good_files(quick, small_disk):
    out = small_disk / 'run'
    assert script('train.py', *quick, '-e', 1, '-o', out).returncode == 0
    before = {name: (out / name).read_bytes() for name in (checkpoint.MODEL, checkpoint.SNAPSHOT, 'log')}
    filler = small_disk / 'filler'
    with open(filler, 'wb', buffering=0) as file, pytest.raises(OSError):
        while True:
            file.write(bytes(1000))
    result = script('train.py', '--resume', out, '-e', 3)
    assert_one_clear_line(result, 'No space left on device', str(out))
    for name, content in before.items():
        assert (out / name).read_bytes() == content
    assert_sound(out)
    filler.unlink()
    assert script('train.py', '--resume', out, '-e', 3).returncode == 0
    assert len(json.loads((out / 'log').read_text())) == 3


def test_a_file_that_may_not_grow_stops_the_run(quick, tmp_path):
    """A quota: no file may be larger than 30 kB, and the snapshot is larger."""
    # First without it, since the stores of pictures and of matplotlib's fonts, which later runs find, are larger too.
    assert start(*quick, '-e', 1, '-o', tmp_path / 'before').wait() == 0
    process = start(*quick, '-e', 3, '-o', tmp_path / 'run', stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                    preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000)))
    _, errors = process.communicate()
    assert process.returncode == 2 and errors.count('\n') == 1 and 'File too large' in errors
    assert_sound(tmp_path / 'run')
    result = script('train.py', '--resume', tmp_path / 'run')
    assert result.returncode == 0 and 'has no snapshot yet' in result.stdout


def test_two_processes_do_not_share_a_folder(quick, tmp_path):
    out = tmp_path / 'run'
    process = start(*quick, '-e', 1000, '-o', out, stdout=subprocess.PIPE)
    try:
        process.stdout.readline()
        assert_one_clear_line(script('train.py', '--resume', out), 'another process', str(out))
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()
    assert process.returncode == 143


def test_resume_into_another_folder_does_not_change_the_first(quick, tmp_path):
    first, second, through = (tmp_path / name for name in ('first', 'second', 'through'))
    flags = [*quick, '--schedule', 'constant']  # the others' rates depend on the number of epochs
    assert script('train.py', *flags, '-e', 1, '-o', first).returncode == 0
    before = {path.name: path.read_bytes() for path in first.iterdir()}
    assert script('train.py', '--resume', first, '-e', 2, '-o', second).returncode == 0
    assert {path.name: path.read_bytes() for path in first.iterdir()} == before
    assert script('train.py', *flags, '-e', 2, '-o', through).returncode == 0
    one, two = weights(second), weights(through)
    assert all((one[name] == two[name]).all() for name in two if name.startswith('updater/model:main/'))
    assert_one_clear_line(script('train.py', '--resume', first, '-o', second), str(second), 'holds a run')


# The values of the fields that older runs did not have.
OLDER = ['--glimpse-network', 'linear', '--start', 'random', '--rotate', 0]


def make_older(out):
    """Turns the files of a run into those that the version of models/ (commit 0421804) wrote for it."""
    arrays, known = safe_files.read(out / checkpoint.SNAPSHOT), json.loads((out / run.FILE).read_text())
    for key in 'extensions/snapshot/processes', 'updater/iterator:main/iteration':
        del arrays[key]
    states = [np.random.default_rng(0).bit_generator.state]
    arrays['extensions/snapshot/states'] = np.array(json.dumps(states))
    arrays['extensions/snapshot/iteration'] = arrays['updater/iteration']
    for name, picture in ('PlotReport', 'loss'), ('PlotReport_1', 'error'):
        arrays[f'extensions/{name}/_plot_{picture}.png'] = np.array('{"main/loss": [[1, 2.3]]}')
        for key in 'previous_iteration', 'previous_epoch_detail':
            arrays[f'extension_triggers/{name}/{key}'] = arrays[f'extension_triggers/curves/{key}']
    arrays['extensions/LinearShift/_t'], arrays['extensions/LinearShift/_last_value'] = map(np.array, (7, 0.0))
    for key in 'previous_iteration', 'previous_epoch_detail':
        arrays[f'extension_triggers/LinearShift/{key}'] = arrays[f'extension_triggers/curves/{key}']
        del arrays[f'extension_triggers/curves/{key}']
    for key in 'start', 'start_range', 'context', 'glimpse_network', 'filters', 'group_by', 'rotate', 'flip':
        del known['config'][key]
    safe_files.write(out / checkpoint.SNAPSHOT, arrays)
    (out / run.FILE).unlink()
    (out / 'config.json').write_text(json.dumps(known['config']) + '\n')
    (out / 'command.txt').write_text(known['command'] + '\n')


def test_a_run_of_an_older_version_can_be_resumed(quick, tmp_path):
    """Its weights, optimizer and log go on; it has the weights that it would have, if it draws today's numbers."""
    out, same = tmp_path / 'older', tmp_path / 'same'
    assert script('train.py', *quick, *OLDER, '-e', 1, '-o', out).returncode == 0
    shutil.copytree(out, same)
    make_older(out)
    for folder in out, same:
        result = script('train.py', '--resume', folder, '-e', 2)
        assert result.returncode == 0 and not result.stderr, result.stderr
    assert [entry['epoch'] for entry in json.loads((out / 'log').read_text())] == [1, 2]
    one, two = weights(out), weights(same)
    assert set(one) == set(two)
    for name in two:
        if name.startswith('updater/'):
            np.testing.assert_array_equal(one[name], two[name], err_msg=name)
    assert run.read(out) == run.read(same)


def test_an_older_run_of_several_processes_cannot_be_resumed_by_one(quick, tmp_path):
    out = tmp_path / 'older'
    assert script('train.py', *quick, *OLDER, '-e', 1, '-o', out).returncode == 0
    make_older(out)
    arrays = safe_files.read(out / checkpoint.SNAPSHOT)
    arrays['extensions/snapshot/states'] = np.array('[null, null]')
    safe_files.write(out / checkpoint.SNAPSHOT, arrays)
    assert_one_clear_line(script('train.py', '--resume', out, '-e', 2), '2 processes')


def test_the_model_file_has_its_provenance(quick, tmp_path):
    assert script('train.py', *quick, '-e', 1, '-o', tmp_path / 'run').returncode == 0
    made = checkpoint.load_model(tmp_path / 'run' / checkpoint.MODEL).provenance
    assert made['numpy'] == np.__version__ and made['chainer'] == '7.8.1' and set(made) == {
        'python', 'numpy', 'chainer', 'cupy', 'commit', 'command', 'init'}
    assert made['init'] == '' and made['command'] == f'train.py {" ".join(map(str, quick))} -e 1 -o {tmp_path / "run"}'
