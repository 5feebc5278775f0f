"""The GPU and the CPU compute the same."""
import dataclasses
import json

import chainer
import numpy as np
import pytest
from chainer.backends import cuda

from datasets import scenes
from datasets.augmentation import Augmentation, distortion, tones
from ram import config, random_streams
from ram.networks.glimpse_sensor import GlimpseSensor
from ram.registry import make_loss, make_model
from ram.training import optimizers
from ram.training.extensions.average import approach
from ram.training.scene_iterator import SceneIterator
from tests.conftest import script
from tests.networks.test_glimpse_sensor import BORDERS, CASES


@pytest.mark.parametrize('case', CASES, ids=str)
@pytest.mark.parametrize('dtype', [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize('normalise', [False, True])
def test_glimpse_sensor(case, dtype, normalise, rng):
    channels, height, width, patch, scales, factor = case
    locations = np.concatenate([np.array(BORDERS, np.float32), rng.uniform(-1.1, 1.1, (50, 2)).astype(np.float32)])
    images = (rng.random((len(locations), channels, height, width)) * 255 ** (dtype == np.uint8)).astype(dtype)
    expected = GlimpseSensor(images, patch, scales, factor, normalise)(locations)
    found = GlimpseSensor(cuda.to_gpu(images), patch, scales, factor, normalise)(cuda.to_gpu(locations))
    assert found.dtype == expected.dtype
    # The contrast of a single pixel is rounding, which the division by its deviation of nearly 0 enlarges.
    one_pixel = normalise and images[0].size == 1
    np.testing.assert_allclose(found.get(), expected, atol=1e-4 if one_pixel else 1e-5)


@pytest.mark.parametrize('retina', [(4, 5, 4), (1, 8, 3), (2, 3, 16)])
def test_the_sensors_memory_follows_the_image_and_not_the_largest_patch(retina):
    images = cuda.cupy.zeros((5, 1, 28, 20), np.uint8)
    assert GlimpseSensor(images, *retina).levels.nbytes < 300 * images.size


class Replayed:
    """A generator that gives the same numbers on the CPU and on the GPU."""
    __class__ = property(lambda self: self.xp.random.Generator)

    def __init__(self, xp):
        self.xp, self.rng = xp, np.random.default_rng(7)

    def random(self, shape, dtype):
        return self.xp.asarray(self.rng.random(shape, dtype))

    def standard_normal(self, shape, dtype):
        return self.xp.asarray(self.rng.standard_normal(shape, dtype))


def disagreements(model, images, labels):
    """The names of the gradients that differ between the GPU and the CPU, with their largest difference."""
    found = []
    for device in ('@numpy', '@cupy:0'):
        model.to_device(device)
        model.cleargrads()
        value = make_loss(model)(model.xp.asarray(images), model.xp.asarray(labels), Replayed(model.xp))
        value.backward()
        found.append((float(value.array), {
            name: None if p.grad is None else cuda.to_cpu(p.grad) for name, p in model.namedparams()}))
    (cpu_loss, cpu), (gpu_loss, gpu) = found
    assert gpu_loss == pytest.approx(cpu_loss, rel=1e-4)
    for name in cpu:
        assert (cpu[name] is None) == (gpu[name] is None), name  # without learning where to look, for example
    learnt = [name for name in cpu if cpu[name] is not None]
    return {name: np.abs(gpu[name] - cpu[name]).max() for name in learnt if not np.allclose(
        gpu[name], cpu[name], rtol=1e-3, atol=1e-4 * np.abs(cpu[name]).max())}


@pytest.mark.parametrize('preset, changes', [
    ('mnist', {}), ('cluttered', {}), ('cluttered100', {}), ('svhn', {}), ('archived', {}), ('mnist', {'mc': 3}),
    ('mnist', {'glimpses': 1}), ('translated', {'into_core': False, 'reward': 'right'}),
    ('cluttered', {'policy': 'random'}), ('translated', {'model': 'fc64'}), ('svhn', {'model': 'conv'}),
    ('svhn', {'model': 'conv3'}), ('svhn', {'glimpse_network': 'conv', 'patch': 9}),
    ('translated', {'context': True, 'glimpses': 2})], ids=str)
def test_loss_and_all_gradients(preset, changes, rng):
    c = dataclasses.replace(config.PRESETS[preset], **changes)
    model = make_model(c)
    labels = rng.integers(0, 10, 32).astype(np.int32)
    # One of several hundred thousand ReLUs may be so close to its kink that rounding decides its side.  This is
    # rare, so at least one of three batches has no such ReLU.
    found = []
    while len(found) < 3 and all(found):
        images = rng.random((32, c.channels, c.size, c.size), np.float32)
        found.append(disagreements(model, images, labels))
    assert not found[-1], found


@pytest.mark.parametrize('objects', [1, 2])
def test_scenes(rng, objects):
    digits = rng.integers(0, 256, (50, 28, 28)).astype(np.uint8)
    layout = scenes.draw_layout(rng, rng.integers(0, 50, (30, objects)), 50, 60, 4)
    expected = scenes.compose(np, digits, layout, 60)
    on_gpu = scenes.Layout(**{name: cuda.to_gpu(value) for name, value in vars(layout).items()})
    np.testing.assert_array_equal(scenes.compose(cuda.cupy, cuda.to_gpu(digits), on_gpu, 60).get(), expected)


def test_streets(rng):
    pictures = rng.integers(0, 256, (20, 3, 32, 32)).astype(np.uint8)
    layout = scenes.draw_layout(rng, rng.integers(0, 20, 30), 20, 64, 4, 32)
    expected = scenes.compose_street(np, pictures, layout, 64).astype(int)
    on_gpu = scenes.Layout(**{name: cuda.to_gpu(value) for name, value in vars(layout).items()})
    found = scenes.compose_street(cuda.cupy, cuda.to_gpu(pictures), on_gpu, 64).get()
    assert found.dtype == np.uint8 and abs(found - expected).max() <= 1  # where a half is rounded


def test_shifted_pictures(rng):
    pictures = rng.integers(0, 256, (20, 3, 32, 32)).astype(np.uint8)
    found = scenes.shifted(cuda.cupy, cuda.cupy.random.default_rng(0), cuda.to_gpu(pictures), 2).get()
    for picture, other in zip(pictures, found):
        wide = np.pad(picture, ((0, 0), (2, 2), (2, 2)), mode='edge')
        assert any((wide[:, y:y + 32, x:x + 32] == other).all() for y in range(5) for x in range(5))


AUGMENTED = Augmentation(rotate=20, zoom=0.3, shear=0.2, elastic=2, flip=True, brightness=0.5, contrast=0.5, tint=0.3)


@pytest.mark.parametrize('shape', [(20, 1, 28, 28), (20, 3, 32, 24)])
@pytest.mark.parametrize('repeat', [False, True])
def test_distorted_pictures(rng, shape, repeat):
    pictures = rng.integers(0, 256, shape).astype(np.uint8)
    points = distortion.draw_points(np, rng, 20, *shape[2:], AUGMENTED)
    expected = distortion.distorted(np, pictures, points, repeat).astype(int)
    found = distortion.distorted(cuda.cupy, cuda.to_gpu(pictures), cuda.to_gpu(points), repeat).get()
    assert found.dtype == np.uint8 and abs(found - expected).max() <= 3  # the CPU rounds places to 1/256 of a pixel


def test_tones(rng):
    pictures = rng.integers(0, 256, (20, 3, 32, 32)).astype(np.uint8)
    curves = tones.draw_curves(np, rng, np.full(20, 0.5, np.float32), 3, AUGMENTED)
    expected = tones.retoned(np, pictures, curves)
    np.testing.assert_array_equal(
        tones.retoned(cuda.cupy, cuda.to_gpu(pictures), cuda.to_gpu(curves)).get(), expected)


class Given:
    """A generator that gives the same numbers on the CPU and on the GPU."""

    def __init__(self, xp):
        self.xp, self.rng = xp, np.random.default_rng(3)

    def random(self, shape, dtype):
        return self.xp.asarray(self.rng.random(shape, dtype))


@pytest.mark.parametrize('augmented', [AUGMENTED, Augmentation(rotate=90, zoom=0.5)])
def test_draws(augmented):
    """The same numbers become the same distortions and tones."""
    expected, found = (distortion.draw_points(xp, Given(xp), 20, 28, 40, augmented) for xp in (np, cuda.cupy))
    np.testing.assert_allclose(found.get(), expected, atol=1e-4)
    means = np.random.default_rng(0).random(20, np.float32)
    expected, found = (tones.draw_curves(xp, Given(xp), xp.asarray(means), 3, augmented) for xp in (np, cuda.cupy))
    assert abs(found.get().astype(int) - expected).max() <= 1  # where a half is rounded


@pytest.mark.parametrize('sources, size', [((9, 28, 28), 28), ((9, 28, 28), 60), ((9, 3, 32, 32), 32),
                                           ((9, 3, 32, 32), 48)])
def test_augmented_scenes_are_drawn_on_the_gpu(rng, sources, size):
    """Of one bright level on black: the middle of a digit keeps it, as it is distorted but not in its tones."""
    images = cuda.to_gpu(np.full(sources, 200, np.uint8))
    only = Augmentation(rotate=20, zoom=0.1, elastic=1)
    made = scenes.fresh_scenes(cuda.cupy, cuda.cupy.random.default_rng(0), images, cuda.cupy.arange(9), size, 0, 2,
                               only)
    assert isinstance(made, cuda.ndarray) and made.dtype == np.uint8 and made.shape[-2:] == (size, size)
    assert (abs(made.get().astype(int).max(axis=(1, 2, 3)) - 200) <= 1).all()
    changed = scenes.fresh_scenes(cuda.cupy, cuda.cupy.random.default_rng(0), images, cuda.cupy.arange(9), size, 0, 2,
                                  AUGMENTED).get()
    assert len(np.unique(changed.reshape(9, -1).max(axis=1))) > 1


@pytest.mark.parametrize('size, pieces', [(28, 0), (60, 4)])
def test_batches_are_made_on_the_gpu(size, pieces, rng):
    digits = cuda.to_gpu(rng.integers(1, 256, (20, 28, 28)).astype(np.uint8))
    labels = cuda.cupy.arange(20, dtype=np.int32)
    iterator = SceneIterator(digits, labels, size, pieces, 8)
    seen = []
    for _ in range(5):
        images, batch, _ = next(iterator)
        assert isinstance(images, cuda.ndarray) and images.shape == (8, 1, size, size) and images.dtype == np.uint8
        seen += batch.get().tolist()
    assert sorted(seen[:20]) == sorted(seen[20:]) == list(range(20))


@pytest.mark.parametrize('length', [0.5, 80])
def test_clipping(rng, length):
    """Each parameter gets its own gradient back, scaled as on the CPU, also if it is transposed; one has none."""
    shapes = {name: parameter.shape for name, parameter in make_model(config.PRESETS['mnist']).namedparams()}
    drawn = {name: rng.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
    scale = length / sum((gradient.astype(float) ** 2).sum() for gradient in drawn.values()) ** 0.5
    found = []
    for device in '@numpy', '@cupy:0':
        model = make_model(config.PRESETS['mnist'])
        model.to_device(device)
        for name, parameter in model.namedparams():
            gradient = model.xp.asarray(drawn[name] * np.float32(scale))
            parameter.grad = gradient.T.copy().T if gradient.ndim > 1 else gradient
        model.action_network.cleargrads()
        optimizers.ClipGradient(5.0)(chainer.optimizers.SGD(lr=1).setup(model))
        found.append({name: None if p.grad is None else cuda.to_cpu(p.grad) for name, p in model.namedparams()})
    assert sum(gradient is None for gradient in found[0].values()) == 2
    for name, expected in found[0].items():
        if expected is None:
            assert found[1][name] is None
        else:
            np.testing.assert_allclose(found[1][name], expected, rtol=1e-5, err_msg=name)


def test_no_gradient_at_all_is_no_error_when_clipping():
    model = make_model(config.PRESETS['mnist'])
    model.to_device('@cupy:0')
    model.cleargrads()
    optimizers.ClipGradient(5.0)(chainer.optimizers.SGD(lr=1).setup(model))
    assert all(parameter.grad is None for parameter in model.params())


def test_averages(rng):
    average, weights = rng.standard_normal((2, 30, 20), np.float32)
    on_gpu = cuda.to_gpu(average)
    approach(on_gpu, cuda.to_gpu(weights), 0.3)
    approach(average, weights, 0.3)
    assert on_gpu.dtype == np.float32
    np.testing.assert_allclose(on_gpu.get(), average, atol=1e-6)


@pytest.mark.parametrize('name', ['pack', 'unpack'])
def test_chainermns_kernels_that_move_gradients_compile(name):
    """With ``--communicator pure_nccl`` the first gradient needs them."""
    pytest.importorskip('mpi4py.MPI')
    from chainermn.communicators import _memory_utility
    kernel = getattr(_memory_utility, f'_cupy_batched_{name}_params')()
    kernel.compile()
    assert kernel.kernel.ptr


@pytest.mark.parametrize('graph', [False, True])
def test_resuming_changes_nothing(tmp_path, monkeypatch, graph):
    """A run that was stopped in the middle of an epoch ends at the same weights, bit for bit."""
    import chainer

    import datasets
    from ram import checkpoint
    from ram.training.trainer import make_trainer
    digits = np.random.default_rng(0).integers(0, 256, (60, 28, 28)).astype(np.uint8)
    monkeypatch.setattr(datasets, 'load_digits', lambda *arguments: (digits, np.arange(60, dtype=np.int32) % 10))
    settings = config.Config(dataset='translated', size=32, patch=4, scales=2, glimpses=2, unit=8, hidden=8,
                             core='lstm', batchsize=16, epoch=2, average=0.9)

    def train(folder, *stops):
        folder.mkdir()
        for stop in (*stops, None):
            trainer = make_trainer(settings, folder, chainer.get_device('@cupy:0'), graph=graph)
            if (folder / checkpoint.SNAPSHOT).exists():
                checkpoint.load_snapshot(folder / checkpoint.SNAPSHOT, trainer)
            if stop:
                trainer.extend(lambda t: t.stop_trigger.on_signal(15, None), name='stop', trigger=(stop, 'iteration'))
            trainer.run()
            trainer.get_extension('snapshot')(trainer)
        assert not graph or trainer.updater.step.graph
        models = trainer.updater.get_optimizer('main').target, trainer.get_extension('average').average
        return {(kind, name): p.array.get() for kind, model in enumerate(models) for name, p in model.namedparams()}

    through, resumed = train(tmp_path / 'through'), train(tmp_path / 'resumed', 3)
    for name in through:
        np.testing.assert_array_equal(resumed[name], through[name], err_msg=str(name))


@pytest.mark.parametrize('at', ['/model/glimpse_network/what/W', '/model/action_network/logits/b'])
def test_what_is_not_finite_is_not_written(tmp_path, monkeypatch, at):
    """Also where a kernel's max hides a NaN: the arrays themselves are looked at."""
    import chainer

    import datasets
    from ram import checkpoint
    from ram.training.trainer import make_trainer
    digits = np.zeros((20, 28, 28), np.uint8), np.arange(20, dtype=np.int32) % 10
    monkeypatch.setattr(datasets, 'load_digits', lambda *arguments: digits)
    settings = config.Config(dataset='mnist', size=28, patch=4, scales=1, glimpses=2, unit=8, hidden=8, batchsize=10)
    trainer = make_trainer(settings, tmp_path, chainer.get_device('@cupy:0'))
    trainer.extend(lambda t: t.stop_trigger.on_signal(15, None), name='stop', trigger=(1, 'iteration'))
    trainer.run()
    target = trainer.updater.get_optimizer('main').target
    checkpoint.save_model(tmp_path / checkpoint.MODEL, target.model)
    dict(target.namedparams())[at].array[...] = np.nan
    before = (tmp_path / checkpoint.MODEL).read_bytes()
    for write in (lambda: checkpoint.save_model(tmp_path / checkpoint.MODEL, target.model),
                  lambda: trainer.get_extension('snapshot')(trainer)):
        with pytest.raises(FloatingPointError):
            write()
    assert [path.name for path in tmp_path.iterdir()] == [checkpoint.MODEL]
    assert (tmp_path / checkpoint.MODEL).read_bytes() == before


def test_generator_lives_on_the_device():
    import chainer
    rng = random_streams.generator(chainer.get_device('@cupy:0'), 3)
    assert isinstance(rng.random((2, 2), dtype=np.float32), cuda.ndarray)


def test_scripts(quick, tmp_path):
    result = script('train.py', *quick, '--no-normalise', '--lr', 0.01, '-e', 10, '-o', tmp_path / 'run', '--gpu', 0)
    assert result.returncode == 0, result.stderr
    on_gpu, on_cpu = (json.loads(script('evaluate.py', tmp_path / 'run' / 'model.npz', '--json', '--gpu', gpu).stdout)
                      for gpu in (0, -1))
    assert on_gpu['n'] == 12 and on_gpu['test_error'] < 20  # chance is 50
    assert abs(on_gpu['test_error'] - on_cpu['test_error']) < 9  # one picture: the first locations differ
    assert script('visualize.py', tmp_path / 'run' / 'model.npz', '--gpu', 0).returncode == 0
    assert script('train.py', '--resume', tmp_path / 'run', '-e', 12, '--gpu', 0).returncode == 0
