"""Training, evaluation and pictures of games."""
import dataclasses
import json
import re
import shutil

import chainer
import numpy as np
import pytest
from PIL import Image

from datasets import catch
from ram import checkpoint
from ram.config import PRESETS
from ram.reports import games
from ram.training.game_iterator import GAMES, GameIterator, make_iterator
from tests.conftest import assert_one_clear_line, script
from tests.training.conftest import ranks_of

SMALL = ['--dataset', 'catch', '--size', 6, '--patch', 3, '--scales', 2, '--hidden', 16, '--unit', 16, '-b', 500,
         '--average', 0.9]


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    """Two epochs of a small player on a small screen."""
    out = tmp_path_factory.mktemp('runs') / 'run'
    result = script('train.py', *SMALL, '-e', 2, '--lr', 0.01, '--schedule', 'constant', '-o', out)
    assert result.returncode == 0, result.stderr
    return out


def test_a_small_player_learns(run):
    """It catches far more than one that does not look: two balls of six."""
    log = json.loads((run / 'log').read_text())
    assert [entry['epoch'] for entry in log] == [1, 2]
    assert log[-1]['main/caught'] > 0.4 and log[-1]['validation/error'] < 0.58


def test_a_resumed_run_is_the_same_bit_for_bit(run, tmp_path):
    flags = ['--lr', 0.01, '--schedule', 'constant']
    assert script('train.py', *SMALL, *flags, '-e', 1, '-o', tmp_path / 'run').returncode == 0
    result = script('train.py', '--resume', tmp_path / 'run', '-e', 2)
    assert result.returncode == 0, result.stderr
    once, twice = (checkpoint.load_model(folder / 'model.npz') for folder in (run, tmp_path / 'run'))
    for one, other in zip(once.params(), twice.params()):
        np.testing.assert_array_equal(one.array, other.array)


def test_evaluate(run):
    found = json.loads(script('evaluate.py', run / 'model.npz', '--json', '--split', 'validation').stdout)
    best = min(entry['validation/error'] for entry in json.loads((run / 'log').read_text()))
    assert found['n'] == 4000 and found['ci95'][0] < found['caught'] < found['ci95'][1]
    assert found['caught'] == pytest.approx(100 * (1 - best))  # the same games
    assert found['references']['oracle'] == 100 and abs(found['references']['idle'] - 100 / 3) < 3
    for key in ('by_speed', 'by_distance'):
        assert sum(row[3] for row in found[key]) == 4000
        assert sum(row[2] * row[3] for row in found[key]) / 4000 == pytest.approx(found['caught'])
    text = script('evaluate.py', run / 'model.npz', '--policy', 'center', '--split', 'validation').stdout
    assert 'center policy' in text and re.search(r'oracle, who sees everything +100.00%\n', text)
    assert_one_clear_line(script('evaluate.py', run / 'model.npz', '--split', 'train+validation'), '--split')


def test_shares():
    won = np.array([True, False, True, True, False])
    assert games.shares(won, np.array([0, 1, 1.5, 2, 4]), [0, 1, 2, 3, 4]) == [
        [0, 1, 50, 2], [1, 2, 100, 2], [3, 4, 0, 1]]


def test_visualize(run, tmp_path):
    shutil.copy(run / 'model.npz', tmp_path)
    result = script('visualize.py', tmp_path / 'model.npz', '--count', 2)
    assert result.returncode == 0, result.stderr
    with Image.open(tmp_path / 'model.gif') as gif:
        assert gif.n_frames == 2 * 6  # a step each, and the end
    assert_one_clear_line(script('visualize.py', run / 'model.npz', '--heatmap'), '--heatmap', 'catch')
    assert_one_clear_line(script('visualize.py', run / 'model.npz', '--index', 3), '--index')


def test_epochs_of_games():
    """An epoch is new wherever the number of games passes a multiple of its size."""
    class Device:
        xp = np

    iterator = GameIterator(lambda rng, count: rng.integers(0, 1 << 60), 3000, Device, seed=1)
    drawn, new = zip(*((next(iterator)[0], iterator.is_new_epoch) for _ in range(15)))
    assert [t for t, is_new in enumerate(new, 1) if is_new] == [-(-GAMES * epoch // 3000) for epoch in (1, 2)]
    assert iterator.epoch == 2 and iterator.epoch_detail == pytest.approx(15 * 3000 / GAMES)
    assert len(set(drawn)) == 15


def test_every_rank_plays_its_own_games():
    iterators = (GameIterator(catch.new_games, 50, chainer.get_device('@numpy'), ranks=ranks) for ranks in ranks_of(2))
    (one, first), (two, second) = map(next, iterators)
    assert not np.isin(one.speeds, two.speeds).all() and not np.isin(first.random(100), second.random(100)).any()


def test_an_epoch_counts_the_games_of_all_ranks():
    iterator = GameIterator(lambda rng, count: count, 3000, chainer.get_device('@numpy'), ranks=ranks_of(2)[1])
    assert [next(iterator)[0] for _ in range(4)] == [3000] * 4
    assert iterator.epoch_detail == pytest.approx(4 * 6000 / GAMES)


def test_the_games_of_a_config_depend_on_its_seed_and_the_rank():
    def speeds(seed, ranks):
        config = dataclasses.replace(PRESETS['catch'], batchsize=50, seed=seed)
        games, _ = next(make_iterator(config, 'train', chainer.get_device('@numpy'), ranks=ranks))
        assert len(games.speeds) == 50
        return tuple(games.speeds)

    drawn = [speeds(seed, ranks) for seed in (1, 2) for ranks in ranks_of(2)]
    assert len(set(drawn)) == 4 and drawn == [speeds(seed, ranks) for seed in (1, 2) for ranks in ranks_of(2)]


def test_the_preset_is_the_papers_game():
    preset = PRESETS['catch']
    assert (preset.size, preset.paddle, preset.patch, preset.scales) == (24, 2, 6, 3)
    assert (preset.core, preset.hidden, preset.glimpses) == ('lstm', 256, 23)
