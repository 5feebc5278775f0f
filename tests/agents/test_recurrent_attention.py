import dataclasses

import chainer
import numpy as np
import pytest

from ram.agents.recurrent_attention import RecurrentAttentionModel
from ram.config import PRESETS
from ram.networks.glimpse_sensor import GlimpseSensor, glimpse_sensor
from ram.registry import make_model
from tests.networks.conftest import shake


@pytest.fixture(params=[('relu', 'linear'), ('lstm', 'linear'), ('lstm', 'conv')], ids='-'.join)
def model(request, tiny):
    np.random.seed(0)
    core, glimpse_network = request.param
    return RecurrentAttentionModel(dataclasses.replace(tiny, core=core, glimpse_network=glimpse_network, filters=3))


def test_episode_has_the_shapes_it_promises(model, rng):
    episode = model.rollout(rng.random((4, 1, 28, 28), np.float32), rng, explore=True)
    assert episode.locations.shape == (3, 4, 2) and episode.locations.dtype == np.float32
    assert episode.states.shape == (3, 4, 7) and episode.states.dtype == np.float32
    assert episode.logits.shape == (4, 10) and episode.logits.dtype == np.float32
    assert episode.samples.shape == episode.means.shape == (2, 4, 2) and episode.samples.dtype == np.float32
    assert episode.baselines.shape == (2, 4)


def test_samples_are_normal_around_the_means_and_the_sensor_sees_them_clipped(model, rng):
    episode = model.rollout(rng.random((3000, 1, 28, 28), np.float32), rng, explore=True)
    noise = (episode.samples - episode.means.array) / model.config.sigma
    assert abs(noise.mean()) < 0.03 and abs(noise.std() - 1) < 0.03
    np.testing.assert_array_equal(episode.locations[1:], episode.samples.clip(-1, 1))
    assert abs(episode.locations[0].mean()) < 0.03 and abs(episode.locations[0].std() - 3 ** -0.5) < 0.02


def test_without_exploration_it_looks_at_the_means(model, rng):
    images = rng.random((4, 1, 28, 28), np.float32)
    episode = model.rollout(images, rng)
    for t in range(2):
        np.testing.assert_allclose(episode.locations[t + 1], model.location_network(episode.states[t]).array, rtol=1e-6)
    assert episode.means is None and episode.samples is None


def test_other_policies(model, rng):
    images = rng.random((2000, 1, 28, 28), np.float32)
    assert (model.rollout(images, rng, 'center').locations == 0).all()
    drawn = model.rollout(images, rng, 'random').locations
    assert abs(drawn).max() <= 1 and abs(drawn.std(axis=(0, 1)) - 3 ** -0.5).max() < 0.02


def test_same_generator_same_episode(model, rng):
    images = rng.random((4, 1, 28, 28), np.float32)
    one, two = (model.rollout(images, np.random.default_rng(5), explore=True) for _ in range(2))
    np.testing.assert_array_equal(one.locations, two.locations)
    np.testing.assert_array_equal(one.logits.array, two.logits.array)


def test_classify_gives_the_logits_after_each_glimpse(model, rng):
    episode = model.rollout(rng.random((4, 1, 28, 28), np.float32), rng)
    logits = model.classify(episode.states)
    assert logits.shape == (3, 4, 10)
    np.testing.assert_allclose(logits.array[-1], episode.logits.array, rtol=1e-5, atol=1e-6)


@pytest.fixture
def with_context(model, rng):
    changed = RecurrentAttentionModel(dataclasses.replace(model.config, context=True))
    shake(changed.context_network, rng)
    return changed


def test_the_context_chooses_the_first_location(with_context, rng):
    images = rng.random((4, 1, 28, 28), np.float32)
    expected = with_context.location_network(with_context.context_network(images)).array
    episode = with_context.rollout(images, rng)
    np.testing.assert_allclose(episode.locations[0], expected, rtol=1e-5)
    assert len(np.unique(episode.locations[0], axis=0)) == 4 and episode.means is None
    explored = with_context.rollout(images, rng, explore=True)
    assert explored.samples.shape == explored.means.shape == (3, 4, 2) and explored.baselines.shape == (3, 4)
    np.testing.assert_allclose(explored.means.array[0], expected, rtol=1e-5)
    np.testing.assert_array_equal(explored.locations, explored.samples.clip(-1, 1))
    states = [with_context.context_network(images).array, *explored.states[:-1]]
    for state, mean, baseline in zip(states, explored.means.array, explored.baselines.array):
        np.testing.assert_allclose(mean, with_context.location_network(state).array, rtol=1e-5)
        np.testing.assert_allclose(baseline, with_context.baseline_network(state).array, rtol=1e-4, atol=1e-6)


def test_the_core_sees_the_first_glimpse_and_not_the_context(with_context, rng):
    images = rng.random((4, 1, 28, 28), np.float32)
    episode, c = with_context.rollout(images, rng), with_context.config
    rho = glimpse_sensor(images, episode.locations[0], c.patch, c.scales, c.factor)
    g = with_context.glimpse_network(rho, episode.locations[0])
    h = with_context.core_network(with_context.core_network.initial_state(4), g)[1]
    np.testing.assert_allclose(episode.states[0], h.array, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize('policy', ['center', 'random'])
def test_other_policies_do_not_use_the_context(with_context, rng, policy):
    images = rng.random((4, 1, 28, 28), np.float32)
    episodes = [with_context.rollout(x, np.random.default_rng(3), policy) for x in (images, images[::-1])]
    np.testing.assert_array_equal(episodes[0].locations, episodes[1].locations)


@pytest.mark.parametrize('changes, policy', [
    ({}, 'learned'), ({}, 'random'), ({}, 'center'), ({'start': 'learned'}, 'learned'),
    ({'start': 'center'}, 'learned'), ({'start': 'center'}, 'random'), ({'context': True}, 'learned'),
    ({'context': True}, 'random')], ids=str)
def test_it_says_whether_two_tests_differ(tiny, rng, changes, policy):
    model = RecurrentAttentionModel(dataclasses.replace(tiny, **changes))
    images = rng.random((4, 1, 28, 28), np.float32)
    one, two = (model.rollout(images, np.random.default_rng(seed), policy).locations for seed in (1, 2))
    assert model.draws(policy) == (one != two).any()


def test_one_glimpse_may_be_chosen_by_the_context(tiny, rng):
    model = RecurrentAttentionModel(dataclasses.replace(tiny, glimpses=1, context=True))
    episode = model.rollout(rng.random((4, 1, 28, 28), np.float32), rng, explore=True)
    assert episode.locations.shape == episode.means.shape == episode.samples.shape == (1, 4, 2)


def test_one_glimpse_is_enough_to_run(tiny, rng):
    model = RecurrentAttentionModel(dataclasses.replace(tiny, glimpses=1))
    episode = model.rollout(rng.random((4, 1, 28, 28), np.float32), rng, explore=True)
    assert episode.locations.shape == (1, 4, 2) and episode.means is None


def test_colour_and_any_shape(tiny, rng):
    model = RecurrentAttentionModel(dataclasses.replace(PRESETS['folder'], fit='native', colour=True,
                                                        classes=tuple('abcd')))
    assert model.rollout(rng.random((2, 3, 20, 33), np.float32), rng).logits.shape == (2, 4)


def test_evaluation_leaves_no_graph(model, rng):
    with chainer.no_backprop_mode():
        episode = model.rollout(rng.random((2, 1, 28, 28), np.float32), rng)
    assert episode.logits.creator is None


def test_bytes_and_floats_give_the_same_episode(model, rng):
    images = rng.integers(0, 256, (5, 1, 28, 28)).astype(np.uint8)
    for changes in {}, {'normalise': True}, {'context': True, 'normalise': True}, {'mc': 2}:
        changed = RecurrentAttentionModel(dataclasses.replace(model.config, **changes))
        one, two = (changed.rollout(x, np.random.default_rng(1), explore=True)
                    for x in (images, images.astype(np.float32) / 255))
        np.testing.assert_allclose(one.locations, two.locations, atol=1e-5)
        np.testing.assert_allclose(one.states, two.states, atol=1e-5)


def test_a_batch_may_have_a_sensor_of_its_own(model, rng):
    """As pictures of different sizes have."""
    images = rng.integers(0, 256, (4, 1, 28, 28)).astype(np.uint8)

    class Batch:
        def __len__(self):
            return len(images)

        def sensor(self, config):
            return GlimpseSensor(images, config.patch, config.scales, config.factor)

    native = dataclasses.replace(model.config, dataset='folder', size=64, fit='native')
    model = RecurrentAttentionModel(native)
    one, two = (model.rollout(batch, np.random.default_rng(1), explore=True) for batch in (images, Batch()))
    np.testing.assert_array_equal(one.states, two.states)


def test_a_normalising_model_is_invariant_to_brightness_and_contrast(tiny, rng):
    model = RecurrentAttentionModel(dataclasses.replace(tiny, normalise=True))
    images = rng.random((5, 1, 28, 28), np.float32)
    one, two = (model.rollout(x, np.random.default_rng(0)).logits.array for x in (images, 0.5 * images + 0.2))
    np.testing.assert_allclose(one, two, atol=0.01)
    plain = RecurrentAttentionModel(tiny)
    one, two = (plain.rollout(x, np.random.default_rng(0)).logits.array for x in (images, 0.5 * images + 0.2))
    assert abs(one - two).max() > 0.01


def test_a_model_is_called_and_predicts(tiny, rng):
    """model(images) gives logits and model.predict(images) classes, of float images or of bytes."""
    images = rng.integers(0, 256, (6, 1, 28, 28)).astype(np.uint8)
    for kind in ('ram', 'archived', 'fc64', 'conv'):
        model = make_model(dataclasses.replace(tiny, model=kind))
        floats = images.astype(np.float32) / 255
        logits = model(floats, np.random.default_rng(3))
        assert logits.shape == (6, 10)
        classes = model.predict(images, np.random.default_rng(3))
        assert classes.dtype == np.int32
        np.testing.assert_array_equal(classes, logits.array.argmax(axis=1))
        np.testing.assert_array_equal(model.predict(floats), model.predict(images))


@pytest.mark.parametrize('start_range', [1.0, 0.4])
def test_a_random_start_is_uniform_in_its_range(tiny, rng, start_range):
    model = RecurrentAttentionModel(dataclasses.replace(tiny, start_range=start_range))
    first = model.rollout(rng.random((3000, 1, 28, 28), np.float32), rng, explore=True).locations[0]
    assert abs(first).max() <= start_range and abs(first.mean()) < 0.03
    assert abs(first.std() - start_range * 3 ** -0.5) < 0.02


def test_a_start_at_the_centre(tiny, rng):
    model = RecurrentAttentionModel(dataclasses.replace(tiny, start='center'))
    episode = model.rollout(rng.random((4, 1, 28, 28), np.float32), rng, explore=True)
    assert (episode.locations[0] == 0).all() and (episode.locations[1] != 0).all()
    assert episode.means.shape == (2, 4, 2)


def test_a_mixed_start_is_the_centre_except_in_every_fourth_episode_of_training(tiny, rng):
    model = RecurrentAttentionModel(dataclasses.replace(tiny, start='mixed', start_range=0.4))
    images = rng.random((3000, 1, 28, 28), np.float32)
    assert (model.rollout(images, rng).locations[0] == 0).all()
    first = model.rollout(images, rng, explore=True).locations[0]
    anywhere = (first != 0).all(axis=1)
    assert anywhere.sum() == 750 and (first[~anywhere] == 0).all()
    assert abs(first).max() <= 0.4 and abs(first[anywhere].std() - 0.4 * 3 ** -0.5) < 0.02
    assert not model.draws('learned')


def test_a_learned_start_is_the_policy_at_the_initial_state(tiny, rng):
    model = RecurrentAttentionModel(dataclasses.replace(tiny, start='learned'))
    model.location_network.mean.b.array[...] = 0.5, -2
    images = rng.random((2000, 1, 28, 28), np.float32)
    expected = np.tanh([0.5, -2])
    np.testing.assert_allclose(model.rollout(images, rng).locations[0], np.broadcast_to(expected, (2000, 2)), rtol=1e-6)
    episode = model.rollout(images, rng, explore=True)
    assert episode.samples.shape == episode.means.shape == (3, 2000, 2) and episode.baselines.shape == (3, 2000)
    np.testing.assert_allclose(episode.means.array[0], np.broadcast_to(expected, (2000, 2)), rtol=1e-6)
    np.testing.assert_allclose(episode.locations, episode.samples.clip(-1, 1))
    np.testing.assert_allclose(episode.samples[0].mean(axis=0), expected, atol=5 * 0.1 / 2000 ** 0.5)
    np.testing.assert_allclose(episode.samples[0].std(axis=0), 0.1, rtol=0.08)
