"""What every model has in common: the gate for what comes from Python, and batches of none."""
import dataclasses

import numpy as np
import pytest

from datasets import catch
from datasets.picture_store import PictureStore
from ram.config import PRESETS
from ram.networks.native_sensor import NativePictures
from ram.registry import MODELS, make_loss, make_model
from ram.reports import evaluation

KINDS = {kind: {'model': kind} for kind in MODELS if MODELS[kind].goal == 'classification'} | {
    'lstm': {'core': 'lstm'}, 'conv glimpse': {'glimpse_network': 'conv'}, 'normalised': {'normalise': True},
    'context': {'context': True}, 'learned start': {'start': 'learned'}, 'conv3 normalised': {
        'model': 'conv3', 'normalise': True}, 'one glimpse': {'glimpses': 1, 'start': 'center'}}


@pytest.fixture(params=KINDS)
def model(request, tiny):
    changes = KINDS[request.param]
    return make_model(dataclasses.replace(tiny, **changes, **({'scales': 1} if 'archived' in request.param else {})))


def test_all_forms_of_the_same_images_get_the_same_answer(model, rng):
    bytes_ = rng.integers(0, 2, (5, 1, 28, 28)).astype(np.uint8) * 255
    expected = model(bytes_).array
    for images in bytes_ > 0, *((bytes_ / 255).astype(dtype) for dtype in ('<f2', '<f4', '>f4', '<f8')):
        np.testing.assert_allclose(model(images).array, expected, rtol=1e-4, atol=1e-5)
        np.testing.assert_array_equal(model.predict(images), expected.argmax(axis=1))


def test_no_way_goes_around_the_gate(model, rng):
    for images in np.zeros((2, 28, 28, 1), np.uint8), np.full((2, 1, 28, 28), np.nan, np.float32), [], None:
        for way in model, model.predict, lambda images: model.rollout(images, rng):
            with pytest.raises(ValueError, match=r'images must be an array \(B, 1, 28, 28\)'):
                way(images)


def test_no_images_get_no_answer(model, rng):
    none, one = (np.zeros((count, 1, 28, 28), np.uint8) for count in (0, 1))
    assert model(none).shape == (0, 10) and model(none).dtype == np.float32
    assert model.predict(none).shape == (0,) and model.predict(none).dtype == np.int32
    empty, full = (model.rollout(images, rng) for images in (none, one))
    steps = len(full.states)
    assert empty.logits.shape == (0, 10) and empty.states.shape == (steps, 0, *full.states.shape[2:])
    assert model.classify(empty.states).shape == (steps, 0, 10)
    if model.gaze:
        assert empty.locations.shape == (steps, 0, 2)
    assert evaluation.probabilities(model, none, rng, 2).shape == (0, 10)
    assert evaluation.mistakes(model, none, np.zeros(0, np.int32), rng).shape == (steps, 0)


def test_no_native_pictures_get_no_answer(rng):
    model = make_model(dataclasses.replace(PRESETS['folder'], fit='native'))
    store = PictureStore.of([np.zeros((1, 9, 14), np.uint8)], 2)
    assert model.predict(NativePictures(store, np.arange(0))).shape == (0,)
    assert len(model.predict(NativePictures(store, np.zeros(3, int)))) == 3


def test_float16_does_not_overflow():
    """The sums over the picture and over the largest blocks, of 1024 x 1024 pixels, are beyond float16's range."""
    config = dataclasses.replace(PRESETS['folder'], size=512, patch=2, scales=6, factor=4, start='center',
                                 glimpse_network='linear')
    images = np.full((1, 1, 512, 512), 0.75, np.float16)
    for normalise in False, True:
        model = make_model(dataclasses.replace(config, normalise=normalise))
        found, expected = (model(x).array for x in (images, images.astype(np.float32)))
        np.testing.assert_array_equal(found, expected)


NO_GENERATORS = {'an int': 0, 'a float': 1.5, 'the module': np.random, 'the old kind': np.random.RandomState(0),
                 'the function': np.random.default_rng, 'a seed': np.random.SeedSequence(0), 'text': 'random'}


@pytest.mark.parametrize('name', NO_GENERATORS)
def test_what_is_no_generator_is_refused(model, name):
    images = np.zeros((2, 1, 28, 28), np.uint8)
    for way in model, model.predict, model.rollout:
        with pytest.raises(ValueError, match=r'rng must be a numpy.random.Generator, such as ram.random_streams.gener'):
            way(images, NO_GENERATORS[name])


def test_without_a_generator_each_call_draws_the_same(model, rng):
    images = rng.integers(0, 256, (3, 1, 28, 28)).astype(np.uint8)
    seeded = np.random.default_rng(model.config.seed)
    expected = model.rollout(images, seeded).logits.array
    for _ in range(2):
        np.testing.assert_array_equal(model.rollout(images).logits.array, expected)
    with pytest.raises(ValueError, match='explore.* needs an rng'):
        model.rollout(images, explore=True)


@pytest.mark.parametrize('policy', ['centre', '', None, 'Learned', 0, np.array(['random', 'center'])], ids=str)
def test_an_unknown_policy_is_rejected(model, policy, rng):
    with pytest.raises(ValueError, match='policy must be one of learned, random, center, not'):
        model.rollout(np.zeros((2, 1, 28, 28), np.uint8), rng, policy)


def test_training_and_evaluation_do_not_pay_for_the_gate(model, rng, monkeypatch):
    """The values of bytes are not read there."""
    monkeypatch.delattr('ram.networks.images._range')
    images, labels = rng.integers(0, 256, (4, 1, 28, 28)).astype(np.uint8), np.arange(4, dtype=np.int32)
    assert np.isfinite(make_loss(model)(images, labels, rng).array)
    assert evaluation.mistakes(model, images, labels, rng).shape[1] == 4
    with pytest.raises(NameError):
        model(images / 255)


@pytest.fixture
def player():
    return make_model(dataclasses.replace(PRESETS['catch'], size=10, unit=4, hidden=6))


def test_a_player_plays_games_and_classifies_nothing(player, rng):
    images = np.zeros((2, 1, 10, 10), np.uint8)
    for way in player, player.predict, player.rollout:
        with pytest.raises(ValueError, match='player does not classify .*play'):
            way(images)


ODD_GAMES = {
    'images': (lambda rng: np.zeros((2, 1, 10, 10), np.uint8), ['new_games', 'ndarray']),
    'another size': (lambda rng: catch.new_games(rng, 2, 24), ['(B, 1, 10, 10)', '(2, 1, 24, 24)']),
    'none': (lambda rng: catch.new_games(rng, 0, 10), ['nothing to play']),
    'nothing': (lambda rng: None, ['new_games', 'NoneType']),
}


@pytest.mark.parametrize('name', ODD_GAMES)
def test_what_is_no_game_is_refused(player, name, rng):
    make, words = ODD_GAMES[name]
    with pytest.raises(ValueError) as found:
        player.play(make(rng), rng)
    assert all(word in str(found.value) for word in words)


def test_games_that_are_over_are_refused(player, rng):
    game = catch.new_games(rng, 3, 10)
    player.play(game, rng)
    with pytest.raises(ValueError, match='nothing to play'):
        player.play(game, rng)
    for wrong, words in (dict(rng=3), 'rng must be'), (dict(rng=rng, policy='left'), 'policy must be'):
        with pytest.raises(ValueError, match=words):
            player.play(catch.new_games(rng, 3, 10), **wrong)
