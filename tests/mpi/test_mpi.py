"""Several processes, started as a user starts them."""
import json
import os
import signal
import sys
import time

import numpy as np
import pytest

from ram import checkpoint, safe_files
from tests.conftest import script
from tests.mpi.conftest import run, start

NAIVE = ['--communicator', 'naive', '--schedule', 'constant', '--average', 0.99]


def weights(out):
    arrays = safe_files.read(out / checkpoint.SNAPSHOT)
    return {name: array for name, array in arrays.items()
            if name.startswith(('updater/model:main/', 'extensions/average/model/'))}


def test_learns_real_mnist(mnist_folder, tmp_path):
    """One epoch on real data: far better than chance, with as many steps as one process needs."""
    code, output, errors = run(2, 'train.py', '--dataset', 'mnist', '--communicator', 'naive',
                               '--global-batchsize', 128, '-e', 1, '--lr', 0.002, '-o', tmp_path / 'run',
                               '--data', mnist_folder)
    assert code == 0, errors
    assert output.count('The best model on validation') == 1  # only one process prints
    entry, = json.loads((tmp_path / 'run' / 'log').read_text())
    assert entry['iteration'] == -(-55000 // 128)
    found = json.loads(script('evaluate.py', tmp_path / 'run' / 'model.npz', '--json', '--repeats', 1, '--data',
                              mnist_folder).stdout)
    assert found['n'] == 10000 and found['test_error'] < 40


@pytest.mark.parametrize('kind', ['mnist ram', 'mnist fc64', 'addition ram'])
def test_many_ranks_take_the_steps_of_one(tmp_path, kind):
    """Fixed locations, the same global batch: after 20 steps the weights agree."""
    files = {}
    for ranks, communicator in [(1, []), (1, ['naive']), (2, ['naive']), (4, ['naive'])]:
        path = tmp_path / f'{ranks}{len(communicator)}.npz'
        code, _, errors = run(ranks, 'tests/mpi/steps.py', *kind.split(), path, *communicator)
        assert code == 0, errors
        files[path.stem] = safe_files.read(path)
    alone = files.pop('10')
    for name, other in files.items():
        for key, value in alone.items():
            if value.dtype == np.float32:
                np.testing.assert_allclose(other[key], value, atol=1e-6, err_msg=f'{name} {key}')
    model = checkpoint.load_model(tmp_path / '10.npz')
    assert all(np.isfinite(parameter.array).all() for parameter in model.params())


def test_the_ranks_share_an_epoch(tmp_path, quick):
    assert run(2, 'train.py', *quick, *NAIVE, '-e', 1, '-b', 4, '-o', tmp_path / 'two')[0] == 0
    assert run(1, 'train.py', *quick, *NAIVE, '-e', 1, '-b', 4, '-o', tmp_path / 'one')[0] == 0
    one, two = (json.loads((tmp_path / name / 'log').read_text())[0] for name in ('one', 'two'))
    assert (one['iteration'], two['iteration']) == (14, 7)
    assert safe_files.read(tmp_path / 'two' / checkpoint.SNAPSHOT)['extensions/snapshot/processes'] == 2


def test_resume_is_exact_and_needs_the_same_ranks(tmp_path, quick):
    assert run(2, 'train.py', *quick, *NAIVE, '-e', 4, '-o', tmp_path / 'through')[0] == 0
    assert run(2, 'train.py', *quick, *NAIVE, '-e', 2, '-o', tmp_path / 'run')[0] == 0
    again = ['train.py', '--resume', tmp_path / 'run', '-e', 4]
    code, _, errors = run(1, *again)
    assert code == 2 and f'as it had, 2, not 1: mpiexec -n 2 python train.py --resume {tmp_path / "run"}' in errors
    assert run(2, *again)[0] == 0
    through, resumed = weights(tmp_path / 'through'), weights(tmp_path / 'run')
    assert any(name.startswith('extensions') for name in through)
    for name in through:
        np.testing.assert_array_equal(resumed[name], through[name], err_msg=name)


def running(out, quick):
    """A run of two ranks that has written a snapshot."""
    process = start(2, 'train.py', *quick, *NAIVE, '-e', 100_000, '-o', out, '--snapshot', 5)
    while not (out / checkpoint.SNAPSHOT).exists() and process.poll() is None:
        time.sleep(0.05)
    assert process.poll() is None, process.communicate()
    return process


def resumed(out):
    """What comes of resuming a run, up to the end of the epoch that has begun."""
    log = out / 'log'
    epochs = len(json.loads(log.read_text())) + 1 if log.exists() else 1
    return run(2, 'train.py', '--resume', out, '-e', epochs)


def ranks_of(process):
    """Process ids of the ranks below an mpiexec."""
    def children(pid):
        with open(f'/proc/{pid}/task/{pid}/children') as file:
            return [int(child) for child in file.read().split()]

    found, level = [], [process.pid]
    while level:
        level = [child for pid in level for child in children(pid)]
        for pid in level:
            with open(f'/proc/{pid}/cmdline') as file:
                if file.read().split('\0')[0] == sys.executable:
                    found.append(pid)
    return found


@pytest.mark.parametrize('which', [0, 1])
def test_a_rank_that_dies_ends_the_run_and_leaves_its_snapshot(tmp_path, which, quick):
    process = running(tmp_path / 'run', quick)
    ids = ranks_of(process)
    assert len(ids) == 2
    os.kill(ids[which], signal.SIGKILL)
    output, errors = process.communicate(timeout=30)  # no hang
    assert process.returncode != 0 and 'signal 9' in output + errors
    assert not any(os.path.exists(f'/proc/{pid}') for pid in ids)
    assert resumed(tmp_path / 'run')[0] == 0


def test_a_signal_stops_all_ranks_together(tmp_path, quick):
    process = running(tmp_path / 'run', quick)
    process.send_signal(signal.SIGTERM)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 143, errors
    assert f'mpiexec -n 2 python train.py --resume {tmp_path / "run"}' in output
    assert resumed(tmp_path / 'run')[0] == 0


def test_without_a_communicator_one_line_says_what_is_missing(tmp_path):
    code, _, errors = run(2, 'train.py', '--dataset', 'catch', '-o', tmp_path / 'run')
    lines = [line for line in errors.splitlines() if line.startswith('error: ')]
    assert code == 2 and len(lines) == 1 and 'add --communicator naive' in lines[0]
    assert not (tmp_path / 'run').exists()


@pytest.mark.parametrize('flags, words', [
    (['--global-batchsize', 7], 'multiple of 2'), (['--communicator', 'nonsense'], 'nonsense'),
    (['--communicator', 'pure_nccl', '--gpu'], 'pure_nccl'), (['--dataset', 'mnist', '--data', '/none'], 'ubyte')])
def test_an_error_ends_all_ranks(tmp_path, flags, words):
    code, _, errors = run(2, 'train.py', '--dataset', 'catch', *NAIVE[:2], '-o', tmp_path / 'run', *flags)
    assert code == 2 and words in errors and 'Traceback' not in errors
