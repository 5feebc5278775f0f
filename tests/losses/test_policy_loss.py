import dataclasses
import itertools

import chainer
import numpy as np
import pytest

from datasets.catch import Catch, new_games
from ram.agents.attention_player import AttentionPlayer
from ram.config import PRESETS
from ram.losses.policy_loss import PolicyLoss, policy_loss
from tests.networks.conftest import shake


@pytest.fixture
def config():
    return dataclasses.replace(PRESETS['catch'], size=5, patch=2, scales=2, unit=4, hidden=6, sigma=0.4)


class Same:
    """A generator whose games all begin alike, with given noise in the locations."""
    __class__ = np.random.Generator

    def __init__(self, noise):
        self.noise = noise

    def random(self, shape, dtype):
        return np.full(shape, 0.4, dtype)

    def standard_normal(self, shape, dtype):
        return self.noise.astype(dtype)


def everything(model, sigma, middle=None):
    """All that can happen in the last two steps of a game: each pair of actions, with second locations on a grid.

    Args:
        model: the player.
        sigma: the deviation of its locations.
        middle: the grid's middle (2,); by default the mean of the second location.

    Returns:
        The GameEpisode; float64 array (B,), the probability of each game (of a location, its density times the area
        between the points of the grid); and the grid's middle.
    """
    grid = np.stack(np.meshgrid(*2 * [np.linspace(-4, 4, 13)]), axis=-1).reshape(-1, 2) * sigma
    pairs = np.tile(list(itertools.product(range(3), repeat=2)), (len(grid), 1)).T

    def played(noise):
        forced = iter(pairs)
        model.action_network.choose = lambda h, noise: next(forced)
        game = Catch(np.full(pairs.shape[1], 1), np.full(pairs.shape[1], 110), 5, 1)
        for _ in range(2):
            game.step(np.ones(pairs.shape[1], int))  # all stay
        return model.play(game, Same(noise), explore=True)

    mean = played(np.zeros((1, pairs.shape[1], 2))).means.array[0, 0].astype(float)
    middle = mean if middle is None else middle
    locations = middle + np.repeat(grid, 9, axis=0)
    episode = played((locations - mean)[None] / sigma)
    np.testing.assert_allclose(episode.samples[0], locations, atol=1e-5)
    np.testing.assert_array_equal(episode.actions, pairs)
    logits = episode.logits.array.astype(float)
    policy = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
    density = np.exp(-((locations - mean) ** 2).sum(axis=1) / (2 * sigma ** 2)) / (2 * np.pi * sigma ** 2)
    chance = np.prod([policy[t, np.arange(len(locations)), pairs[t]] for t in range(2)], axis=0)
    return episode, chance * density * (sigma * 8 / 12) ** 2, middle


@pytest.mark.parametrize('networks', ['action_network', 'location_network', ''], ids=['action', 'location', 'all'])
def test_the_gradient_of_both_policies_is_that_of_the_expected_reward(config, rng, networks):
    """Against the slope of an exhaustive sum, whatever the baseline.

    The expected reward is the sum over all games of their probability times their reward; its slope is measured.  The
    expected gradient of the loss is the sum over all games of their probability times their gradient.
    """
    model = AttentionPlayer(config)
    shake(model, rng)
    model.action_network.logits.W.array[...] *= 2  # so that the location matters
    model.baseline_network.reward.b.array[...] = 0.7
    episode, chance, middle = everything(model, config.sigma)
    assert chance.sum() == pytest.approx(1, abs=1e-3) and 0.05 < chance @ episode.reward < 0.95
    _, terms = policy_loss(episode, config)
    model.cleargrads()
    policies = {'actions': episode.logits, 'locations': episode.means}
    for name, policy in policies.items():
        gradient, = chainer.grad([terms[name]], [policy])
        policy.grad = (gradient.array * (len(chance) * chance)[:, None]).astype(np.float32)
    chainer.backward(list(policies.values()))

    moved = {name: parameter for name, parameter in model.namedparams()
             if parameter.grad is not None and networks in name}
    assert len(moved) == {'': 15}.get(networks, 2)
    norm = sum((parameter.grad.astype(float) ** 2).sum() for parameter in moved.values()) ** 0.5
    assert norm > 0.01
    expected_reward = []
    for step in (1e-2, -1e-2):  # uphill for the loss, and downhill
        for parameter in moved.values():
            parameter.array += step * parameter.grad / norm
        other, chance, _ = everything(model, config.sigma, middle)
        expected_reward.append(chance @ other.reward)
        for parameter in moved.values():
            parameter.array -= step * parameter.grad / norm
    assert (expected_reward[1] - expected_reward[0]) / 2e-2 == pytest.approx(norm, rel=1e-2)


def test_the_terms_are_what_they_should_be(config, rng):
    """Written out game by game and step by step."""
    model = AttentionPlayer(config)
    shake(model, rng)
    episode = model.play(new_games(rng, 6, 5), rng, explore=True)
    logits = episode.logits.array.astype(float)
    policy = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
    expected = {'actions': 0, 'locations': 0, 'baseline': 0, 'caught': episode.reward.mean()}
    for i in range(6):
        for t in range(4):
            advantage = episode.reward[i] - episode.baselines.array[t, i]
            expected['baseline'] += advantage ** 2 / 6
            expected['actions'] -= advantage * np.log(policy[t, i, episode.actions[t, i]]) / 6
            if t < 3:
                square = ((episode.samples[t, i] - episode.means.array[t, i]) ** 2).sum()
                expected['locations'] -= advantage * -square / (2 * config.sigma ** 2) / 6
    loss, terms = policy_loss(episode, dataclasses.replace(config, reinforce=0.3))
    assert set(terms) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(getattr(terms[name], 'array', terms[name]), value, rtol=1e-4, err_msg=name)
    np.testing.assert_allclose(
        loss.array, expected['actions'] + 0.3 * expected['locations'] + expected['baseline'], rtol=1e-4)


@pytest.mark.parametrize('policy', ['learned', 'random'])
def test_every_network_that_has_a_say_learns(config, rng, policy):
    model = AttentionPlayer(dataclasses.replace(config, policy=policy))
    loss = PolicyLoss(model)
    loss.cleargrads()
    loss(new_games(rng, 30, 5), rng).backward()
    learned = {name.split('/')[1] for name, parameter in model.namedparams()
               if parameter.grad is not None and abs(parameter.grad).max() > 0}
    assert learned == {'glimpse_network', 'core_network', 'action_network', 'baseline_network'} | (
        {'location_network'} if policy == 'learned' else set())
