"""Steps that are launched as one CUDA graph are the plain steps."""
import dataclasses
import importlib.util
from types import SimpleNamespace

import chainer
import numpy as np
import pytest
from chainer import training
from chainer.backends import cuda

from ram import config, random_streams
from ram.fast import cublas
from ram.fast.product import capturable, product
from ram.registry import make_loss, make_model
from ram.training import graph
from ram.training.optimizers import make_optimizer
from ram.training.scene_iterator import SceneIterator
from tests import rows as task

rows = task.rows
STEPS = 20 if importlib.util.find_spec('standin') else 100
SMALL = dict(patch=4, scales=2, glimpses=2, unit=8, hidden=8, batchsize=6, filters=4)


def sources(preset):
    """20 random pictures, and their labels."""
    rng = np.random.default_rng(0)
    if preset == 'rows':
        labels = task.random_labels(rng, 20)
        return task.pictures_of(labels), labels
    shape = (20, 3, 32, 32) if preset == 'svhn' else (20, 28, 28)
    return rng.integers(0, 256, shape).astype(np.uint8), np.arange(20, dtype=np.int32) % 10


def make(updater, preset, **changes):
    """An updater of that kind, for a small run; always with the same weights and scenes."""
    c = dataclasses.replace(config.PRESETS[preset], **{**SMALL, **changes})
    c = c if c.size < 60 else dataclasses.replace(c, size=32)
    device = chainer.get_device('@cupy:0')
    digits, labels = sources(preset)
    iterator = SceneIterator(
        device.send(digits), device.send(labels), c.size, c.clutter, c.batchsize, c.seed, c.shift,
        augmentation=c.augmentation)
    np.random.seed(0)
    loss = make_loss(make_model(c))
    loss.to_device(device)
    return updater(iterator, make_optimizer(c, loss), device)


def weights(updater):
    target = updater.get_optimizer('main').target
    return np.concatenate([parameter.array.get().ravel() for parameter in target.params()])


def trained(updater, steps, before=lambda updater: None):
    """What was reported in each of so many steps, and the weights after them."""
    reporter, reported = chainer.Reporter(), []
    reporter.add_observer('main', updater.get_optimizer('main').target)
    for _ in range(steps):
        before(updater)
        with reporter.scope({}):
            updater.update()
            reported.append(reporter.observation)
    return [{name: float(getattr(value, 'array', value)) for name, value in found.items()}
            for found in reported], weights(updater)


def set_rate(updater, rate):
    """Sets the learning rate, under any of its names."""
    optimizer = updater.get_optimizer('main')
    setattr(optimizer, 'alpha' if hasattr(optimizer, 'alpha') else 'lr', rate)


def disturb(updater):
    """What may happen between steps: another rate, memory given back, and arrays of all sizes."""
    set_rate(updater, 0.002 if updater.iteration % 2 else 0.001)
    cuda.cupy.get_default_memory_pool().free_all_blocks()
    for power in range(16):
        cuda.cupy.full(2 ** power, np.nan, np.float32)


@pytest.mark.parametrize('preset, changes', [
    ('mnist', {'core': 'relu', 'optimizer': 'nesterov', 'weight_decay': 0.1}),
    ('mnist', {'core': 'lstm', 'optimizer': 'momentum', 'glimpse_network': 'conv', 'mc': 2}),
    ('translated', {'core': 'lstm', 'optimizer': 'adam'}),
    ('translated', {'core': 'relu', 'glimpse_network': 'conv', 'start': 'learned'}),
    ('cluttered', {'core': 'lstm', 'optimizer': 'adam', 'policy': 'random'}),
    ('svhn', {'glimpses': 3, 'context': True}), ('archived', {}), ('mnist', {'model': 'fc64'}),
    ('svhn', {'model': 'conv3'}), ('rows', {})], ids=str)
def test_a_graph_trains_as_launches_do(rows, preset, changes, capsys):
    updater = make(graph.GraphUpdater, preset, **changes)
    start = weights(updater)
    expected, plainly = trained(make(graph.plain_updater, preset, **changes), STEPS, disturb)
    found, by_graph = trained(updater, STEPS, disturb)
    assert updater.step.graph and not capsys.readouterr().err
    assert found[0].keys() == expected[0].keys()
    assert len({report['main/loss'] for report in found}) == STEPS
    for name in expected[0]:  # the rounding of a hundred steps adds up
        one, other = ([report[name] for report in reports[:20]] for reports in (found, expected))
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4, err_msg=name)
    assert np.linalg.norm(by_graph - plainly) < 0.02 * np.linalg.norm(plainly - start)
    optimizer = updater.get_optimizer('main')
    assert {optimizer.t, *(p.update_rule.t for p in optimizer.target.params())} == {STEPS}


@pytest.mark.parametrize('optimizer', ['adam', 'nesterov'])
def test_a_rate_of_zero_reaches_the_graph(optimizer):
    updater = make(graph.GraphUpdater, 'mnist', optimizer=optimizer, momentum=0.0, weight_decay=0.1)
    trained(updater, 5)
    before = weights(updater)
    set_rate(updater, 0.0)
    trained(updater, 1)
    np.testing.assert_array_equal(weights(updater), before)


def test_what_was_reported_stays():
    updater = make(graph.GraphUpdater, 'mnist')
    trained(updater, 3)
    reporter = chainer.Reporter()
    with reporter.scope({}):
        updater.update()
        kept = reporter.observation['main/loss']
    before = float(kept)
    trained(updater, 1)
    assert float(kept) == before


captured = graph.Step.captured


def fails():
    raise RuntimeError('it\nfails')


def not_launched(step):
    captured(step)
    return SimpleNamespace(launch=fails)


@pytest.mark.parametrize('model, broken, reason', [
    ('conv', [], 'NotImplementedError: calling cuBLAS'),
    ('ram', [(cublas, 'shared', fails)], 'RuntimeError: it fails'),
    ('ram', [(graph.Step, 'captured', not_launched)], 'RuntimeError: it fails')],
    ids=['CuPy refuses', 'no library', 'the first launch'])
def test_what_cannot_be_captured_is_launched_as_it_was(model, broken, reason, capsys, monkeypatch):
    for place in broken:
        monkeypatch.setattr(*place)
    (expected, plainly), (found, fallen_back) = (
        trained(make(updater, 'mnist', optimizer='adam', lr=0.001, model=model), 6)
        for updater in (graph.plain_updater, graph.GraphUpdater))
    for report, wanted in zip(found, expected):
        assert report == pytest.approx(wanted, rel=1e-3)
    np.testing.assert_allclose(fallen_back, plainly, rtol=1e-3, atol=1e-4)
    line, = capsys.readouterr().err.splitlines()
    assert line.startswith('The kernels of a step are launched one by one') and reason in line


def test_an_obstacle_is_said(capsys):
    updater = make(graph.plain_updater, 'mnist')
    iterator, device = updater.get_iterator('main'), chainer.get_device('@cupy:0')
    optimizer = updater.get_optimizer('main')
    assert isinstance(graph.make_updater(iterator, optimizer, device), graph.GraphUpdater)
    assert not capsys.readouterr().err
    iterator.objects = 2
    found = graph.make_updater(iterator, optimizer, device)
    assert type(found) is training.updaters.StandardUpdater
    assert 'drawn again where they overlap' in capsys.readouterr().err


def test_a_generator_becomes_another_one():
    device = chainer.get_device('@cupy:0')
    one, other, same = (random_streams.generator(device, seed) for seed in (1, 2, 2))
    place = one.bit_generator._state.data.ptr
    one.random((7,), dtype=np.float32)
    random_streams.become(one, other)
    assert one.bit_generator._state.data.ptr == place
    for name in 'random', 'standard_normal':
        np.testing.assert_array_equal(getattr(one, name)((9,), dtype=np.float32).get(),
                                      getattr(same, name)((9,), dtype=np.float32).get())


@pytest.mark.parametrize('m, n, k', [(3, 4, 5), (1, 4, 5), (3, 1, 5), (3, 4, 1), (1, 1, 2)])
def test_products_of_all_layouts(rng, m, n, k):
    def layouts(rows, columns):
        values = rng.standard_normal((rows, columns), np.float32)
        wide = cuda.cupy.zeros((rows, columns + 3), np.float32)
        wide[:, 1:-2] = cuda.to_gpu(values)
        yield values, cuda.to_gpu(values)
        yield values, cuda.to_gpu(values.T.copy()).T
        yield values, wide[:, 1:-2]
        yield values, wide.T.copy().T[:, 1:-2]

    for x, a in layouts(m, k):
        for y, b in layouts(k, n):
            for out in None, cuda.cupy.empty((m, n), np.float32):
                with capturable():
                    found = product(a, b, out)
                assert out is None or found is out
                np.testing.assert_allclose(found.get(), x @ y, rtol=1e-4, atol=1e-5)
            with capturable():
                one, more = product(a[0], b), product(a.reshape(1, m, 1, k), b)
            np.testing.assert_allclose(one.get(), x[0] @ y, rtol=1e-4, atol=1e-5)
            np.testing.assert_allclose(more.get(), (x @ y)[None, :, None], rtol=1e-4, atol=1e-5)
