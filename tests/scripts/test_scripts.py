"""The three scripts, as a user runs them."""
import argparse
import dataclasses
import gzip
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from ram import checkpoint, config, safe_files, tasks
from ram.pictures import episodes
from ram.registry import make_model
from ram.training import run as description
from tests.conftest import ROOT, SMALL, assert_one_clear_line, script


def test_train_then_evaluate_then_visualize(run, tmp_path):
    assert {'model.npz', 'log', 'loss.png', 'error.png', 'run.json', 'snapshot.npz'} <= set(os.listdir(run))
    result = script('evaluate.py', run / 'model.npz', '--json', '--repeats', '2')
    found = json.loads(result.stdout)
    assert {'test_error', 'ci95', 'by_glimpse', 'n', 'seed'} <= set(found)
    assert found['n'] == 5000 and len(found['by_glimpse']) == 3
    assert found['ci95'][0] < found['test_error'] < found['ci95'][1] and found['test_error'] < 85
    assert found['by_glimpse'][-1] == found['test_error'] < found['by_glimpse'][0]
    assert f'test error {found["test_error"]:.2f}%' in script('evaluate.py', run / 'model.npz', '--repeats', 2).stdout

    result = script('visualize.py', run / 'model.npz', '--index', '3', '14', '--out', tmp_path / 'seen.gif')
    assert result.returncode == 0, result.stderr
    with Image.open(tmp_path / 'seen.gif') as gif, Image.open(tmp_path / 'seen.png') as sheet:
        assert gif.n_frames == 2 * 3 and sheet.size[0] > 100


def test_visualize_a_heatmap(run, tmp_path):
    result = script('visualize.py', run / 'model.npz', '--heatmap', '--out', tmp_path / 'map.png')
    assert result.returncode == 0, result.stderr
    with Image.open(tmp_path / 'map.png') as picture:
        assert picture.width > picture.height
    assert_one_clear_line(script('visualize.py', run / 'model.npz', '--heatmap', '--index', '3'), '--index')


def test_visualize_mistakes_and_augmented_scenes(run, tmp_path):
    result = script('visualize.py', run / 'model.npz', '--wrong', '--count', 2, '--out', tmp_path / 'wrong.gif')
    assert result.returncode == 0, result.stderr
    with Image.open(tmp_path / 'wrong.gif') as gif, Image.open(tmp_path / 'wrong.png') as sheet:
        assert gif.n_frames == 2 * 3 and sheet.size[0] > 100
    result = script('visualize.py', run / 'model.npz', '--augmented', '--out', tmp_path / 'augmented.png')
    assert result.returncode == 0, result.stderr
    with Image.open(tmp_path / 'augmented.png') as sheet:
        assert sheet.width > sheet.height
    for count in (0, 21):
        assert_one_clear_line(script('visualize.py', run / 'model.npz', '--count', count), '--count', str(count))


def test_start_from_another_model(quick, tmp_path):
    """With a tiny learning rate the weights remain those of the other model, also in a resumed run."""
    run, out = tmp_path / 'run', tmp_path / 'new'
    assert script('train.py', *quick, '-e', 1, '-o', run).returncode == 0
    flags = [*quick, '--size', 40, '--lr', 1e-12, '-e', 1, '--init', run / 'model.npz', '-o', out]
    assert script('train.py', *flags).returncode == 0
    for name in 'model.npz', 'snapshot.npz', 'log':  # as if the run had been killed before its first snapshot
        (out / name).unlink()
    dataclasses.replace(description.read(out), iteration=0, finished=False).write(out)
    assert script('train.py', '--resume', out).returncode == 0
    given, found = (safe_files.read(folder / 'model.npz') for folder in (run, out))
    assert '"size": 40' in str(found['config'])
    for name in given.keys() - {'config', 'origin'}:
        np.testing.assert_allclose(found[name], given[name], atol=1e-6)
    assert_one_clear_line(script('train.py', '--resume', out, '--init', run / 'model.npz'), '--init')
    assert_one_clear_line(script('train.py', *quick, '--init', run / 'log', '-o', tmp_path / 'other'), 'log')
    assert script('train.py', *quick, '-e', 1, '--init', run, '-o', tmp_path / 'third').returncode == 0
    assert (tmp_path / 'third' / 'init.npz').read_bytes() == (run / 'model.npz').read_bytes()


def test_the_scripts_read_models_of_half_precision(quick, tmp_path):
    run, half, flags = tmp_path / 'run', tmp_path / 'half.npz', [*quick, '--glimpse-network', 'linear']
    assert script('train.py', *flags, '-e', 3, '-o', run).returncode == 0
    model = checkpoint.load_model(run / 'model.npz')
    checkpoint.save_model(half, model, model.provenance, half=True)
    whole, found = (json.loads(script('evaluate.py', path, '--json').stdout) for path in (run / 'model.npz', half))
    assert abs(whole['test_error'] - found['test_error']) < 9  # one picture of twelve
    for picture in [], ['--page', tmp_path / 'look.html', '--weights', 'float32']:
        assert script('visualize.py', half, *picture).returncode == 0
    result = script('train.py', *flags, '--lr', 1e-12, '-e', 1, '--init', half, '-o', tmp_path / 'new')
    assert result.returncode == 0, result.stderr
    result = script('train.py', '--resume', tmp_path / 'new', '-e', 2)
    assert result.returncode == 0, result.stderr
    for one, other in zip(model.params(), checkpoint.load_model(tmp_path / 'new' / 'model.npz').params()):
        np.testing.assert_allclose(one.array, other.array, rtol=2 ** -11, atol=1e-6)


def test_a_run_that_failed_to_start_leaves_nothing_to_the_next(quick, tmp_path):
    """Its --init would else be the start of a run that has none."""
    assert script('train.py', *quick, '-e', 1, '-o', tmp_path / 'run').returncode == 0
    out = tmp_path / 'new'
    result = script('train.py', *quick, '-b', 10 ** 6, '--init', tmp_path / 'run' / 'model.npz', '-o', out)
    assert_one_clear_line(result, 'batchsize')
    for folder in out, tmp_path / 'clean':
        assert script('train.py', *quick, '-e', 1, '--seed', 1, '-o', folder).returncode == 0
    one, two = (safe_files.read(folder / 'model.npz') for folder in (out, tmp_path / 'clean'))
    for name in one.keys() - {'config', 'origin'}:
        np.testing.assert_array_equal(one[name], two[name], err_msg=name)


@pytest.mark.parametrize('policy', ['random', 'center'])
def test_evaluate_other_policies(run, policy):
    draws = ['--repeats', 1] if policy != 'center' else []
    found = json.loads(script('evaluate.py', run / 'model.npz', '--json', *draws, '--policy', policy).stdout)
    assert found['policy'] == policy and 0 < found['test_error'] < 100


def test_evaluate_with_several_passes(run):
    flags = [run / 'model.npz', '--split', 'validation']
    alone, both = (json.loads(script('evaluate.py', *flags, '--json', '--repeats', 2, *more).stdout)
                   for more in ([], ['--passes', 3]))
    assert both == {**alone, **{name: both[name] for name in ('passes', 'passes_error', 'passes_ci95')}}
    assert both['passes'] == 3 and both['passes_error'] < alone['test_error'] and 'passes' not in alone
    result = script('evaluate.py', *flags, '--repeats', 1, '--passes', 3)
    assert f'error with 3 passes {both["passes_error"]:.2f}%' in result.stdout
    assert_one_clear_line(script('evaluate.py', *flags, '--passes', 0), '--passes', 'at least 1', '0')


def test_visualize_an_own_picture(run, tmp_path):
    image = Image.new('RGB', (50, 90), 'white')
    image.paste('black', (20, 20, 30, 70))
    image.save(tmp_path / 'mine.png')
    result = script('visualize.py', run / 'model.npz', '--image', tmp_path / 'mine.png', '-o', tmp_path / 'a.gif')
    assert result.returncode == 0 and (tmp_path / 'a.gif').exists()


def test_visualize_shows_as_many_as_there_are(tmp_path, rng):
    """A test set of three colour pictures; the margin of an own picture has its mean colour, not black."""
    for name, count in (('red', 3), ('blue', 9)):
        for part in ('train', 'test'):
            (tmp_path / 'pictures' / part / name).mkdir(parents=True)
            for i in range(count if part == 'train' else 1 + (name == 'red')):
                pixels = np.zeros((28, 28, 3), np.uint8)
                pixels[..., 0 if name == 'red' else 2] = rng.integers(150, 256)
                Image.fromarray(pixels).save(tmp_path / 'pictures' / part / name / f'{i}.png')
    model = make_model(tasks.completed(config.Config(
        dataset='folder', images=str(tmp_path / 'pictures'), size=28, patch=4, scales=2, glimpses=2, unit=5, hidden=7)))
    checkpoint.save_model(tmp_path / 'model.npz', model)
    assert script('visualize.py', tmp_path / 'model.npz').returncode == 0
    street = make_model(config.Config(dataset='svhn', digits='fonts', size=32, patch=4, scales=2, glimpses=2, unit=5,
                                      hidden=7))
    Image.new('RGB', (20, 80), (200, 30, 30)).save(tmp_path / 'tall.png')
    arguments = argparse.Namespace(image=tmp_path / 'tall.png', as_is=False)
    images, truths = episodes.chosen_scenes(street, arguments)
    assert truths is None and (images[0, :, 16, 0] == (200, 30, 30)).all()


def test_a_reader_that_closes_the_pipe_ends_evaluate_quietly(run):
    """As in `python evaluate.py model.npz | head -1`."""
    read, write = os.pipe()
    os.close(read)
    result = subprocess.run([sys.executable, 'evaluate.py', run / 'model.npz', '--repeats', '1'], cwd=ROOT,
                            stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    assert result.stderr == '' and result.returncode == 141


def test_resume_with_more_epochs(run, tmp_path):
    shutil.copytree(run, tmp_path / 'run')
    result = script('train.py', '--resume', tmp_path / 'run', '-e', '2')
    assert result.returncode == 0, result.stderr
    assert [entry['epoch'] for entry in json.loads((tmp_path / 'run' / 'log').read_text())] == [1, 2]
    better = checkpoint.load_model(tmp_path / 'run' / 'model.npz')
    assert better.config.epoch == 2  # saved after the run was resumed, with the first command
    assert better.provenance['command'] == shlex.join(['train.py', *SMALL, '-e', '1', '-o', str(run)])
    assert_one_clear_line(script('train.py', '--resume', tmp_path), 'run.json')


def test_a_finished_run_that_lost_files_is_not_trained_again(run, tmp_path):
    out = tmp_path / 'run'
    shutil.copytree(run, out)
    (out / 'snapshot.npz').rename(tmp_path / 'snapshot.npz')
    before = {path: path.read_bytes() for path in out.iterdir()}
    for more in [], ['-e', 2]:
        result = script('train.py', '--resume', out, *more)
        assert_one_clear_line(result, 'snapshot.npz is missing', f'--init {out / "model.npz"} --out OTHER')
    assert {path: path.read_bytes() for path in out.iterdir()} == before
    (tmp_path / 'snapshot.npz').rename(out / 'snapshot.npz')
    (out / 'model.npz').unlink()
    result = script('train.py', '--resume', out)
    assert result.returncode == 0 and 'The best model' not in result.stdout
    assert f'{out / "model.npz"} was removed' in result.stdout and not (out / 'model.npz').exists()
    assert description.read(out).finished
    result = script('train.py', '--resume', out, '-e', 2, '--snapshot', 50)
    assert result.returncode == 0 and f'The best model on validation: {out / "model.npz"}' in result.stdout
    assert checkpoint.load_model(out / 'model.npz').config.epoch == 2
    known = description.read(out)
    assert known.finished and known.config.epoch == 2 and known.machine['snapshot'] == '50'
    assert_one_clear_line(script('train.py', '--resume', out, '-e', 1), '--epoch must be at least 2', 'not 1')
    assert description.read(out) == known
    shutil.copy(run / 'snapshot.npz', out)
    result = script('train.py', '--resume', out, '-e', 2)
    assert result.returncode == 0 and description.read(out) == known
    assert f'is of iteration {description.read(run).iteration}: the run goes on from there' in result.stdout


def test_a_run_that_dies_says_what_it_keeps(quick, tmp_path):
    """Its updates are finite, and the losses after them are not."""
    dying = [*quick, '--optimizer', 'momentum', '--lr', 1e30, '--clip', 0]
    for more, text in (['--snapshot', 1], 'in iteration 1 '), (['--average', 0.9], 'in iteration 2 the loss is nan'):
        out = tmp_path / more[0]
        result = script('train.py', *dying, *more, '-o', out)
        assert_one_clear_line(result, text, f'training stops, and {out} keeps no snapshot and no model', '--lr')
        assert {path.name for path in out.iterdir()} == {'run.json', '.lock'}
    result = script('train.py', '--resume', out)
    assert 'has no snapshot yet' in result.stdout
    assert_one_clear_line(result, 'keeps no snapshot and no model')
    good = tmp_path / 'good'
    assert script('train.py', *quick, '-e', 1, '-o', good).returncode == 0
    before = {name: (good / name).read_bytes() for name in ('snapshot.npz', 'model.npz')}
    known = description.read(good)
    arrays = safe_files.read(good / 'snapshot.npz')
    arrays['updater/model:main/model/core_network/from_state/W'][...] = 1e38  # as a hardware fault might
    safe_files.write(good / 'snapshot.npz', arrays)
    before['snapshot.npz'] = (good / 'snapshot.npz').read_bytes()
    result = script('train.py', '--resume', good, '-e', 2)
    assert_one_clear_line(result, f'{good} keeps the snapshot of iteration {known.iteration} and model.npz, the best')
    assert {name: (good / name).read_bytes() for name in before} == before


@pytest.mark.parametrize('number, code', [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=['Ctrl-C', 'SIGTERM'])
def test_a_signal_ends_a_run_that_can_be_resumed(quick, tmp_path, number, code):
    out = tmp_path / 'run'
    process = subprocess.Popen([sys.executable, 'train.py', *map(str, quick), '-e', '10000', '-o', str(out)], cwd=ROOT,
                               text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while not (out / 'model.npz').exists() and process.poll() is None:
        time.sleep(0.1)
    process.send_signal(number)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == code, errors
    assert f'python train.py --resume {out}' in output
    stopped = json.loads((out / 'log').read_text())[-1]['epoch']
    assert script('train.py', '--resume', out, '-e', stopped + 1).returncode == 0
    assert [entry['epoch'] for entry in json.loads((out / 'log').read_text())] == list(range(1, stopped + 2))


def test_a_run_is_never_overwritten(run):
    assert_one_clear_line(script('train.py', *SMALL, '-o', run), '--resume')


@pytest.mark.parametrize('flags, word', [
    (['--dataset', 'imagenet'], 'imagenet'), (['--patch', '0'], 'patch'), (['-l', '0'], 'glimpses'),
    (['--sigma', '-1'], 'sigma'), (['--scale', 'two'], 'two'), (['--size', '20'], 'size'), (['--lr', 'nan'], 'lr'),
    (['--batchsize', '100000', '--digits', 'fonts'], '22000'), (['--surprise'], 'surprise')])
def test_impossible_flags(flags, word, tmp_path):
    assert_one_clear_line(script('train.py', '-o', tmp_path / 'run', *flags), word)


def test_evaluate_needs_a_model_and_makes_no_tables():
    assert_one_clear_line(script('evaluate.py'), 'model.npz')
    for flags in (['--tables', 'models', '--passes', '10', '--check', 'README.md'], ['--tables'], ['--write', 'a.md']):
        assert_one_clear_line(script('evaluate.py', *flags), flags[0], 'models/tables.py')


def test_a_missing_gpu(run):
    assert_one_clear_line(script('train.py', '--gpu', '99'), '--gpu 99')
    for name in ('evaluate.py', 'visualize.py'):
        assert_one_clear_line(script(name, run / 'model.npz', '--gpu', '99'), '--gpu 99')


def test_missing_or_damaged_data(tmp_path):
    result = script('train.py', '--dataset', 'mnist', '-o', tmp_path / 'run', '--data', tmp_path,
                    http_proxy='127.0.0.1:9', https_proxy='127.0.0.1:9')
    assert_one_clear_line(result, 'train-images-idx3-ubyte.gz', '--digits fonts')
    (tmp_path / 'mnist').mkdir(exist_ok=True)
    header = b'\0\0\x08\x03' + np.array([60000, 28, 28], '>u4').tobytes()
    for content, word in [(gzip.compress(header + bytes(100)), 'asks for'), (b'\x1f\x8b\x08', 'damaged'),
                          (gzip.compress(header + bytes(60000 * 784)), 'SHA-256')]:
        (tmp_path / 'mnist' / 'train-images-idx3-ubyte.gz').write_bytes(content)
        result = script('train.py', '--dataset', 'mnist', '-o', tmp_path / 'run', '--data', tmp_path)
        assert_one_clear_line(result, 'train-images-idx3-ubyte.gz', word)
    assert not (tmp_path / 'run').exists()


def test_files_that_are_not_models(run, tmp_path):
    (tmp_path / 'noise.npz').write_bytes(os.urandom(3000))
    np.savez(tmp_path / 'other.npz', x=np.zeros(3))
    for name in ('evaluate.py', 'visualize.py'):
        for file in ('noise.npz', 'other.npz', 'none.npz'):
            assert_one_clear_line(script(name, tmp_path / file), file)


def test_visualize_rejects_bad_arguments(run, tmp_path):
    (tmp_path / 'no.png').write_bytes(b'no picture')
    model = run / 'model.npz'
    assert_one_clear_line(script('visualize.py', model, '--image', tmp_path / 'no.png'), 'no.png')
    assert_one_clear_line(script('visualize.py', model, '--image', tmp_path / 'none.png'), 'none.png')
    assert_one_clear_line(script('visualize.py', model, '--index', '5000'), '4999')
    assert_one_clear_line(script('visualize.py', model, '--out', '/proc/none/x.gif'), '/proc/none')


def test_folder_that_cannot_be_written():
    """It is said before the data are read."""
    flags = ['--dataset', 'folder', '--images', 'none', '-o', '/proc/none/run']
    assert_one_clear_line(script('train.py', *flags), '--out /proc/none/run: nothing can be written into /proc: ')


def test_learns_real_mnist_from_the_command_line(mnist_folder, tmp_path):
    """A short run on real data: far better than chance after one epoch."""
    result = script('train.py', '--dataset', 'mnist', '-e', 1, '-l', 3, '-o', tmp_path / 'run', '--data', mnist_folder,
                    '--lr', '0.003')
    assert result.returncode == 0, result.stderr
    found = json.loads(script('evaluate.py', tmp_path / 'run' / 'model.npz', '--json', '--repeats', 1, '--data',
                              mnist_folder).stdout)
    assert found['n'] == 10000 and found['test_error'] < 40


def test_progress_bar_on_a_terminal(quick, tmp_path):
    """There is a progress bar if stdout is a terminal."""
    if not shutil.which('script'):
        pytest.skip('no script(1)')
    command = shlex.join(map(str, [sys.executable, 'train.py', *quick, '-e', 9, '-o', tmp_path / 'run']))
    result = subprocess.run(['script', '-qec', command, '/dev/null'], cwd=ROOT, text=True, capture_output=True)
    assert result.returncode == 0 and 'this epoch [#' in result.stdout and 'iters/sec' in result.stdout
