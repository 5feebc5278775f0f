"""The page for the browser: the same model as in Python, and what its reader can do with it."""
import dataclasses
import json

import chainer
import chainer.functions as F
import numpy as np
import pytest

from datasets import scenes
from ram import checkpoint, tasks
from ram.config import PRESETS, Config
from ram.networks.glimpse_sensor import patch_corners
from ram.registry import make_model
from ram.reports import page
from tests.conftest import ROOT, assert_one_clear_line, script
from tests.reports.browser import browser

COUNT = 200
LOOK = '''
    const {exhibit} = state, {network} = exhibit, other = exhibit.network.config.glimpses;
    return exhibit.images.map((image, i) => {
        const steps = network.rollout(network.prepared(image), arguments[0][i], []);
        return {locations: steps.map(step => [...step.location]), logits: steps.map(step => [...step.logits]),
                rewards: steps.map(step => step.reward)};
    });'''


@pytest.fixture(scope='module')
def tab():
    with browser() as tab:
        yield tab


def exhibit_of(model, count=COUNT, name='a model'):
    """A model at scenes that need no data: digits of fonts."""
    config = dataclasses.replace(model.config, digits='fonts')
    sources, truths = tasks.load_sources(config, 'test')
    images = scenes.fixed_scenes(sources[:count], config.size, config.clutter, seed=5)
    return page.Exhibit(name, model, images, truths[:count], sources[-24:] if config.clutter else np.empty((0, 0, 0)))


def shipped(name):
    return checkpoint.load_model(ROOT / 'models' / f'{name}.npz')


def archived():
    model = make_model(PRESETS['archived'])
    for parameter in model.params():  # so that it looks about, and is of several minds
        parameter.array[...] = np.random.standard_normal(parameter.shape) / max(1, parameter.shape[-1]) ** 0.5 * 1.5
    return model


MODELS = {'mnist': lambda: shipped('mnist-T6'), 'cluttered': lambda: shipped('cluttered-T6'),
          'street in colour': lambda: shipped('street-T8'), 'archived': archived}


def looked(exhibit):
    """What Python's networks do: first locations as the model's loop has them, locations, logits and rewards."""
    model, images = exhibit.model, scenes.to_float(np, exhibit.images)
    shape = model.config.glimpses, len(images), 2
    with chainer.using_config('train', False), chainer.no_backprop_mode():
        episode = model.rollout(images, np.random.default_rng(3))
        logits = model.classify(episode.states).array
        rewards = F.sigmoid(model.lb(episode.states.reshape(-1, model.config.hidden))) \
            if model.config.model == 'archived' else model.baseline_network(episode.states.reshape(-1, model.config.hidden))
    first = episode.locations[0]
    if model.config.model == 'archived':  # whose episode says where it looked, not the location that it had
        first = np.random.default_rng(3).random(shape, dtype=np.float32)[0] * 2 - 1
    return first, episode.locations, logits, rewards.array.reshape(shape[:2])


def edges(locations, size):
    """The fixated pixel edges, int (T, N, 2)."""
    return np.stack(patch_corners(locations.reshape(-1, 2), size, size, 0), axis=1).reshape(locations.shape)


def compared(tab, tmp_path, exhibit, weights):
    """Both sides at the same scenes from the same first locations."""
    first, locations, logits, rewards = looked(exhibit)
    path = tmp_path / 'page.html'
    path.write_bytes(page.page([exhibit], weights))
    tab.open(path)
    seen = tab.run(LOOK, first.tolist())
    theirs = {key: np.swapaxes(np.array([row[key] for row in seen], np.float32), 0, 1) for key in seen[0]}
    size = exhibit.model.config.size
    return dict(edges=np.abs(edges(theirs['locations'], size) - edges(locations, size)),
                same=theirs['logits'].argmax(axis=2) == logits.argmax(axis=2),
                logits=np.abs(theirs['logits'] - logits), rewards=np.abs(theirs['rewards'] - rewards))


@pytest.mark.parametrize('name', MODELS)
def test_the_page_computes_the_same_model(tab, tmp_path, name):
    """Every glimpse of 200 episodes goes to the same pixel edge, or the next one, and every answer is the same."""
    exhibit = exhibit_of(MODELS[name]())
    found = compared(tab, tmp_path, exhibit, 'float32')
    assert found['edges'].max() <= 1
    assert found['same'].all()
    assert found['logits'].max() < 1e-3 and found['rewards'].max() < 1e-3
    assert not tab.complaints()
