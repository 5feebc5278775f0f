import json

import chainer
import chainer.functions as F
import numpy as np
import pytest

from benchmarks import archived_curve
from ram import checkpoint, config
from ram.agents.archived_model import ArchivedModel
from ram.fast.unroll import unroll
from ram.losses.archived_loss import ArchivedLoss
from ram.networks.glimpse_sensor import glimpse_sensor


@pytest.fixture
def model():
    np.random.seed(0)
    return ArchivedModel(config.PRESETS['archived'])


def archived_crop(image, l, patch=8):  # noqa: E741
    """One image (28, 28) as the archived code crops it at l: its first column counts rows."""
    size, out = len(image), np.zeros((patch, patch), np.float32)
    corner = np.rint(np.float32(0.5) * (l + 1) * (size - 1)).astype(int) - patch // 2
    for i in range(patch):
        for j in range(patch):
            row, column = corner[0] + i, corner[1] + j
            if 0 <= row < size and 0 <= column < size:
                out[i, j] = image[row, column]
    return out


def test_crops_as_the_archived_code_does(model, rng):
    images = rng.random((200, 1, 28, 28), np.float32)
    l = rng.uniform(-1.6, 1.6, (200, 2)).astype(np.float32)  # noqa: E741
    l[:4] = [(-1, -1), (1, 1), (-1, 1), (1, -1)]
    glimpse = glimpse_sensor(images, model._seen_at(l, 28), 8, 1).array[:, 0]
    np.testing.assert_allclose(glimpse, [archived_crop(image[0], where) for image, where in zip(images, l)], atol=1e-6)


def test_loss_equals_that_of_the_archived_code(model, rng):
    """All terms from one episode, written out in NumPy."""
    images, labels = rng.random((6, 1, 28, 28), np.float32), rng.integers(0, 10, 6).astype(np.int32)
    kept = []

    class Spy(ArchivedModel):
        def rollout(self, *args, **kwargs):
            kept.append(super().rollout(*args, **kwargs))
            return kept[-1]

    spy = Spy(model.config)
    spy.copyparams(model)
    loss = ArchivedLoss(spy)(images, labels, rng)
    episode, = kept
    logits = episode.logits.array.astype(float)
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    r = (logits.argmax(axis=1) == labels) * 1.0
    b = 1 / (1 + np.exp(-(episode.states[-1] @ model.lb.W.array.T + model.lb.b.array)[:, 0]))
    total = -log_p[np.arange(6), labels].mean() + ((r - b) ** 2).mean()
    for i in range(6):
        half_squares = [0.5 * ((episode.samples[t, i] - episode.means.array[t, i]) ** 2).sum() / 0.03 ** 2
                        for t in range(5)]
        total -= np.mean(half_squares) * (r[i] - b[i]) / 6
    np.testing.assert_allclose(loss.array, total, rtol=1e-4)
    loss.backward()
    # The baseline learns from the REINFORCE term too: the quirk that the main model must not have.
    assert model.config.sigma == 0.03 and all(parameter.grad is not None for parameter in spy.params())


def test_samples_deviate_by_the_root_of_sigma_and_are_not_clipped(model, rng):
    episode = model.rollout(rng.random((4000, 1, 28, 28), np.float32), rng, explore=True)
    deviation = (episode.samples - episode.means.array).std()
    assert deviation == pytest.approx(0.03 ** 0.5, rel=0.02)
    model.ll.b.array[...] = 3
    assert model.rollout(rng.random((400, 1, 28, 28), np.float32), rng, explore=True).samples.max() > 1.2


def test_archived_weight_files_are_recognised(model, tmp_path, rng):
    """A file written as the archived code did, by Chainer's own snapshot of the model alone."""
    chainer.serializers.save_npz(tmp_path / 'model100.npz', model)
    loaded = checkpoint.load_model(tmp_path / 'model100.npz')
    assert isinstance(loaded, ArchivedModel)
    images = rng.random((3, 1, 28, 28), np.float32)
    one, two = (m.rollout(images, np.random.default_rng(1)).logits.array for m in (model, loaded))
    np.testing.assert_array_equal(one, two)


def test_own_files_of_the_archived_model_round_trip(model, tmp_path):
    checkpoint.save_model(tmp_path / 'm.npz', model)
    assert checkpoint.load_model(tmp_path / 'm.npz').config == config.PRESETS['archived']


def test_the_committed_run_follows_the_published_curve():
    log = json.loads(archived_curve.LOG.read_text())
    assert [entry['epoch'] for entry in log] == list(range(1, 691))
    apart = archived_curve.differences(log)
    assert len(apart) == 70
    assert apart.mean() <= 0.02 and apart.max() <= 0.06


def test_unrolled_networks_equal_the_links_step_by_step(rng):
    """Values and gradients against the archived code's own sequence of links."""
    np.random.seed(1)
    model = ArchivedModel(config.Config(model='archived', patch=4, scales=1, glimpses=4, unit=5, hidden=6))
    for parameter in model.params():
        parameter.array[...] = rng.normal(0, 0.5, parameter.shape)
    rho = rng.random((4, 3, 16), np.float32)
    where = rng.uniform(-1, 1, (4, 3, 2)).astype(np.float32)
    weights = rng.normal(size=(4, 3, 6)).astype(np.float32)

    def gradients(before, last):
        model.cleargrads()
        (F.sum(before * weights[:-1].reshape(-1, 6)) + F.sum(last * weights[-1])).backward()
        return {name: parameter.grad for name, parameter in model.namedparams() if parameter.grad is not None}

    states, c, h = [], None, None
    for t in range(4):
        g = F.concat([F.relu(model.ll1(where[t])), F.relu(model.lrho1(rho[t]))])
        c, h = model.lstm(c, h, F.relu(model.lh2(F.relu(model.lh1(g)))))
        states.append(h)

    def see(t, location, out):
        out[...] = rho[t]

    def look(t, h, location):
        location[...] = where[t + 1]

    before, last, unrolled, _ = unroll(see, where[0], look, model._glimpse(), model._core(), 4)
    for one, two in zip(states, unrolled, strict=True):
        np.testing.assert_allclose(one.array, two, rtol=1e-5, atol=1e-6)
    expected, found = gradients(F.concat(states[:-1], axis=0), states[-1]), gradients(before, last)
    assert set(expected) == set(found)
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-4, atol=1e-5, err_msg=name)
