"""The page for the browser: the same model as in Python, and what its reader can do with it."""
import argparse
import base64
import dataclasses
import json
import pathlib
import re
import zlib

import chainer
import chainer.functions as F
import numpy as np
import pytest
from PIL import Image

from datasets import folder, scenes
from ram import checkpoint, tasks
from ram.config import PRESETS, Config
from ram.networks.glimpse_sensor import patch_corners
from ram.pictures import page
from ram.registry import make_model
from tests.conftest import ROOT, assert_one_clear_line, script
from tests.pictures.browser import browser

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
    model, images = exhibit.model, exhibit.images
    shape = model.config.glimpses, len(images), 2
    with chainer.using_config('train', False), chainer.no_backprop_mode():
        episode = model.rollout(images, np.random.default_rng(3))
        logits = model.classify(episode.states).array
        states = episode.states.reshape(-1, model.config.hidden)
        rewards = F.sigmoid(model.lb(states)) if model.config.model == 'archived' else model.baseline_network(states)
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


THREE = [(.3, .22), (.45, .15), (.6, .2), (.64, .32), (.55, .43), (.42, .47), (.58, .5), (.68, .62), (.62, .76),
         (.45, .82), (.3, .75)]


@pytest.fixture(scope='module')
def two_models(tmp_path_factory):
    """A page of two shipped models, at twelve scenes each."""
    path = tmp_path_factory.mktemp('page') / 'two.html'
    path.write_bytes(page.page([exhibit_of(shipped(name), 12, name) for name in ('mnist-T6', 'cluttered-T6')]))
    return path


def image_of(tab):
    """The scene that the model sees, (size, size), and its centre of mass (x, y) in pixels."""
    size = tab.run('return state.image.width')
    image = np.array(tab.run('return [...state.image.data]')).reshape(size, size)
    return image, [image.sum(axis=axis) @ (np.arange(size) + 0.5) / max(image.sum(), 1e-9) for axis in (0, 1)]


def test_a_digit_drawn_with_the_mouse_is_read(tab, two_models):
    tab.open(two_models)
    tab.click('[data-source=draw]')
    assert 'Nothing is drawn' in tab.text('#answer')
    tab.draw('#pad', THREE)
    tab.settle()
    assert tab.text('#answer').startswith('It says 3')
    image, centre = image_of(tab)
    rows, columns = np.nonzero(image > 0.25)
    assert np.abs(np.array(centre) - 14).max() < 0.5          # centred by mass
    assert 18 <= np.ptp(rows) + 1 <= 21 and np.ptp(columns) < np.ptp(rows)    # in a box of 20 pixels
    assert 0.2 < ((image > 0.02) & (image < 0.98)).sum() / (image > 0.02).sum() < 0.8    # smooth edges
    tab.draw('#pad', [(.1, .9), (.9, .9)])
    tab.settle()
    assert np.ptp(np.nonzero(image_of(tab)[0])[1]) > np.ptp(columns)
    tab.click('#undo')
    tab.settle()
    np.testing.assert_array_equal(image_of(tab)[0], image)
    # From 200 first locations, which show how often each answer comes out.
    tab.click('#run-many')
    tab.wait('state.many.ends.length === 200')
    answers = tab.run('return state.many.answers')
    assert f'{answers.count(3)} of 200' in tab.text('#many-text')
    assert tab.text('#votes').startswith('3')
    tab.click('#clear')
    tab.settle()
    assert image_of(tab)[0].max() == 0
    assert not tab.complaints()


def test_clicking_sets_the_first_glimpse_and_stepping_shows_each(tab, two_models):
    tab.open(two_models)
    size, margin = 28, tab.run('return state.margin')
    aim = 9, 20
    tab.draw('#stage', [[(pixel + margin) / (size + 2 * margin) for pixel in aim]])
    tab.settle()
    first = np.array(tab.run('return [...state.episode[0].location]'))
    assert np.abs((first + 1) / 2 * size - aim).max() < 0.3
    tab.wait('!state.playing')  # it has played to its end
    assert tab.text('#count') == 'glimpse 6 of 6'
    for step in 5, 4:
        tab.click('#back')
        tab.settle()
        assert tab.text('#count') == f'glimpse {step} of 6'
    texts = tab.run('return [...$("bars").children].map(row => row.lastChild.textContent)')
    shown = [float(text.strip('>% ')) for text in texts]
    assert np.abs(np.array(shown) - 100 * np.array(tab.run('return state.episode[3].probabilities'))).max() <= 1
    assert tab.run('return document.querySelectorAll("#bars .truth").length') == 1
    # With the keyboard: one pixel to the right.
    tab.type('#stage', '\ue014')
    tab.settle()
    moved = np.array(tab.run('return [...state.episode[0].location]'))
    np.testing.assert_allclose((moved + 1) / 2 * size, np.rint((first + 1) / 2 * size) + [1, 0], atol=1e-5)
    tab.wait('$("live").textContent.startsWith("Glimpse 6 of 6. It says")')


@pytest.mark.parametrize('start', ['learned', 'center', 'random'])
def test_the_first_glimpse_is_where_training_had_it(tab, tmp_path, tiny, start):
    model = make_model(dataclasses.replace(tiny, start=start, start_range=0.25))
    model.location_network.mean.b.array[...] = 0.3, -0.6
    (tmp_path / 'page.html').write_bytes(page.page([exhibit_of(model, 1)], 'float32'))
    tab.open(tmp_path / 'page.html')
    first = tab.run('return state.start')
    if start == 'random':
        drawn = np.array(tab.run('return Array.from({length: 200}, () => { startAt("random"); return state.start; })'))
        assert 0.2 < np.abs(drawn).max() <= 0.25
    else:
        expected = model.rollout(np.zeros((1, 1, 28, 28), np.float32), np.random.default_rng(0)).locations[0, 0]
        np.testing.assert_allclose(first, expected, atol=1e-6)


def test_on_a_larger_task_the_digit_is_dragged_and_clutter_scattered(tab, two_models):
    tab.open(two_models)
    tab.run('$("model").selectedIndex = 1; $("model").dispatchEvent(new Event("change"))')
    tab.wait('state.exhibit.name === "cluttered-T6" && state.episode.length && !frame')
    tab.click('[data-source=draw]')
    tab.draw('#pad', THREE)
    tab.run('$("pieces").value = 0; $("pieces").dispatchEvent(new Event("change"))')
    tab.settle()
    before = image_of(tab)[1]
    whole = 60 + 2 * tab.run('return state.margin')
    tab.draw('#stage', [(0.5, 0.5), (0.5 + 5 / whole, 0.5), (0.5 + 10 / whole, 0.5 - 6 / whole)])
    tab.settle()
    np.testing.assert_allclose(np.array(image_of(tab)[1]) - before, [10, -6], atol=1.01)
    bare = image_of(tab)[0]
    tab.run('$("pieces").value = 6; $("pieces").dispatchEvent(new Event("change"))')
    tab.settle()
    cluttered = image_of(tab)[0]
    assert (cluttered >= bare).all() and (cluttered > bare).any()
    tab.click('#scatter')
    tab.settle()
    assert (image_of(tab)[0] != cluttered).any()


def test_a_picture_of_ones_own_is_fitted_as_in_python(tab, two_models, tmp_path):
    tab.open(two_models)
    y, x = np.mgrid[:300, :400]
    picture = Image.fromarray(np.uint8(np.stack([x / 400, y / 300, (x + y) / 700], axis=2) * 255))
    picture.save(tmp_path / 'own.png')
    tab.click('[data-source=picture]')
    tab.type('#file', str(tmp_path / 'own.png'))
    tab.wait('state.picture')
    tab.settle()
    expected = folder.read(tmp_path / 'own.png', 28, False, fit='pad', fill=0)[0] / 255
    assert np.abs(image_of(tab)[0] - expected).max() < 0.05
    (tmp_path / 'not.png').write_text('not a picture')
    tab.type('#file', str(tmp_path / 'not.png'))
    tab.wait('$("picture-message").textContent.includes("cannot read not.png")')


def test_the_page_can_reach_nothing(tab, two_models):
    tab.open(two_models)
    for attempt in 'fetch("https://example.org")', 'fetch("data:,")', 'new WebSocket("wss://example.org")', \
            'new Image().src = "https://example.org/a.png"', \
            'document.head.append(Object.assign(document.createElement("script"), {text: "1"}))':
        tab.run(f'window.refused = 0; addEventListener("securitypolicyviolation", () => window.refused++);'
                f'try {{ {attempt} }} catch {{ window.refused++; }}')
        tab.wait('window.refused')
    tab.complaints()
    text = page.TEMPLATE.read_text()
    assert not re.search(r'https?:|localStorage|sessionStorage|indexedDB|document\.cookie|fetch\(|XMLHttp', text)
    assert len(text.splitlines()) < 900


def held(document):
    """What a page holds: its entries, each with its weights, images and digits."""
    entries = json.loads(re.search(rb'id="exhibits">(.*?)</script>', document, re.DOTALL)[1])
    for entry in entries:
        data = zlib.decompress(base64.b64decode(entry['data']))
        kind, at, entry['values'] = np.dtype(entry['weights']), 0, {}
        for name, shape in entry['arrays']:
            count = int(np.prod(shape))
            entry['values'][name] = np.frombuffer(data, kind, count, at).reshape(shape)
            at += count * kind.itemsize
        entry['bytes'] = np.frombuffer(data, np.uint8, offset=at)
    return entries


def test_the_page_holds_the_weights_the_config_and_the_scenes(tiny):
    model = make_model(dataclasses.replace(tiny, core='lstm'))
    exhibit = exhibit_of(model, 3, '</script><b>')
    for kind, error in ('float32', 0), ('float16', 2e-3):
        document = page.page([exhibit], kind, '<title>')
        entry, = held(document)
        assert entry['name'] == '</script><b>' and b'&lt;title&gt;' in document
        assert {**entry['config'], 'classes': tuple(entry['config']['classes'])} == dataclasses.asdict(model.config)
        assert set(entry['values']) == {name.lstrip('/') for name, _ in model.namedparams()}
        for name, parameter in model.namedparams():
            np.testing.assert_allclose(entry['values'][name.lstrip('/')], parameter.array, atol=error)
        np.testing.assert_array_equal(entry['bytes'], exhibit.images.ravel())
        assert entry['truths'] == exhibit.truths.tolist()


def test_what_a_page_cannot_show_is_refused(tiny, monkeypatch):
    model = make_model(tiny)
    control = make_model(dataclasses.replace(tiny, model='fc64'))
    with pytest.raises(ValueError, match='a model is the control fc64, which has no gaze'):
        page.page([exhibit_of(control, 1)])
    model.action_network.logits.b.array[0] = 1e5
    with pytest.raises(ValueError, match='beyond the range of float16: try --weights float32'):
        page.page([exhibit_of(model, 1)])
    monkeypatch.setattr(page, 'LARGEST', 40_000)
    with pytest.raises(ValueError, match='would have 0.0 MB|would have 0.1 MB'):
        page.page([exhibit_of(model, 1)], 'float32')


@pytest.mark.parametrize('field', [dict(context=True), dict(glimpse_network='conv')])
def test_a_model_with_a_part_that_the_page_does_not_know_is_refused(tiny, field):
    with pytest.raises(ValueError, match='cannot be shown: the page does not know the layer (context|glimpse)_network'):
        page.page([exhibit_of(make_model(dataclasses.replace(tiny, **field)), 1)])


def test_a_model_that_plays_is_refused(tmp_path):
    checkpoint.save_model(tmp_path / 'player.npz', make_model(dataclasses.replace(PRESETS['catch'], unit=5, hidden=7)))
    out = tmp_path / 'look.html'
    assert_one_clear_line(script('visualize.py', tmp_path / 'player.npz', '--page', out), '--page is not for catch')
    assert_one_clear_line(script('visualize.py', '--gallery', tmp_path / 'player.npz', '--page', out),
                          'does not know the model player')


def test_a_gallery_takes_of_a_folder_one_model_of_each_task():
    names = [path.stem for path in page.gallery([ROOT / 'models'])]
    assert names == ['mnist-T7', 'translated-T8', 'cluttered-T8', 'cluttered100-T8', 'street-T8', 'street64-T8']
    assert page.gallery(['a.npz', 'b.npz']) == [pathlib.Path('a.npz'), pathlib.Path('b.npz')]


def test_visualize_writes_a_page(tiny, tmp_path):
    checkpoint.save_model(tmp_path / 'model.npz', make_model(tiny))
    result = script('visualize.py', tmp_path / 'model.npz', '--page', tmp_path / 'look.html', '--scenes', 5)
    assert result.returncode == 0 and str(tmp_path / 'look.html') in result.stdout
    entry, = held((tmp_path / 'look.html').read_bytes())
    assert len(entry['truths']) == 5 and entry['weights'] == 'float16'
    assert_one_clear_line(script('visualize.py', '--gallery', tmp_path), '--page')


def test_pictures_of_ones_own_stay_out_unless_asked(tmp_path, rng):
    for name in 'cat', 'dog':
        (tmp_path / 'pictures' / name).mkdir(parents=True)
        for i in range(20):
            Image.fromarray(rng.integers(0, 256, (40, 40, 3), np.uint8)).save(tmp_path / f'pictures/{name}/{i}.png')
    config = Config(dataset='folder', images=str(tmp_path / 'pictures'), classes=('cat', 'dog'), colour=True, size=32,
                    unit=5, hidden=7, normalise=True)
    checkpoint.save_model(tmp_path / 'model.npz', make_model(config))
    flags = argparse.Namespace(model=tmp_path / 'model.npz', images=None, policy=None, index=None, scenes=None, seed=0,
                               data=None, gallery=None, weights='float16', page=tmp_path / 'look.html')
    entry, = held(page.draw(checkpoint.load_model(flags.model), flags, None)[flags.page])
    assert entry['truths'] == [] and len(entry['bytes']) == 0
    assert str(tmp_path) not in json.dumps(entry['config'])
    flags.scenes = -1
    with pytest.raises(ValueError, match='--scenes must be at least 0, not -1'):
        page.draw(checkpoint.load_model(flags.model), flags, None)
    flags.scenes = 2
    entry, = held(page.draw(checkpoint.load_model(flags.model), flags, None)[flags.page])
    assert len(entry['truths']) == 2 and len(entry['bytes']) == 2 * 3 * 32 * 32


def test_the_gallery_has_the_current_program():
    """`python visualize.py --gallery models --page docs/gallery.html` writes it anew."""
    gallery, template = (path.read_text() for path in (ROOT / 'docs' / 'gallery.html', page.TEMPLATE))
    for part in '<style>.*?</style>', '<body>.*?<script', '<script>.*?</script>':
        assert re.search(part, gallery, re.DOTALL)[0] == re.search(part, template, re.DOTALL)[0]
    assert len(gallery) < page.LARGEST
