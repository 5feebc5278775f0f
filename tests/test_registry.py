"""A new data set, core, control or picture needs one module, like these toys, and one line in a registry."""
import io
import pathlib

import chainer
import chainer.links as L
import numpy as np
import pytest
from PIL import Image

from ram import registry
from ram.agents.classifier import Classifier
from ram.agents.recurrent_attention import Episode
from ram.networks.core_network import CoreNetwork
from ram.networks.pixels import whole
from ram.tasks.task import Task
from tests.conftest import script


class ToyTask(Task):
    """Pictures that are bright in the row of their class."""

    def sources(self, config, split, folder):
        labels = np.arange(200, dtype=np.int32) % 10
        images = np.zeros((200, 28, 28), np.uint8)
        images[np.arange(200)[:, None], 2 * labels[:, None] + np.arange(8)] = 255
        return images, labels


class ToyCore(CoreNetwork):
    """The paper's, without a fast form, so that the plain loop unrolls it."""
    fast = property()


class ToyControl(Classifier):
    """One layer of logits."""
    gaze = False

    def __init__(self, config):
        super().__init__(config)
        with self.init_scope():
            self.logits = L.Linear(config.size ** 2, 10)

    @staticmethod
    def largest_layer(config):
        return config.size ** 2 * 10

    def _rollout(self, images, rng, policy, explore):
        flat = whole(images).reshape(len(images), -1)
        return Episode(None, flat[None], self.logits(flat))

    def classify(self, states):
        return self.logits(states[0])[None]


def draw_toy(model, arguments, device):
    """Draw a toy"""
    file = io.BytesIO()
    Image.new('L', (model.config.glimpses, 1)).save(file, 'PNG')
    return {pathlib.Path(arguments.out): file.getvalue()}


@pytest.fixture
def toys(monkeypatch):
    """Registers a toy of each kind, for one test."""
    for kind, entry in [('DATASETS', ToyTask(size=28, patch=8, scales=1, epoch=1)), ('CORES', ToyCore),
                        ('MODELS', ToyControl), ('RENDERERS', draw_toy)]:
        fresh = registry.Registry(**getattr(registry, kind)._entries)
        monkeypatch.setattr(getattr(registry, kind), '_entries', fresh._entries)
        getattr(registry, kind).register('toy', entry)


def test_toys_train_and_are_evaluated_and_drawn(toys, tmp_path):
    run = tmp_path / 'run'
    flags = ['--dataset', 'toy', '-e', 12, '-b', 20, '--lr', 0.01]
    result = script('train.py', *flags, '--core', 'toy', '-l', 2, '-o', run)
    assert result.returncode == 0, result.stderr
    assert 'test error' in script('evaluate.py', run / 'model.npz', '--repeats', 1).stdout
    assert script('visualize.py', run / 'model.npz', '--toy', '-o', tmp_path / 'toy.png').returncode == 0
    with Image.open(tmp_path / 'toy.png') as picture:
        assert picture.size == (2, 1)
    result = script('train.py', *flags, '--model', 'toy', '-o', tmp_path / 'control')
    assert result.returncode == 0, result.stderr
    assert 'the control toy' in script('evaluate.py', tmp_path / 'control' / 'model.npz').stdout
    assert script('train.py', '--dataset', 'toys').returncode == 2


def test_registries():
    assert registry.CORES['relu'] is CoreNetwork
    toys = registry.Registry(one='chainer.links:Linear')
    toys.register('two', chainer.links.Convolution2D)
    assert list(toys) == ['one', 'two'] and len(toys) == 2 and 'three' not in toys
    assert [toys[name] for name in toys] == [L.Linear, L.Convolution2D]
    with pytest.raises(ValueError, match='two is registered already'):
        toys.register('two', L.Linear)
    with pytest.raises(KeyError):
        toys['three']


@pytest.mark.parametrize('kind', [name for name, value in vars(registry).items() if name.isupper()])
def test_all_registered_objects_exist(kind):
    assert all(entry is not None for entry in getattr(registry, kind).values())
