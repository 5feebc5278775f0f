import dataclasses
import json
from types import SimpleNamespace

import chainer
import numpy as np
import pytest

import train
from ram import checkpoint
from ram.config import Config, from_flags
from ram.registry import make_model
from ram.reports import gaze_report, text
from ram.reports.gaze_report import Seen, advice, apart, is_same, verdict, where
from tests.conftest import script

CONFIG = Config(dataset='mnist', size=28, start='center', glimpses=3)


def places(rng, spread, count=2000, draws=1, end=(0, 0)):
    """Three glimpses: the first in the middle, the others around ``end``; float32 (3, draws, count, 2)."""
    found = np.zeros((3, draws, count, 2))
    found[1:] = end + spread * rng.standard_normal((count, 2))
    return found.astype(np.float32)


def test_how_far_places_lie_apart(rng):
    locations = rng.uniform(-1, 1, (2, 1, 500, 2)).astype(np.float32)
    found = apart(locations)
    for t in range(2):
        mean = locations[t, 0].mean(axis=0)
        distances = [(x - mean[0]) ** 2 + (y - mean[1]) ** 2 for x, y in locations[t, 0].astype(float)]
        assert found[t] == pytest.approx(100 * np.mean(distances) ** 0.5, rel=1e-4)
    assert found == pytest.approx([100 * (2 / 3) ** 0.5] * 2, rel=0.1)  # anywhere: 82
    assert apart(np.full((3, 1, 9, 2), 0.7)) == pytest.approx([0, 0, 0], abs=1e-6)


def test_what_the_first_location_changes_is_not_what_the_picture_changes(rng):
    chance = rng.uniform(-1, 1, (2, 4, 4000, 2))
    own = 0.3 * rng.standard_normal((4000, 2))
    first, later = apart(np.stack([chance[0], 0.5 * chance[1] + own]))
    assert first < 8 and later == pytest.approx(100 * 0.3 * 2 ** 0.5, rel=0.05)


@pytest.mark.parametrize('end, words', [
    ((-0.9, -0.8), 'to the top left corner'), ((0.9, 0.7), 'to the bottom right corner'), ((0, 0), 'to the middle'),
    ((0.8, 0.1), 'to the right edge'), ((0.1, -0.8), 'to the top edge')])
def test_where_a_gaze_goes(rng, end, words):
    assert where(places(rng, 0.001, end=end)) == words
    assert where(places(rng, 0.5, end=end)) == 'the same way from its first place'


def test_only_places_that_were_chosen_count(rng):
    """The first may be drawn anywhere, and says nothing."""
    locations = places(rng, 0.01)
    locations[0] = rng.uniform(-1, 1, locations[0].shape)
    assert is_same(apart(locations), CONFIG) and not is_same(apart(places(rng, 0.2)), CONFIG)
    assert not is_same(apart(locations), dataclasses.replace(CONFIG, start='learned'))


def seen(rng, learned, center, random, spread=0.3, count=1000, end=(0, 0)):
    """Errors in percent; what is wrong with the lowest error is wrong with the others."""
    luck = rng.permutation(count)
    wrong = {policy: (luck < count * error / 100).astype(float)
             for policy, error in (('learned', learned), ('center', center), ('random', random))}
    return {policy: Seen(each, places(rng, spread, count, end=end)) for policy, each in wrong.items()}


CASES = [
    ('nothing learned', dict(learned=89, center=89, random=89, spread=0.01), 'hardly better than always naming'),
    ('same place', dict(learned=5, center=5, random=60, spread=0.01, end=(-1, -1)),
     'The gaze goes to the top left corner, whatever the picture: it has not learned to look. Try --start mixed.'),
    ('same place', dict(learned=9, center=5, random=60, spread=0.01, end=(-1, -1)), 'has not learned to look'),
    ('same place helps', dict(learned=5, center=20, random=60, spread=0.01, end=(0, 0.9)),
     'The gaze goes to the bottom edge, whatever the picture, and that saves 15.0 points'),
    ('middle is better', dict(learned=12, center=5, random=60), 'the middle would save 7.0 points (95% interval 5.'),
    ('one look', dict(learned=5, center=5.4, random=60), 'One look is enough here: '),
    ('too few', dict(learned=10, center=15, random=60, count=40), '40 validation pictures are too few to tell'),
    ('random as good', dict(learned=10, center=20, random=10.2), 'Random places are about as good'),
    ('helps', dict(learned=10, center=40, random=60),
     'Where it looks depends on the picture, and it saves 30.0 points against always looking at the middle (95%')]


@pytest.mark.parametrize('name, case, words', CASES, ids=[f'{name} {n}' for n, (name, *_) in enumerate(CASES)])
def test_each_verdict(rng, name, case, words):
    found, sentence = verdict(CONFIG, seen(rng, **case), guess=90)
    assert found == name and words in sentence and sentence.endswith('.')


def test_the_advice_can_be_followed():
    """It is a command line that train.py takes, and gives another start than the model has, if one is better."""
    for changes, tried in ({}, '--start mixed'), (dict(start='mixed'), '--start random'), (
            dict(start='learned'), '--start random'), (dict(context=True), '--no-context --start random'):
        config = dataclasses.replace(CONFIG, **changes)
        assert advice(config) == tried
        flags = ['--dataset', 'mnist', *['--context'] * config.context, *tried.split()]
        assert from_flags(train.parse(flags)).start != config.start and not from_flags(train.parse(flags)).context
    assert '--start' not in advice(dataclasses.replace(CONFIG, start='random'))


@pytest.mark.parametrize('changes, policy, asked', [
    ({}, None, True), ({}, 'learned', True), ({}, 'random', False), (dict(policy='center'), None, False),
    (dict(model='conv'), None, False), (dict(glimpses=1), None, False),
    (dict(glimpses=1, start='learned'), None, True), (dict(dataset='mnist', size=28), None, False)], ids=str)
def test_whom_the_question_is_for(changes, policy, asked):
    config = Config(**{**dict(dataset='svhn', digits='fonts', size=32, hidden=7, unit=5), **changes})
    assert gaze_report.wanted(make_model(config), SimpleNamespace(policy=policy)) == asked


def test_nothing_is_downloaded_for_a_remark(tmp_path):
    """Without the file that validation pictures are in, the question is left out, in one line."""
    model = make_model(Config(dataset='svhn', size=32, hidden=7, unit=5, normalise=True))
    found = gaze_report.measure(model, SimpleNamespace(data=tmp_path, seed=0), chainer.get_device('@numpy'))
    assert list(found) == ['left_out'] and 'train_32x32.mat' in found['left_out']
    assert not list(tmp_path.iterdir())
    line, = text.gaze(found)
    assert line.startswith('does the gaze help? Left out') and 'train_32x32.mat' in line


def test_evaluate_says_whether_the_gaze_helps(picture_folder, tmp_path):
    """From the command line, with the same figures as those of its own splits and policies."""
    config = Config(dataset='folder', images=str(picture_folder), classes=('bright', 'dark'), size=28, patch=4,
                    scales=1, glimpses=3, unit=5, hidden=7, start='center')
    model = make_model(config)
    model.location_network.mean.W.array[...] = 0
    model.location_network.mean.b.array[...] = 2, -2
    checkpoint.save_model(tmp_path / 'model.npz', model)
    found = json.loads(script('evaluate.py', tmp_path / 'model.npz', '--json').stdout)
    gaze = found['gaze']
    assert gaze['n'] == 12 and gaze['apart'] == pytest.approx([0, 0, 0], abs=1e-4)
    for policy in 'learned', 'center':
        alone = json.loads(script('evaluate.py', tmp_path / 'model.npz', '--json', '--split', 'validation', '--policy',
                                  policy).stdout)
        assert gaze['error'][policy] == pytest.approx(alone['test_error']) and gaze['ci95'][policy] == alone['ci95']
        assert ('gaze' in alone) == (policy == 'learned')
    printed = script('evaluate.py', tmp_path / 'model.npz').stdout
    assert 'does the gaze help? On 12 validation pictures:' in printed and printed.rstrip().endswith(gaze['text'])
    until = script('evaluate.py', tmp_path / 'model.npz', '--until', 0.4, '--policy', 'center').stdout
    assert 'stopping at a probability of 0.4: 1.00 glimpses on average, at most 3' in until and 'gaze help' not in until
    assert 'conv3, the whole picture' in until and '0.999' in until
