import itertools

import chainer
import chainer.functions as F
import numpy as np
import pytest
from scipy.stats import norm

from ram.agents.recurrent_attention import Episode
from ram.losses.sequence_loss import SequenceLoss, returns, sequence_loss
from ram.registry import make_model
from tests import rows as task
from tests.losses.conftest import observed

rows = task.rows


def softmax(logits):
    odds = np.exp(logits.astype(float))
    return odds / odds.sum(axis=-1, keepdims=True)


def naive_returns(logits, labels, kind):
    """Image by image, and from each place on."""
    chances = softmax(logits)
    found = np.zeros(logits.shape[:2])
    for i, row in enumerate(labels):
        text = [label for label in row if label >= 0]
        for s in range(len(text)):
            run = 1.0
            for k in range(s, len(text)):
                if kind == 'right':
                    run *= logits[k, i].argmax() == text[k]
                else:
                    run *= chances[k, i, text[k]]
                found[s, i] += run
    return found


@pytest.mark.parametrize('kind', ['right', 'probability'])
def test_returns_equal_a_naive_loop(rng, kind):
    """Of texts of all lengths, the empty one among them, with right and wrong answers."""
    labels = np.concatenate([task.random_labels(rng, 60), [[3, -1, -1, -1]]]).astype(np.int32)
    logits = rng.standard_normal((4, 61, 4), np.float32)
    for i, row in enumerate(labels):
        for s, label in enumerate(row):
            logits[s, i, label] += 2  # so that most are right
    found = returns(logits, labels, kind)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, naive_returns(logits, labels, kind), rtol=1e-5)
    assert found.max() > 2 and (found[labels.T < 0] == 0).all()


def test_the_return_is_what_is_expected_of_drawn_answers(rng):
    """Against the exhaustive sum over all answers to two characters and the end."""
    logits, text = rng.standard_normal((3, 1, 3), np.float32), (1, 0, 2)
    chances, expected = softmax(logits[:, 0]), np.zeros(3)
    for answers in itertools.product(range(3), repeat=3):
        share = np.prod([chances[s, answer] for s, answer in enumerate(answers)])
        for s in range(3):
            right = [answers[k] == text[k] for k in range(s, 3)] + [False]
            expected[s] += share * right.index(False)
    np.testing.assert_allclose(returns(logits, np.int32([text]), 'probability')[:, 0], expected, rtol=1e-5)


def test_the_cross_entropy_has_the_gradient_of_the_texts_probability(rows, rng):
    """That is the exhaustive sum over all answers of which the text is read: those after the end may be anything."""
    label, logits = np.int32([[1, 3, -1, -1]]), rng.standard_normal((4, 1, 4), np.float32)

    def surprise(logits):
        chances = softmax(logits[:, 0])
        return -np.log(sum(np.prod([chances[s, answer] for s, answer in enumerate(answers)])
                           for answers in itertools.product(range(4), repeat=4) if answers[:2] == (1, 3)))

    variable = chainer.Variable(logits)
    loss, _ = sequence_loss(Episode(None, None, variable), label, task.config())
    loss.backward()
    assert float(loss.array) == pytest.approx(surprise(logits), rel=1e-5)
    for place in np.ndindex(logits.shape):
        step = np.zeros(logits.shape)
        step[place] = 1e-4
        slope = (surprise(logits + step) - surprise(logits - step)) / 2e-4
        assert variable.grad[place] == pytest.approx(slope, abs=1e-5), place


@pytest.mark.parametrize('kind', ['right', 'probability'])
def test_reinforce_is_the_true_policy_gradient(rows, kind):
    """Against numerical derivatives of the exhaustive sum over all locations of a grid and over all answers.

    One glimpse for each answer; the first of the four locations is fixed.  Each right answer is likelier the further
    the location is to the right, and the last depends on both locations, so that each location has its part in what
    comes later, but only the second and the third have a return: after the end of the text there is none.
    """
    config, sigma, count = task.config(glimpses=1, sigma=0.3, reward=kind), 0.3, 300
    label, means = [1, 0, 3, -1], np.array([[0.2, 0], [-0.1, 0], [0.3, 0]], np.float32)

    def odds(second, third):
        """The logits (4, N, 4) of all answers for some x of the second and third location."""
        logits = np.zeros((4, len(second), 4), np.float32)
        logits[0, :, 1], logits[1, :, 0], logits[2, :, 3] = 1, 2 * second, 3 * third - second
        return logits

    def expected(place, mean):
        """The return of the location for answer ``place``, expected if its mean is this."""
        xs = [np.linspace(-1.5, 1.5, 301) + centre for centre in means[:2, 0]]
        density = [norm.pdf(x, m, sigma) for x, m in zip(xs, [mean, means[1, 0]] if place == 1 else [
            means[0, 0], mean])]
        density = np.outer(*(each / each.sum() for each in density)).ravel()
        found = naive_returns_of_two(odds(*(x.ravel() for x in np.meshgrid(*xs, indexing='ij'))), label, kind)
        return density @ found[place - 1]

    strata = norm.ppf((np.arange(count) + 0.5) / count) * sigma
    x = np.stack([part.ravel() for part in np.meshgrid(strata, strata, indexing='ij')])
    samples = np.zeros((3, x.shape[1], 2), np.float32)
    samples[:2, :, 0] = x
    samples[2, :, 0] = 0.1
    samples += means[:, None]
    parameter = chainer.Variable(means)
    episode = Episode(np.zeros((4, x.shape[1], 2), np.float32), None,
                      chainer.Variable(odds(samples[0, :, 0], samples[1, :, 0])), samples,
                      F.broadcast_to(parameter[:, None], samples.shape),
                      chainer.Variable(np.full(samples.shape[:2], 0.7, np.float32)))
    labels = np.broadcast_to(np.int32(label), (x.shape[1], 4))
    sequence_loss(episode, labels, config)[1]['reinforce'].backward()
    for place in 1, 2:
        mean = float(means[place - 1, 0])
        slope = (expected(place, mean + 1e-3) - expected(place, mean - 1e-3)) / 2e-3
        assert slope > 0.1 and -parameter.grad[place - 1, 0] == pytest.approx(slope, rel=0.03)
    assert (parameter.grad[2] == 0).all() and abs(parameter.grad[:, 1]).max() < 1e-3


def naive_returns_of_two(logits, label, kind):
    """Those of the second answer and of the third, the end: the sums over all answers that may be drawn, or are."""
    chances = softmax(logits)
    if kind == 'right':
        chances = np.eye(4)[logits.argmax(axis=2)]
    found = np.zeros((2, logits.shape[1]))
    for second, third in itertools.product(range(4), repeat=2):
        share = chances[1, :, second] * chances[2, :, third]
        found[0] += share * ((second == label[1]) + (second == label[1] and third == label[2]))
        found[1] += share * (third == label[2])
    return found


def test_terms_equal_a_naive_computation(rows, rng):
    """Written out image by image and location by location."""
    config = task.config(reinforce=0.25)
    model, labels = make_model(config), task.random_labels(rng, 8)
    episode = model.rollout(task.pictures_of(labels), rng, explore=True)
    logits = episode.logits.array
    chances, gains = softmax(logits), naive_returns(logits, labels, 'probability')
    cross_entropy = reinforce = wrong = wrong_answers = 0
    errors = []
    for i, row in enumerate(labels):
        said = logits[:, i].argmax(axis=1)
        length = row.tolist().index(3)
        wrong += (said[:3] != row[:3])[:length + 1].any() / 8
        for s in range(length + 1):
            cross_entropy -= np.log(chances[s, i, row[s]]) / 8
            wrong_answers += said[s] != row[s]
        for t in range(1, 2 * (length + 1)):  # two glimpses for each answer; the first is in the middle
            advantage = gains[t // 2, i] - episode.baselines.array[t - 1, i]
            distance = ((episode.samples[t - 1, i] - episode.means.array[t - 1, i]) ** 2).sum()
            reinforce += advantage * distance / (2 * config.sigma ** 2) / 8
            errors.append(advantage ** 2)
    loss, terms = sequence_loss(episode, labels, config)
    expected = {'cross_entropy': cross_entropy, 'reinforce': reinforce, 'baseline': np.mean(errors), 'error': wrong,
                'answer_error': wrong_answers / (labels >= 0).sum()}
    assert set(terms) == set(expected)
    for name, value in expected.items():
        found = getattr(terms[name], 'array', terms[name])
        np.testing.assert_allclose(found, value, rtol=1e-4, atol=1e-5, err_msg=name)
        assert found.dtype == np.float32
    np.testing.assert_allclose(loss.array, cross_entropy + np.mean(errors) + 0.25 * reinforce, rtol=1e-4)


def test_a_text_is_wrong_if_anything_up_to_its_end_is(rows):
    """What is said after an end makes no difference, nor what is said in the last place, which can only be the end."""
    labels = np.int32([[1, 0, 3, -1], [1, 0, 3, -1], [2, 3, -1, -1], [0, 1, 2, 3]])
    said = np.array([[1, 0, 3, 2], [1, 0, 2, 3], [2, 3, 1, 0], [0, 1, 2, 1]])
    episode = Episode(None, None, chainer.Variable(np.eye(4, dtype=np.float32)[said.T]))
    _, terms = sequence_loss(episode, labels, task.config())
    assert (terms['error'], terms['answer_error']) == (0.25, pytest.approx(2 / 12))


@pytest.mark.parametrize('changes', [dict(), dict(start='learned'), dict(context=True), dict(glimpses=1)], ids=str)
def test_each_network_learns_from_its_own_terms(rows, rng, changes):
    model, labels = make_model(task.config(**changes)), task.random_labels(rng, 8)
    learns = {}
    for term in 'cross_entropy', 'baseline', 'reinforce':
        model.cleargrads()
        episode = model.rollout(task.pictures_of(labels), np.random.default_rng(1), explore=True)
        sequence_loss(episode, labels, model.config)[1][term].backward()
        learns[term] = {name.split('/')[1] for name, parameter in model.namedparams()
                        if parameter.grad is not None and abs(parameter.grad).max() > 0}
    core = {'glimpse_network', 'core_network'}
    assert learns == {
        'cross_entropy': core | {'action_network'}, 'baseline': {'baseline_network'},
        'reinforce': core | {'location_network'} | ({'context_network'} if model.config.context else set())}


def test_several_episodes_of_an_image_are_those_of_several_copies(rows, rng):
    labels = task.random_labels(rng, 5)
    images, model = task.pictures_of(labels), make_model(task.config())
    once = observed(SequenceLoss(model), images.repeat(2, axis=0), labels.repeat(2, axis=0), np.random.default_rng(0))
    model.config = task.config(mc=2)
    assert observed(SequenceLoss(model), images, labels, np.random.default_rng(0)) == once
    assert set(once[0]) == set(SequenceLoss.reported)
