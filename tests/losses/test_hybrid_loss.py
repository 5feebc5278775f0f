import dataclasses

import chainer
import chainer.functions as F
import numpy as np
import pytest
from chainer import gradient_check

from ram.agents.recurrent_attention import RecurrentAttentionModel, plain_unroll
from ram.losses.hybrid_loss import HybridLoss, hybrid_loss, rewards, weighted_squared_error
from ram.networks.glimpse_sensor import glimpse_sensor
from tests.losses.conftest import observed
from tests.networks.conftest import shake


def gradients(model, images, labels, term, rng):
    """The gradients of a single term of the loss, by parameter; None if a parameter has no gradient."""
    model.cleargrads()
    episode = model.rollout(images, rng, explore=True)
    _, terms = hybrid_loss(episode, labels, model.config)
    terms[term].backward()
    return {name: parameter.grad for name, parameter in model.namedparams()}


@pytest.fixture
def batch(rng):
    return rng.random((8, 1, 28, 28), np.float32), rng.integers(0, 10, 8).astype(np.int32)


def test_several_episodes_of_an_image_are_those_of_several_copies(tiny, batch):
    images, labels = batch
    model = RecurrentAttentionModel(tiny)
    once = observed(HybridLoss(model), images.repeat(2, axis=0), labels.repeat(2), np.random.default_rng(0))
    model.config = dataclasses.replace(tiny, mc=2)
    assert observed(HybridLoss(model), images, labels, np.random.default_rng(0)) == once


def test_the_probability_as_a_reward_neither_overflows_nor_vanishes():
    logits = np.array([[1000, 0], [-1000, -999], [0, 0]], np.float32)
    found = rewards(logits, np.array([0, 0, 1], np.int32), 'probability')
    np.testing.assert_allclose(found, [1, 1 / (1 + np.e), 0.5], rtol=1e-6)


@pytest.mark.parametrize('target, weight', [((3, 4, 2), (3, 4, 1)), ((4, 2), (3, 4, 2)), ((2,), ())])
def test_weighted_squared_error(rng, target, weight):
    """Against an inner product in float64 and numerical gradients, with and without broadcasting."""
    x = rng.standard_normal((3, 4, 2), np.float32)
    target, weight = (rng.standard_normal(shape).astype(np.float32) for shape in (target, weight))
    found = weighted_squared_error(chainer.Variable(x), target, weight)
    error = (x.astype(np.float64) - target).ravel()
    expected = np.broadcast_to(weight, x.shape).astype(np.float64).ravel() @ (error * error)
    assert found.shape == () and found.dtype == np.float32
    np.testing.assert_allclose(found.array, expected, rtol=1e-5)
    gradient_check.check_backward(lambda x: weighted_squared_error(x, target, weight), x, np.array(1.5, 'f'),
                                  dtype=np.float64, eps=1e-3)


class FixedStart:
    """A generator whose first locations are all the same, so that only the policy is random."""
    __class__ = np.random.Generator

    def __init__(self, location, seed):
        self.location, self.rng = location, np.random.default_rng(seed)

    def random(self, shape, dtype):
        return np.broadcast_to((np.asarray(self.location, dtype) + 1) / 2, shape).copy()

    def standard_normal(self, shape, dtype):
        return self.rng.standard_normal(shape, dtype)


@pytest.mark.parametrize('kind', ['right', 'probability'])
def test_reinforce_is_the_true_policy_gradient(rng, tiny, kind):
    """d E[R] / d mean by quadrature over all second fixations, against the REINFORCE term's gradient by sampling.

    One image, one first location, two glimpses: the expected reward is an integral over the plane.
    """
    np.random.seed(3)
    model = RecurrentAttentionModel(dataclasses.replace(tiny, glimpses=2, sigma=0.2, reward=kind))
    for network in (model.glimpse_network, model.core_network, model.action_network):
        shake(network, rng)
    model.baseline_network.reward.b.array[...] = 0.3  # no baseline may bias the gradient
    image, start, sigma = rng.random((1, 1, 28, 28), np.float32), (0.1, -0.3), 0.2
    image[:, :, :, :12] /= 4  # so that the location matters
    model.glimpse_network.what.W.array[...] *= 4

    def answers(second):
        """The probabilities (N, 10) of the model's answers if its second location is each of these (N, 2)."""
        def look(t, h, location):
            location[...] = second.clip(-1, 1)
        first = np.broadcast_to(np.float32(start), second.shape)
        images = np.broadcast_to(image, (len(second), *image.shape[1:]))

        def see(t, location):
            return glimpse_sensor(images, location, 4, 2).array
        with chainer.no_backprop_mode():
            states = plain_unroll(see, first, look, model.glimpse_network, model.core_network, 2)[2]
            return F.softmax(model.classify(states)[-1]).array

    episode = model.rollout(image, FixedStart(start, 0), explore=True)
    mean = episode.means.array[0, 0]
    axis = np.linspace(-5 * sigma, 5 * sigma, 161)
    offsets = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    given = answers(mean + offsets)
    density = np.exp(-(offsets ** 2).sum(axis=1) / (2 * sigma ** 2))
    density /= density.sum()
    likeliest = given.argmax(axis=1)
    share = np.bincount(likeliest, density, minlength=10)
    truth = abs(share - 0.5).argmin()  # an answer that some second fixations give and others do not
    assert 0.1 < share[truth] < 0.9
    reward = given[:, truth] if kind == 'probability' else (likeliest == truth).astype(float)
    # d/d mean of the integral of R(l) N(l; mean): the integral of R(l) N(l; mean) (l - mean) / sigma^2.
    by_mean = ((reward * density)[:, None] * offsets / sigma ** 2).sum(axis=0)
    h = episode.states[0, 0]
    expected = -by_mean * (1 - mean ** 2)  # of the loss, through tanh

    n = 60000
    many, labels = np.broadcast_to(image, (n, *image.shape[1:])), np.full(n, truth, np.int32)
    found = gradients(model, many, labels, 'reinforce', FixedStart(start, 1))
    error = 4 * np.linalg.norm(expected) / np.sqrt(n) + 0.05 * np.linalg.norm(expected) + 0.02
    np.testing.assert_allclose(found['/location_network/mean/b'], expected, atol=error)
    np.testing.assert_allclose(found['/location_network/mean/W'], np.outer(expected, h), atol=error * abs(h).max())


def test_a_learned_start_follows_the_true_policy_gradient(rng, tiny):
    """As above for one glimpse, whose location the policy chooses at h_0 = 0."""
    np.random.seed(3)
    sigma = 0.2
    model = RecurrentAttentionModel(dataclasses.replace(tiny, glimpses=1, sigma=sigma, start='learned'))
    for network in (model.glimpse_network, model.core_network, model.action_network):
        shake(network, rng)
    model.location_network.mean.b.array[...] = 0.1, -0.3
    mean = np.tanh(model.location_network.mean.b.array.astype(float))
    image = rng.random((1, 1, 28, 28), np.float32)
    image[:, :, :, :12] /= 4
    model.glimpse_network.what.W.array[...] *= 4
    axis = np.linspace(-5 * sigma, 5 * sigma, 161)
    offsets = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    density = np.exp(-(offsets ** 2).sum(axis=1) / (2 * sigma ** 2))
    density /= density.sum()

    def given(locations):
        images = np.broadcast_to(image, (len(locations), *image.shape[1:]))
        with chainer.no_backprop_mode():
            rho = glimpse_sensor(images, locations, 4, 2).array
            _, h = model.core_network(model.core_network.initial_state(len(locations)),
                                      model.glimpse_network(rho, locations))
            return F.softmax(model.action_network(h)).array

    answers = given((mean + offsets).clip(-1, 1).astype(np.float32))
    truth = (density @ (answers - density @ answers) ** 2).argmax()  # the class whose probability varies most
    by_mean = ((answers[:, truth] * density)[:, None] * offsets / sigma ** 2).sum(axis=0)
    expected = -by_mean * (1 - mean ** 2)

    n = 60000
    many, labels = np.broadcast_to(image, (n, *image.shape[1:])), np.full(n, truth, np.int32)
    found = gradients(model, many, labels, 'reinforce', np.random.default_rng(1))
    error = 4 * np.sqrt((answers[:, truth] ** 2).max() / sigma ** 2 / n) + 0.05 * np.linalg.norm(expected)
    assert np.linalg.norm(expected) > 2 * error  # otherwise nothing is tested
    np.testing.assert_allclose(found['/location_network/mean/b'], expected, atol=error)
    np.testing.assert_array_equal(found['/location_network/mean/W'], 0)


def test_each_network_learns_from_its_own_terms(tiny, batch, rng):
    model = RecurrentAttentionModel(tiny)
    found = {term: gradients(model, *batch, term, rng) for term in ('cross_entropy', 'baseline', 'reinforce')}

    def learns(term):
        return {name.split('/')[1] for name, gradient in found[term].items()
                if gradient is not None and np.abs(gradient).max() > 0}

    assert learns('cross_entropy') == {'glimpse_network', 'core_network', 'action_network'}
    assert learns('baseline') == {'baseline_network'}
    assert learns('reinforce') == {'glimpse_network', 'core_network', 'location_network'}


def test_reinforce_can_be_kept_out_of_the_core(tiny, batch, rng):
    model = RecurrentAttentionModel(dataclasses.replace(tiny, into_core=False))
    found = gradients(model, *batch, 'reinforce', rng)
    assert {name.split('/')[1] for name, gradient in found.items() if gradient is not None} == {'location_network'}


@pytest.mark.parametrize('into_core', [True, False])
def test_the_context_network_learns_from_reinforce_alone(tiny, batch, rng, into_core):
    model = RecurrentAttentionModel(dataclasses.replace(tiny, context=True, into_core=into_core))
    for term in 'cross_entropy', 'baseline', 'reinforce':
        found = gradients(model, *batch, term, rng)
        learns = [gradient is not None and np.abs(gradient).max() > 0
                  for name, gradient in found.items() if name.startswith('/context_network/')]
        assert len(learns) == 4 and (all(learns) if term == 'reinforce' else not any(learns)), term


@pytest.mark.parametrize('kind', ['right', 'probability'])
def test_terms_equal_a_naive_computation(tiny, batch, rng, kind):
    """Written out image by image and step by step."""
    config = dataclasses.replace(tiny, reward=kind, reinforce=0.25)
    model = RecurrentAttentionModel(config)
    images, labels = batch
    episode = model.rollout(images, rng, explore=True)
    logits = episode.logits.array.astype(float)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    right = logits.argmax(axis=1) == labels
    cross_entropy = baseline = reinforce = 0
    for i, label in enumerate(labels):
        cross_entropy -= np.log(p[i, label]) / 8
        for t in range(2):
            advantage = (right[i] if kind == 'right' else p[i, label]) - episode.baselines.array[t, i]
            distance = ((episode.samples[t, i] - episode.means.array[t, i]) ** 2).sum()
            reinforce -= advantage * -distance / (2 * tiny.sigma ** 2) / 8
            baseline += advantage ** 2 / 16
    loss, terms = hybrid_loss(episode, labels, config)
    for term, expected in [('cross_entropy', cross_entropy), ('baseline', baseline), ('reinforce', reinforce),
                           ('error', 1 - right.mean())]:
        value = getattr(terms[term], 'array', terms[term])
        np.testing.assert_allclose(value, expected, rtol=1e-4, atol=1e-5, err_msg=term)
        assert value.dtype == np.float32
    np.testing.assert_allclose(loss.array, cross_entropy + baseline + 0.25 * reinforce, rtol=1e-4)
    assert loss.dtype == np.float32


def test_mc_looks_at_every_image_several_times(tiny, batch, rng):
    seen = []

    class Model(RecurrentAttentionModel):
        def rollout(self, images, *args, **kwargs):
            seen.append(images)
            return super().rollout(images, *args, **kwargs)

    HybridLoss(Model(dataclasses.replace(tiny, mc=3)))(*batch, rng).backward()
    np.testing.assert_array_equal(seen[0][3:6], np.repeat(batch[0][1:2], 3, axis=0))
    assert len(seen[0]) == 24


def test_one_glimpse_has_no_policy_to_learn(tiny, batch, rng):
    loss, terms = hybrid_loss(RecurrentAttentionModel(dataclasses.replace(tiny, glimpses=1)).rollout(
        batch[0], rng, explore=True), batch[1], tiny)
    assert set(terms) == {'error', 'cross_entropy'}
    np.testing.assert_array_equal(loss.array, terms['cross_entropy'].array)
