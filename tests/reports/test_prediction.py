import dataclasses
import json

import numpy as np
import pytest
from PIL import Image

from ram import checkpoint
from ram.agents.recurrent_attention import RecurrentAttentionModel
from ram.config import PRESETS
from ram.reports import prediction
from tests.conftest import assert_one_clear_line, script


@pytest.fixture
def files(tmp_path, rng):
    """Two digits in files and one in a folder; what cannot be read; and what is not there."""
    (tmp_path / 'more' / 'deep').mkdir(parents=True)
    for path in (tmp_path / 'a b.png', tmp_path / 'c.jpg', tmp_path / 'more' / 'deep' / 'd.png'):
        Image.fromarray(rng.integers(0, 256, (28, 28)).astype(np.uint8)).save(path)
    (tmp_path / 'more' / 'notes.txt').write_text('no picture')
    (tmp_path / 'more' / '.hidden.png').write_text('')
    return [tmp_path / 'a b.png', tmp_path / 'c.jpg', tmp_path / 'more' / 'deep' / 'd.png']


@pytest.fixture
def model(tiny):
    return RecurrentAttentionModel(tiny)


def test_probabilities_are_means_over_first_locations(model, files, monkeypatch):
    monkeypatch.setattr(prediction, 'BATCH', 2)  # two batches
    rows = list(prediction.predictions(model, files, np.random.default_rng, seed=5, repeats=2, as_is=True))
    rng = np.random.default_rng(5)
    for some in (files[:2], files[2:]):
        images = np.stack([np.asarray(Image.open(file), np.float32)[None] / 255 for file in some])
        logits = [model.rollout(images, rng, 'learned').logits.array for _ in range(2)]
        chances = sum(np.exp(each) / np.exp(each).sum(axis=1, keepdims=True) for each in logits) / 2
        for file, chance in zip(some, chances):
            row = rows.pop(0)
            assert row['file'] == str(file) and row['class'] == str(chance.argmax())
            assert row['probability'] == pytest.approx(chance.max(), rel=1e-5)
    assert not rows


@pytest.mark.parametrize('until', [0.05, 0.11, 1.0])
def test_looks_at_a_picture_stop_when_their_mean_is_sure(model, files, until):
    model.action_network.logits.W.array *= 3
    rows = list(prediction.predictions(model, files, np.random.default_rng, seed=5, repeats=2, as_is=True, until=until))
    rng, images = np.random.default_rng(5), np.stack([np.asarray(Image.open(file))[None] for file in files])
    logits = [model.classify(model.rollout(images, rng, 'learned').states).array for _ in range(2)]
    chances = sum(np.exp(each) / np.exp(each).sum(axis=2, keepdims=True) for each in logits) / 2
    for i, row in enumerate(rows):
        t = next((t for t in range(3) if chances[t, i].max() >= until), 2)
        assert (row['glimpses'], row['class']) == (t + 1, str(chances[t, i].argmax()))
        assert row['probability'] == pytest.approx(chances[t, i].max(), rel=1e-5)


def test_what_cannot_be_read_is_named(model, files):
    texts, folder = [], files[0].parent
    paths = prediction.files_of([str(folder / 'more'), str(files[0]), str(folder / 'none.png')])
    assert [path.name for path in paths] == ['d.png', 'notes.txt', 'a b.png', 'none.png']
    rows = list(prediction.predictions(model, paths, np.random.default_rng, unreadable=texts.append))
    assert [row['file'] for row in rows] == [str(files[2]), str(files[0])]
    assert len(texts) == 2 and 'notes.txt' in texts[0] and texts[1].endswith('none.png: No such file or directory')


def test_a_colour_model_and_a_control(tiny, files):
    for changes in (dict(dataset='svhn', size=32), dict(model='fc64')):
        model = checkpoint.make_model(dataclasses.replace(tiny, **changes))
        assert len(list(prediction.predictions(model, files, np.random.default_rng, repeats=1))) == 3


def test_from_the_command_line(model, files, tmp_path):
    checkpoint.save_model(tmp_path / 'model.npz', model)
    result = script('evaluate.py', tmp_path / 'model.npz', '--predict', *files, tmp_path / 'more')
    assert result.returncode == 0 and 'notes.txt' in result.stderr
    lines = [line.split('\t') for line in result.stdout.splitlines()]
    assert [line[0] for line in lines] == [str(file) for file in files + files[2:]]
    result = script('evaluate.py', tmp_path / 'model.npz', '--json', '--predict', *files, tmp_path / 'more')
    rows = json.loads(result.stdout)
    assert [row['class'] for row in rows] == [line[1] for line in lines]
    np.testing.assert_allclose([row['probability'] for row in rows], [float(line[2]) for line in lines], atol=1e-4)
    def probabilities(*flags):
        told = json.loads(script('evaluate.py', tmp_path / 'model.npz', '--json', '--predict', *files, *flags).stdout)
        return [row['probability'] for row in told]

    sure = script('evaluate.py', tmp_path / 'model.npz', '--predict', *files, '--until', 0.01).stdout.splitlines()
    assert [line.split('\t')[3:] for line in sure] == [['1']] * 3
    assert probabilities() == probabilities('--policy', 'learned') != probabilities('--repeats', 1)
    nothing = script('evaluate.py', tmp_path / 'model.npz', '--predict', tmp_path / 'more' / 'notes.txt')
    assert nothing.returncode == 2 and 'none of 1 files' in nothing.stderr.splitlines()[-1] and not nothing.stdout
    (tmp_path / 'empty').mkdir()
    assert_one_clear_line(script('evaluate.py', tmp_path / 'model.npz', '--predict', tmp_path / 'empty'), 'empty')
    assert_one_clear_line(script('evaluate.py', '--predict', files[0]), '--predict', 'model')


def test_a_player_does_not_classify(files, tmp_path):
    player = checkpoint.make_model(dataclasses.replace(PRESETS['catch'], unit=4, hidden=5))
    checkpoint.save_model(tmp_path / 'player.npz', player)
    assert_one_clear_line(script('evaluate.py', tmp_path / 'player.npz', '--predict', files[0]), '--predict', 'catch')
