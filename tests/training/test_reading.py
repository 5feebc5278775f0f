"""A reader from the command line: it learns, resumes, is measured, read from and drawn."""
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from ram import checkpoint
from tests import rows as task
from tests.conftest import assert_one_clear_line, script

rows = task.rows


@pytest.fixture(scope='module')
def run(rows, tmp_path_factory):
    """Ten epochs of a small reader."""
    out = tmp_path_factory.mktemp('runs') / 'run'
    result = script('train.py', '--dataset', 'rows', '-e', 10, '-o', out)
    assert result.returncode == 0, result.stderr
    return out


@pytest.fixture(scope='module')
def control(rows, tmp_path_factory):
    out = tmp_path_factory.mktemp('runs') / 'control'
    result = script('train.py', '--dataset', 'rows', '--model', 'places', '--lr', 0.001, '-e', 2, '-o', out)
    assert result.returncode == 0, result.stderr
    return out


def measured(model, *flags):
    result = script('evaluate.py', model, '--json', *flags)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_a_small_reader_learns(run):
    """Of texts that are right by chance once in 50."""
    log = json.loads((run / 'log').read_text())
    assert log[0]['validation/error'] > 0.5 and log[-1]['validation/error'] < 0.25
    assert 0 < log[-1]['main/answer_error'] < log[-1]['main/error'] < 0.35


def test_a_resumed_run_is_the_same_bit_for_bit(rows, tmp_path):
    for name, epochs in ('once', 2), ('twice', 1):
        assert script('train.py', '--dataset', 'rows', '--schedule', 'constant', '-e', epochs,
                      '-o', tmp_path / name).returncode == 0
    result = script('train.py', '--resume', tmp_path / 'twice', '-e', 2)
    assert result.returncode == 0, result.stderr
    once, twice = (checkpoint.load_model(tmp_path / name) for name in ('once', 'twice'))
    for one, other in zip(once.params(), twice.params()):
        np.testing.assert_array_equal(one.array, other.array)


def test_evaluate(run):
    """Against a count by hand of what the model predicts."""
    found, model = measured(run), checkpoint.load_model(run)
    images, labels = task.ROWS.sources(model.config, 'test', None)
    truths = [''.join('abc'[label] for label in row if 0 <= label < 3) for row in labels]
    said = model.predict(images)
    wrong = [text != truth for text, truth in zip(said, truths)]
    assert found['test_error'] == pytest.approx(100 * np.mean(wrong)) and found['n'] == 400
    assert found['ci95'][0] < found['test_error'] < found['ci95'][1]
    assert found['glimpses'] == pytest.approx(2 * np.mean([len(text) + 1 for text in said]))
    for length, error, count in found['by_length']:
        these = [bad for bad, truth in zip(wrong, truths) if len(truth) == length]
        assert (count, error) == (len(these), pytest.approx(100 * np.mean(these)))
    assert 0 < found['digit_error'] < found['test_error']
    text = script('evaluate.py', run).stdout
    assert f'test error {found["test_error"]:.2f}%' in text and 'wrong characters' in text
    assert 'glimpses used' in text


def test_other_policies_are_measured(run):
    learned, center, random = (measured(run, *flags) for flags in (
        [], ['--policy', 'center'], ['--policy', 'random', '--repeats', 2]))
    assert (center['policy'], center['repeats'], random['repeats']) == ('center', 1, 2)
    assert min(center['test_error'], random['test_error']) > 2 * learned['test_error']


def test_the_control(control):
    found = measured(control)
    assert found['glimpses'] is None and found['test_error'] < 80
    text = script('evaluate.py', control).stdout
    assert 'the control places' in text and 'glimpse' not in text
    assert_one_clear_line(script('visualize.py', control / 'model.npz'), 'places', 'no gaze')


def test_predict(run, tmp_path):
    model, labels = checkpoint.load_model(run), np.int32([[0, 1, 2, 3], [1, 3, -1, -1]])
    for name, image in zip('ab', task.pictures_of(labels)):
        Image.fromarray(image[0]).save(tmp_path / f'{name}.png')
    files = [tmp_path / 'a.png', tmp_path / 'b.png']
    rows = json.loads(script('evaluate.py', run, '--json', '--predict', *files).stdout)
    images = task.pictures_of(labels)
    logits = model(images).array.astype(float)
    chances = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
    for i, (row, text) in enumerate(zip(rows, model.predict(images))):
        answers = [*('abc'.index(c) for c in text), 3]
        whole = np.prod([chances[s, i, answer] for s, answer in enumerate(answers)])
        assert row == {'file': str(files[i]), 'text': text, 'probability': pytest.approx(whole, rel=1e-4)}
    lines = script('evaluate.py', run, '--predict', *files).stdout.splitlines()
    assert lines == ['\t'.join([row['file'], row['text'], f'{row["probability"]:.4f}']) for row in rows]


def test_visualize(run, tmp_path):
    shutil.copy(run / 'model.npz', tmp_path)
    model = checkpoint.load_model(run)
    images, _ = task.ROWS.sources(model.config, 'test', None)
    result = script('visualize.py', tmp_path / 'model.npz', '--index', 3, 5)
    assert result.returncode == 0, result.stderr
    with Image.open(tmp_path / 'model.gif') as gif:
        assert gif.n_frames == sum(2 * (len(text) + 1) for text in model.predict(images[[3, 5]]))


def test_maps_and_mistakes(run, tmp_path):
    shutil.copy(run / 'model.npz', tmp_path)
    for kind, files in ('heatmap', ['model-heatmap.png']), ('wrong', ['model-wrong.gif', 'model-wrong.png']):
        result = script('visualize.py', tmp_path / 'model.npz', f'--{kind}')
        assert result.returncode == 0, result.stderr
        assert result.stdout.splitlines() == [str(tmp_path / name) for name in files]


def test_a_page(run, tmp_path):
    result = script('visualize.py', run / 'model.npz', '--page', tmp_path / 'look.html', '--scenes', 3)
    assert result.returncode == 0 and str(tmp_path / 'look.html') in result.stdout
    assert '"name": "rows of signs, 2 glimpses a character"' in (tmp_path / 'look.html').read_text()


@pytest.mark.parametrize('command, words', [
    ('evaluate.py --passes 2', ['--passes 2 has no effect', 'a reader of rows']),
    ('evaluate.py --until 0.9', ['--until 0.9 has no effect', 'a reader of rows']),
    ('evaluate.py --repeats 2', ['--repeats 2 has no effect', 'draws no location']),
    ('visualize.py --heatmap --count 2', ['--count 2 has no effect', '--heatmap'])])
def test_what_does_not_apply_is_refused(run, command, words):
    name, *flags = command.split()
    assert_one_clear_line(script(name, run / 'model.npz', *flags), *words)


@pytest.mark.parametrize('flags, words', [
    ('--dataset mnist --longest 3', ['--longest 3 has no effect with --dataset mnist']),
    ('--dataset rows --model places --sigma 1', ['--sigma 1.0 has no effect with --model places']),
    ('--dataset rows --model conv3', ['the model for rows must be one of reader, places', 'conv3']),
    ('--dataset mnist --model reader', ['the model for mnist must be one of ram', 'reader']),
    ('--dataset rows --longest 33', ['longest must be', 'at most 32', '33'])])
def test_training_refuses_what_does_not_fit(rows, tmp_path, flags, words):
    assert_one_clear_line(script('train.py', *flags.split(), '-o', tmp_path / 'run'), *words)
