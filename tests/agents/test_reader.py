import chainer
import chainer.functions as F
import numpy as np
import pytest

from ram.agents.reader import Reader
from ram.agents.recurrent_attention import RecurrentAttentionModel
from ram.config import PRESETS
from ram.config.effect import without_effect
from ram.registry import make_model
from tests import rows as task
from tests.networks.conftest import shake

rows = task.rows


@pytest.fixture
def images(rng):
    return task.pictures_of(task.random_labels(rng, 5))


@pytest.mark.parametrize('each', [1, 2, 3])
def test_an_answer_comes_from_the_state_after_its_glimpses(rows, images, rng, each):
    model = make_model(task.config(glimpses=each))
    episode = model.rollout(images, rng, explore=True)
    assert episode.locations.shape == (4 * each, 5, 2) and episode.means.shape == (4 * each - 1, 5, 2)
    for s, logits in enumerate(episode.logits.array):
        expected = model.action_network(episode.states[(s + 1) * each - 1]).array
        np.testing.assert_allclose(logits, expected, rtol=1e-5, atol=1e-6)
    assert episode.logits.shape == (4, 5, 4)


def test_it_looks_as_the_classifier_does(rows, images, tiny):
    """With the same weights and as many glimpses."""
    reader = shake(make_model(task.config()), np.random.default_rng(1))
    config = {field: getattr(reader.config, field) for field in ('size', 'patch', 'scales', 'unit', 'hidden', 'core',
                                                                 'start')}
    classifier = RecurrentAttentionModel(type(tiny)(dataset='mnist', glimpses=8, **config))
    weights = dict(reader.namedparams())
    for name, parameter in classifier.namedparams():
        if 'action_network' not in name:
            parameter.copydata(weights[name])
    one, other = (model.rollout(images, np.random.default_rng(2), explore=True) for model in (reader, classifier))
    np.testing.assert_array_equal(one.locations, other.locations)
    np.testing.assert_array_equal(one.states, other.states)
    np.testing.assert_array_equal(one.baselines.array, other.baselines.array)


@pytest.mark.parametrize('kind', ['reader', 'places'])
def test_the_first_end_stops_a_text(rows, images, kind, monkeypatch):
    model = make_model(task.config(model=kind))
    said = np.eye(4, dtype=np.float32)[np.array([[0, 3, 1, 1], [2, 1, 0, 1], [3, 0, 0, 3], [1, 1, 3, 3]]).T]
    monkeypatch.setattr(type(model), 'answers', lambda *arguments: chainer.Variable(said))
    assert model.predict(images[:4]) == ['a', 'cba', '', 'bb']


@pytest.mark.parametrize('kind', ['reader', 'places'])
def test_no_images_and_wrong_images(rows, kind, rng):
    model = make_model(task.config(model=kind))
    none = np.zeros((0, 1, 28, 28), np.uint8)
    assert model.predict(none) == [] and model(none).shape == (4, 0, 4)
    with pytest.raises(ValueError, match=r'images must be an array \(B, 1, 28, 28\)'):
        model.predict(np.zeros((2, 1, 20, 28), np.uint8))


def test_the_control_has_a_softmax_for_each_place(rows, images):
    """Its layers are conv3's: with the same weights, a place's logits are those of a conv3 that has the place's."""
    model = make_model(task.config(model='places'))
    assert len(set(model.outputs(model.config))) == 16
    h = F.relu(model.second(F.relu(model.first(images.astype(np.float32) / 255)))).array
    expected = h @ model.logits.W.array.T + model.logits.b.array
    found = model(images).array
    for place in range(4):
        np.testing.assert_allclose(found[place], expected[:, 4 * place:4 * place + 4], rtol=1e-4, atol=1e-5)
    assert model.classify(model.rollout(images).states).shape == (1, 4, 5, 4)


def test_one_glimpse_for_each_answer_leaves_the_policys_flags_their_effect(rows):
    unused = without_effect(task.config(glimpses=1))
    assert not {'sigma', 'reward', 'reinforce', 'into_core'} & set(unused)
    assert 'sigma' in without_effect(task.config(policy='random'))


def test_goals_do_not_mix(rows):
    for model, preset, words in ('ram', 'rows', 'reader, places'), ('reader', 'mnist', 'ram, archived'):
        with pytest.raises(ValueError, match=f'the model for {preset} must be one of {words}.*, not'):
            type(PRESETS[preset])(**{**vars(PRESETS[preset]), 'model': model})
    assert Reader.goal == 'sequence'
