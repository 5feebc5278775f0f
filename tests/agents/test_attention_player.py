import dataclasses

import chainer
import numpy as np
import pytest

from datasets.catch import new_games
from ram.agents.attention_player import AttentionPlayer
from ram.agents.recurrent_attention import plain_unroll
from ram.config import PRESETS, Config
from ram.networks.action_network import ActionNetwork, gumbel_noise
from ram.networks.glimpse_sensor import glimpse_sensor
from tests.networks.conftest import shake


@pytest.fixture
def config():
    return dataclasses.replace(PRESETS['catch'], size=10, patch=3, scales=2, unit=8, hidden=12, normalise=False)


def test_actions_are_drawn_by_their_probabilities(rng):
    """Each action comes as often as the softmax says."""
    network = shake(ActionNetwork(7, 3), rng)
    h = rng.standard_normal((1, 7), np.float32)
    logits = network(h).array[0].astype(float)
    expected = np.exp(logits) / np.exp(logits).sum()
    drawn = network.choose(np.repeat(h, 40000, axis=0), gumbel_noise(rng, (40000, 3)))
    np.testing.assert_allclose(np.bincount(drawn, minlength=3) / 40000, expected, atol=5 * 0.5 / 200)
    assert network.choose(h).tolist() == [logits.argmax()]


@pytest.mark.parametrize('policy', ['learned', 'random', 'center'])
@pytest.mark.parametrize('explore', [False, True])
def test_a_game_step_by_step(config, rng, policy, explore):
    """The game is played again with the actions that were taken, and every network asked what it makes of it."""
    model = shake(AttentionPlayer(config), rng)
    game, again = (new_games(np.random.default_rng(3), 5, 10) for _ in range(2))
    episode = model.play(game, rng, policy, explore)
    assert episode.locations.shape == (9, 5, 2) and episode.actions.shape == (9, 5)
    assert (episode.samples is not None) == (explore and policy == 'learned')
    state, before = model.core_network.initial_state(5), None
    for t in range(9):
        location = episode.locations[t]
        if t > 0 and policy == 'learned':
            mean = model.location_network(before).array
            if explore:
                np.testing.assert_allclose(episode.means.array[t - 1], mean, atol=1e-5)
                np.testing.assert_allclose(episode.samples[t - 1].clip(-1, 1), location)
            else:
                np.testing.assert_allclose(location, mean, atol=1e-5)
        if policy == 'center':
            assert not location.any()
        g = model.glimpse_network(glimpse_sensor(again.screen, location, 3, 2), location)
        state, before = model.core_network(state, g)
        logits = model.action_network(before).array
        np.testing.assert_allclose(episode.logits.array[t], logits, atol=1e-4)
        np.testing.assert_allclose(episode.baselines.array[t], model.baseline_network(before).array, atol=1e-4)
        if not explore:
            np.testing.assert_array_equal(episode.actions[t], logits.argmax(axis=1))
        again.step(episode.actions[t])
    assert game.over and again.over
    np.testing.assert_array_equal(episode.reward, again.won)


def test_the_fast_form_plays_as_the_plain_one_does(config, monkeypatch):
    """The same game, and the same gradients of all it was chosen by."""
    model = shake(AttentionPlayer(config), np.random.default_rng(1))
    found = []
    for plain in (False, True):
        if plain:
            monkeypatch.setattr(model, 'unroll', lambda see, location, look, steps: plain_unroll(
                see, location, look, model.glimpse_network, model.core_network, steps))
        episode = model.play(new_games(np.random.default_rng(3), 5, 10), np.random.default_rng(4), explore=True)
        model.cleargrads()
        chainer.functions.sum(episode.logits ** 2 + episode.baselines[:, :, None]).backward()
        found.append((episode.actions, episode.locations, [p.grad for p in model.params() if p.grad is not None]))
    for fast, plain in zip(*found):
        for one, other in zip(fast, plain):
            np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-3 * abs(np.asarray(other)).max())


def test_a_retina_as_large_as_the_screen_sees_all_of_it(rng):
    """The control with the whole screen has one patch, always at the centre."""
    game = new_games(rng, 4, 10)
    seen = glimpse_sensor(game.screen, np.zeros((4, 2), np.float32), 10, 1).array
    np.testing.assert_array_equal(seen, game.screen)


@pytest.mark.parametrize('start, tested, trained', [
    ('random', range(8), range(8)), ('center', (), ()), ('mixed', (), (0, 4))])
def test_games_that_begin_elsewhere_than_at_the_centre(config, start, tested, trained):
    model = AttentionPlayer(dataclasses.replace(config, start=start))
    for explore, expected in (False, tested), (True, trained):
        episode = model.play(new_games(np.random.default_rng(3), 8, 10), np.random.default_rng(4), explore=explore)
        assert list(episode.locations[0].any(axis=1).nonzero()[0]) == list(expected)


@pytest.mark.parametrize('changes, words', [
    (dict(model='ram'), ['player', "'ram'"]), (dict(size=3), ['size', '4']), (dict(paddle=24), ['paddle', '24']),
    (dict(speed=-1.0), ['speed']),
    (dict(start='learned'), ["start must be random, center or mixed, and context off, not 'learned'"]),
    (dict(context=True), ["not 'random' with context"]),
    (dict(shift=2), ['shift', '2']), (dict(mc=2), ['mc']), (dict(classes=('a', 'b')), ['left, stay, right'])])
def test_what_catch_does_not_have(changes, words):
    with pytest.raises(ValueError) as found:
        dataclasses.replace(PRESETS['catch'], **changes)
    assert all(word in str(found.value) for word in words)


def test_what_only_catch_has():
    with pytest.raises(ValueError, match='player'):
        Config(model='player')
    with pytest.raises(ValueError, match='28'):
        Config(size=24)


def test_gumbel_noise_is_finite_at_the_ends_of_what_generators_draw():
    class Ends:
        def random(self, shape, dtype):
            return np.array([0, 1 - 2 ** -24, 1], dtype)

    with np.errstate(all='raise'):
        low, high, highest = gumbel_noise(Ends(), 3)
    assert -4 < low < -2 and 10 < high <= highest < 20
