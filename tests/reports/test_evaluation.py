import collections
import contextlib
import dataclasses
from types import SimpleNamespace

import chainer
import numpy as np
import pytest

from ram.agents.recurrent_attention import Episode, RecurrentAttentionModel
from ram.config import PRESETS, Config
from ram.registry import make_model
from ram.reports import evaluation, games
from ram.reports.intervals import wilson_interval
from tests.networks.conftest import shake


class Oracle:
    """After the last glimpse, answers the column of the brightest pixel; before, always 0."""
    config = Config()

    def rollout(self, images, rng, policy):
        states = np.zeros(len(images), int), images[:, 0, 0].argmax(axis=1)
        return Episode(None, states, self.classify(states)[-1])

    def classify(self, states):
        return chainer.Variable(np.stack([np.eye(10, dtype=np.float32)[state] for state in states]))


def scenes(columns):
    images = np.zeros((len(columns), 1, 4, 10), np.uint8)
    images[np.arange(len(columns)), 0, 0, columns] = 255
    return images


def test_errors_by_glimpse_are_counted_over_all_batches():
    labels = np.arange(100) % 10
    answers = labels.copy()
    answers[:7] = 9 - answers[:7]
    result = evaluation.evaluate(Oracle(), scenes(answers), labels, np.random.default_rng, repeats=3)
    wrong = evaluation.mistakes(Oracle(), scenes(answers), labels, None, batchsize=33)
    assert result['by_glimpse'] == pytest.approx([90, 7]) and result['test_error'] == pytest.approx(7)
    assert result['n'] == 100 and wrong.sum(axis=1).tolist() == [90, 7]


class Wavering(Oracle):
    """Says 0 after one glimpse, 1 after two, and the column of the brightest pixel after three; remembers its calls."""

    def __init__(self):
        self.calls = []

    def rollout(self, images, rng, policy):
        self.calls.append((len(images), policy, chainer.config.train, chainer.config.enable_backprop))
        answer = images[:, 0, 0].argmax(axis=1)
        states = 0 * answer, 0 * answer + 1, answer
        return Episode(None, states, self.classify(states)[-1])


def test_everything_that_is_said_of_a_model():
    labels = np.repeat(np.arange(9), 2)  # and no image of the class 9
    answers = labels.copy()
    answers[:3] = 9, 0, 5
    model = Wavering()
    result = evaluation.evaluate(model, scenes(answers), labels, np.random.default_rng, 4, 2, 'random')
    low, high = result.pop('ci95')
    assert low < 100 * 2 / 18 < high
    table = np.zeros((10, 10))
    for label, answer in zip(labels, answers):
        table[label, answer] += 1
    assert result == {
        'test_error': pytest.approx(100 * 2 / 18), 'by_glimpse': pytest.approx([100 * 16 / 18] * 2 + [100 * 2 / 18]),
        'by_class': [50, 50, *[0] * 7, None], 'n': 18, 'repeats': 2, 'seed': 4, 'policy': 'random',
        'confusion': table.tolist()}
    assert model.calls == [(18, 'random', False, False)] * 2
    assert evaluation.evaluate(model, scenes(answers), labels, np.random.default_rng)['policy'] == 'learned'


def test_by_default_ten_draws_from_the_same_seed():
    labels, seeds, model = np.arange(5), [], Wavering()

    def make_rng(seed):
        seeds.append(seed)

    one = evaluation.evaluate(model, scenes(labels), labels, make_rng)
    two = evaluation.evaluate_passes(model, scenes(labels), labels, make_rng)
    assert (one['repeats'], one['seed'], two['passes'], seeds, len(model.calls)) == (10, 0, 10, [0, 0], 20)


def test_by_default_each_image_is_looked_at_once():
    for ask in evaluation.answers, evaluation.looks, evaluation.probabilities, evaluation.probabilities_by_glimpse:
        model = Wavering()
        ask(model, scenes(np.arange(5)), None)
        assert len(model.calls) == 1


def test_progress_counts_the_images(monkeypatch):
    counted, totals = [], []

    @contextlib.contextmanager
    def progress(what, total, unit):
        totals.append(total)
        yield SimpleNamespace(update=counted.append)

    monkeypatch.setattr(evaluation, 'progress', progress)
    evaluation.answers(Oracle(), scenes(np.arange(9)), None, batchsize=4, passes=3)
    assert counted == [4, 4, 1] * 3 and totals == [27]


@pytest.mark.parametrize('classes', [12, 13])
def test_confusions_of_few_classes_are_a_table_and_of_many_a_list(classes):
    """With 13 classes, each taken for the next: pairs that are as frequent are in the order of the classes."""
    labels, names = np.arange(classes), [f'class {i}' for i in range(classes)]
    found = evaluation.confusion(labels, (labels[None] + 1) % classes, names)
    if classes == 12:
        np.testing.assert_array_equal(found['confusion'], np.roll(np.eye(12), 1, axis=1))
    else:
        assert [(pair['truth'], pair['answer'], pair['scenes'], pair['percent']) for pair in found['worst_pairs']] == [
            (names[i], names[i + 1], 1, 100) for i in range(10)]


def test_the_most_frequent_confusions_by_hand(rng):
    names, labels = [f'class {i}' for i in range(15)], rng.integers(0, 15, 400)
    said = np.where(rng.random((3, 400)) < 0.3, rng.integers(0, 15, (3, 400)), labels)
    counts = collections.Counter(
        (truth, answer) for row in said for truth, answer in zip(labels, row) if truth != answer)
    most = sorted(counts, key=lambda pair: (-counts[pair], *pair))[:10]
    assert evaluation.confusion(labels, said, names)['worst_pairs'] == [
        {'truth': names[truth], 'answer': names[answer], 'scenes': pytest.approx(counts[truth, answer] / 3),
         'percent': pytest.approx(100 * counts[truth, answer] / 3 / (labels == truth).sum())}
        for truth, answer in most]


def test_mistakes_are_those_of_the_rollout(tiny, rng):
    """By hand, in batches of five, from the same generator."""
    model = shake(RecurrentAttentionModel(tiny), rng)
    images = rng.integers(0, 256, (12, 1, 28, 28)).astype(np.uint8)
    labels, draws = rng.integers(0, 10, 12).astype(np.int32), np.random.default_rng(3)
    logits = [model.classify(model.rollout(images[start:start + 5], draws, 'random').states).array
              for start in (0, 5, 10)]
    expected = np.concatenate(logits, axis=1).argmax(axis=2) != labels
    found = evaluation.mistakes(model, images, labels, np.random.default_rng(3), 'random', 5)
    np.testing.assert_array_equal(found, expected)
    chances = evaluation.probabilities(model, images, np.random.default_rng(3), 1, 'random', 5)
    np.testing.assert_array_equal(chances.argmax(axis=1), np.concatenate(logits, axis=1)[-1].argmax(axis=1))


def test_repeats_draw_different_first_locations():
    drawn = []

    class Model(Oracle):
        def rollout(self, images, rng, policy):
            drawn.append(rng.random())
            return super().rollout(images, rng, policy)

    labels = np.zeros(4, int)
    evaluation.evaluate(Model(), scenes(labels), labels, np.random.default_rng, seed=3, repeats=5)
    assert len(set(drawn)) == 5


@pytest.mark.parametrize('value', [np.nan, np.inf])
def test_answers_that_are_not_finite_are_no_answers(tiny, rng, value):
    """They would be the first class, for every image."""
    model, images = RecurrentAttentionModel(tiny), np.zeros((3, 1, 28, 28), np.uint8)
    model.action_network.logits.b.array[4] = value
    for function in evaluation.answers, evaluation.probabilities, evaluation.fixations:
        with pytest.raises(FloatingPointError, match='the answers of the model are not finite'):
            function(model, images, rng)
        assert chainer.config.train and chainer.config.enable_backprop
    player = make_model(dataclasses.replace(PRESETS['catch'], size=6, patch=3, scales=1, unit=5, hidden=7))
    player.action_network.logits.b.array[1] = value
    with pytest.raises(FloatingPointError, match='the answers of the model are not finite'):
        games.play_model(player, rng, 4)


@pytest.mark.parametrize('policy', ['learned', 'random'])
def test_the_mean_probabilities_of_several_passes(tiny, rng, policy):
    """Averaged by hand, image by image, from rollouts of the same generator."""
    model = shake(RecurrentAttentionModel(tiny), rng)
    images = rng.integers(0, 256, (40, 1, 28, 28)).astype(np.uint8)
    draws = np.random.default_rng(3)
    logits = [model.rollout(images.astype(np.float32) / 255, draws, policy).logits.array for _ in range(4)]
    means = np.zeros((40, 10))
    for i in range(40):
        for each in logits:
            means[i] += np.exp(each[i].astype(float)) / np.exp(each[i].astype(float)).sum() / 4
    found = evaluation.probabilities(model, images, np.random.default_rng(3), 4, policy)
    np.testing.assert_allclose(found, means, atol=1e-6)
    assert found.dtype == np.float32
    labels = means.argmax(axis=1)
    labels[:6] = (labels[:6] + 1) % 10
    result = evaluation.evaluate_passes(model, images, labels, np.random.default_rng, 3, 4, policy)
    assert result == {'passes': 4, 'passes_error': 15.0, 'passes_ci95': wilson_interval(15, 40)}
    assert any((means.argmax(axis=1) != each.argmax(axis=1)).any() for each in logits)  # one pass says something else


def test_fixations_are_those_of_the_rollout(tiny, rng):
    model = RecurrentAttentionModel(tiny)
    images = rng.integers(0, 256, (5, 1, 28, 28)).astype(np.uint8)
    found = evaluation.fixations(model, images, np.random.default_rng(1), batchsize=5)
    expected = model.rollout(images.astype(np.float32) / 255, np.random.default_rng(1)).locations
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert evaluation.fixations(model, images, rng, batchsize=2).shape == (3, 5, 2)


@pytest.mark.parametrize('labels, words', [
    (np.zeros((4, 1), np.int32), r'\(4, 1\) of int32'), (np.zeros(3, np.int32), r'\(3,\)'),
    (np.zeros(4, np.float32), 'float32'), (np.full(4, 10), 'from 10 to 10'), (np.full(4, -1), 'from -1 to -1'),
    ([0, 1, 2, 3], 'list'), (np.eye(10, dtype=int)[:4], r'\(4, 10\)')], ids=str)
def test_labels_that_are_no_classes_are_refused(tiny, rng, labels, words):
    """Some of them would be compared with the wrong answers, without a word."""
    model, images = RecurrentAttentionModel(tiny), np.zeros((4, 1, 28, 28), np.uint8)
    for ask in (lambda: evaluation.mistakes(model, images, labels, rng),
                lambda: evaluation.evaluate(model, images, labels, np.random.default_rng),
                lambda: evaluation.evaluate_passes(model, images, labels, np.random.default_rng)):
        with pytest.raises(ValueError, match=rf'labels must be an int array \(4,\), .* from 0 to 9, not .*{words}'):
            ask()


def test_no_images_have_no_error(tiny, rng):
    model, images, labels = RecurrentAttentionModel(tiny), np.zeros((0, 1, 28, 28), np.uint8), np.zeros(0, np.int32)
    for measure in evaluation.evaluate, evaluation.evaluate_passes:
        with pytest.raises(ValueError, match='no images'):
            measure(model, images, labels, np.random.default_rng)
    assert evaluation.fixations(model, images, rng).shape == (3, 0, 2)
