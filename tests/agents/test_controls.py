import dataclasses

import numpy as np
import pytest
from scipy import ndimage

from ram import config
from ram.agents.recurrent_attention import RecurrentAttentionModel
from ram.config import Config
from ram.losses.hybrid_loss import HybridLoss
from ram.registry import MODELS, make_model
from ram.reports import evaluation
from tests.conftest import assert_one_clear_line, script
from tests.networks.conftest import shake

KINDS = [name for name, model in MODELS.items() if not model.gaze and model.goal == 'classification']


def naive(model, image):
    """Logits of one image (H, W), unit by unit."""
    def layer(link, x):
        return link.W.array.astype(float) @ x + link.b.array

    if model.config.model in ('conv3', 'conv4'):
        maps = naive_stages(model, image)
        first = maps.ravel() if model.config.model == 'conv3' else maps.mean(axis=(1, 2))
        return layer(model.logits, np.maximum(layer(model.second, first), 0))
    if model.config.model == 'conv':
        W, b, places = model.first.W.array, model.first.b.array, range(0, image.shape[0] - 9, 5)
        first = np.array([[[(W[k, 0] * image[i:i + 10, j:j + 10]).sum() + b[k] for j in places] for i in places]
                          for k in range(8)]).ravel()
    else:
        first = layer(model.first, image.ravel())
    return layer(model.logits, np.maximum(layer(model.second, np.maximum(first, 0)), 0))


def naive_stages(model, image):
    """The outputs of the convolutional layers, from one image (H, W), with SciPy's correlation and windows."""
    maps = image[None]
    for convolution in model.first:
        W, b = convolution.W.array.astype(float), convolution.b.array
        maps = np.array([sum(ndimage.correlate(x, w, mode='constant') for x, w in zip(maps, filters)) + bias
                         for filters, bias in zip(W, b)])
        rows, columns = (side // 2 for side in maps.shape[1:])
        maps = np.maximum(maps[:, :2 * rows, :2 * columns].reshape(len(maps), rows, 2, columns, 2).max(axis=(2, 4)), 0)
    return maps


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('size', [28, 33])
def test_equals_a_naive_network(kind, size, rng):
    model = shake(make_model(Config(model=kind, size=size)), rng)
    images = rng.random((3, 1, size, size), np.float32)
    episode = model.rollout(images)
    expected = [naive(model, image[0].astype(float)) for image in images]
    near = dict(rtol=1e-4, atol=1e-6 * np.abs(expected).max())
    np.testing.assert_allclose(episode.logits.array, expected, **near)
    np.testing.assert_allclose(model.classify(episode.states).array, [expected], **near)


@pytest.mark.parametrize('kind, size, count', [
    ('fc64', 60, 3601 * 64 + 65 * 64 + 650), ('fc256', 60, 3601 * 256 + 257 * 256 + 2570),
    ('conv3', 28, 10 * 32 + 289 * 64 + 577 * 128 + (9 * 128 + 1) * 256 + 2570),
    ('conv4', 64, 10 * 32 + 289 * 64 + 577 * 128 + 1153 * 408 + 409 * 256 + 2570),
    ('conv', 60, 8 * 101 + (8 * 11 * 11 + 1) * 256 + 2570), ('conv', 28, 8 * 101 + (8 * 4 * 4 + 1) * 256 + 2570)])
def test_has_the_papers_sizes(kind, size, count):
    model = make_model(Config(model=kind, size=size))
    assert model.count_params() == count
    assert model.config.largest_layer <= count


@pytest.mark.parametrize('kind', KINDS)
def test_learns_from_the_cross_entropy_alone(kind, rng):
    model = make_model(Config(model=kind, size=28))
    images, labels = rng.random((8, 1, 28, 28), np.float32), rng.integers(0, 10, 8).astype(np.int32)
    model.cleargrads()
    loss = HybridLoss(model)(images, labels, rng)
    logits = model.rollout(images).logits.array.astype(float)
    expected = np.mean([np.log(np.exp(row).sum()) - row[label] for row, label in zip(logits, labels)])
    assert float(loss.array) == pytest.approx(expected, rel=1e-5)
    loss.backward()
    assert all(np.isfinite(parameter.grad).all() for parameter in model.params())


def test_a_model_is_evaluated_by_the_policy_that_it_was_trained_with(rng, tiny):
    model = RecurrentAttentionModel(dataclasses.replace(tiny, policy='random'))
    seen = []
    monkey = model.rollout
    model.rollout = lambda images, rng, policy: seen.append(policy) or monkey(images, rng, policy)
    images, labels = rng.integers(0, 256, (4, 1, 28, 28)).astype(np.uint8), np.arange(4, dtype=np.int32)
    result = evaluation.evaluate(model, images, labels, np.random.default_rng, repeats=1)
    assert seen == [result['policy']] == ['random']


def test_random_locations_train_no_policy(rng, tiny):
    model = RecurrentAttentionModel(dataclasses.replace(tiny, policy='random'))
    model.cleargrads()
    HybridLoss(model)(rng.random((8, 1, 28, 28), np.float32), np.arange(8, dtype=np.int32), rng).backward()
    moved = {name.split('/')[1] for name, p in model.namedparams() if p.grad is not None and abs(p.grad).max() > 0}
    assert moved == {'glimpse_network', 'core_network', 'action_network'}


def test_from_the_command_line(tmp_path):
    assert script('train.py', '--dataset', 'mnist', '--digits', 'fonts', '--model', 'conv', '-e', 1, '--lr', 0.003,
                  '-o', tmp_path / 'run').returncode == 0
    result = script('evaluate.py', tmp_path / 'run' / 'model.npz')
    assert 'the control conv' in result.stdout and 'glimpse' not in result.stdout
    assert float(result.stdout.split('test error')[1].split('%')[0]) < 30
    assert_one_clear_line(script('visualize.py', tmp_path / 'run' / 'model.npz'), 'conv', 'no gaze')
    assert config.PRESETS['mnist'].model == 'ram'
