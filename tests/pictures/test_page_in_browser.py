"""The page in a browser: the same model as in Python, and what its reader can do with it."""
import dataclasses
import re

import chainer
import chainer.functions as F
import numpy as np
import pytest
from PIL import Image, ImageDraw

from ram import checkpoint, tasks
from ram.config import PRESETS
from ram.networks.glimpse_sensor import patch_corners
from ram.pictures import page
from ram.registry import make_model
from tests import rows as task
from tests.conftest import ROOT
from tests.pictures.browser import browser
from tests.pictures.test_page import exhibit_of

LOOK = '''
    const {exhibit} = state, {network} = exhibit, other = exhibit.network.config.glimpses;
    return exhibit.images.map((image, i) => {
        const steps = network.rollout(network.prepared(image), arguments[0][i], []);
        return {locations: steps.map(step => [...step.location]), logits: steps.map(step => [...step.logits]),
                rewards: steps.map(step => step.reward)};
    });'''


rows = task.rows


@pytest.fixture(scope='module')
def tab():
    with browser() as tab:
        yield tab


def shipped(name):
    return checkpoint.load_model(ROOT / 'models' / f'{name}.npz')


def archived():
    model = make_model(PRESETS['archived'])
    for parameter in model.params():  # so that it looks about, and is of several minds
        parameter.array[...] = np.random.standard_normal(parameter.shape) / max(1, parameter.shape[-1]) ** 0.5 * 1.5
    return model


def convolutional(preset, **sizes):
    """Has a convolutional glimpse network, and has learned nothing."""
    model = make_model(dataclasses.replace(PRESETS[preset], digits='fonts', glimpse_network='conv', glimpses=5,
                                           start='random', **sizes))
    for name, parameter in model.namedparams():
        if name.endswith('/b'):
            parameter.array[...] = np.random.uniform(-0.1, 0.1, parameter.shape)
    model.location_network.mean.W.array *= 20   # so that it looks about
    model.action_network.logits.W.array *= 20   # and is of several minds
    return model


MODELS = {'mnist, a ReLU core': lambda: shipped('mnist-T4'), 'cluttered': lambda: shipped('cluttered-T6'),
          'street in colour': lambda: shipped('street-T8'), 'archived': archived,
          'convolutional': lambda: convolutional('svhn', patch=12, scales=3),
          'convolutional, odd sides': lambda: convolutional('translated', patch=15, scales=2, factor=3, filters=7)}


def looked(exhibit):
    """What Python's networks do: first locations as the model's loop has them, locations, logits and rewards."""
    model, images = exhibit.model, exhibit.images
    shape = model.steps(model.config), len(images), 2
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


def reader(gain=1, **changes):
    """Has learned nothing, but looks about, is of several minds, and ends after different numbers of characters."""
    model = make_model(task.config(**{'start': 'random', **changes}))
    for name, parameter in model.namedparams():
        if name.endswith('/b'):
            parameter.array[...] = np.random.uniform(-0.1, 0.1, parameter.shape)
        elif 'core' in name or 'glimpse' in name:
            parameter.array *= gain
    model.location_network.mean.W.array *= 20
    model.action_network.logits.W.array *= 20
    return model


def reading(model, count):
    """A reader at random texts."""
    truths = task.random_labels(np.random.default_rng(4), count)
    return page.Exhibit('a reader', model, task.pictures_of(truths), truths, np.empty((0, 0, 0)))


@pytest.mark.parametrize('kind', [{}, dict(glimpses=3, core='relu', glimpse_network='conv', filters=5, patch=12)])
def test_the_page_reads_as_python_does(tab, tmp_path, rows, kind):
    """The same glimpses and answers up to the first end, or to the last place, and none after it."""
    exhibit = reading(reader(**kind), 200)
    first, locations, logits, rewards = looked(exhibit)
    (tmp_path / 'page.html').write_bytes(page.page([exhibit], 'float32'))
    tab.open(tmp_path / 'page.html')
    seen, each, lengths = tab.run(LOOK, first.tolist()), exhibit.model.config.glimpses, set()
    texts = tab.run('return state.exhibit.images.map((image, i) => readSoFar(state.exhibit,'
                    'state.exhibit.network.rollout(image, arguments[0][i], [])))', first.tolist())
    assert texts == exhibit.model.predict(exhibit.images, np.random.default_rng(3))
    for i, row in enumerate(seen):
        said = logits[each - 1::each, i].argmax(axis=1).tolist()
        count = each * (said.index(3) + 1 if 3 in said else len(said))
        found = {key: np.float32(values) for key, values in row.items()}
        assert len(found['logits']) == count
        assert np.abs(found['logits'] - logits[:count, i]).max() < 1e-3
        assert np.abs(found['rewards'] - rewards[:count, i]).max() < 1e-3
        theirs, ours = (edges(places[:, None], task.SIZE) for places in (found['locations'], locations[:count, i]))
        assert np.abs(theirs - ours).max() <= 1
        lengths.add(count)
    assert len(lengths) > 1 and not tab.complaints()


def test_the_text_grows_beneath_the_scene(tab, tmp_path, rows):
    """Glimpse by glimpse, as in Python; at last with the truth, as right or wrong."""
    exhibit = reading(reader(3, start='center'), 12)
    texts = exhibit.model.predict(exhibit.images)
    scene = next(i for i, text in enumerate(texts) if len(text) == 2)  # which ends before the last place
    labels = [task.CLASSES.index(character) for character in texts[scene]]
    exhibit.images = exhibit.images[[scene, scene]]
    exhibit.truths = np.int32([[*labels, 3, -1], [labels[0], 3, -1, -1]])
    (tmp_path / 'page.html').write_bytes(page.page([exhibit], 'float32'))
    tab.open(tmp_path / 'page.html')
    one, two = texts[scene]
    for index, is_, kind in (0, 'That is right.', 'right'), (1, f'It is {one}.', 'wrong'):
        tab.run('pick(arguments[0])', index)
        tab.settle()
        assert tab.run('return state.episode.length') == 6
        shown = []
        for step in range(6):
            tab.run('stepTo(arguments[0])', step)
            tab.settle()
            shown.append(tab.text('#reading'))
            assert tab.text('#answer').startswith(f'Answer {step // 2 + 1} {("may be", "is")[step % 2]} ')
            bars = tab.run('return state.episode[state.step].probabilities')
            assert len(bars) == 4 and tab.text('#bars').count('%') == 4
        assert shown == [f'It reads {text}…' for text in ('', one, one, one + two, one + two)] + [
            f'It reads {one + two}\n{is_}']
        assert tab.run('return $("reading").className') == f'says {kind}'
        assert tab.text('#count') == 'glimpse 6 of 6'
        ticks = tab.run('return [...$("lines").querySelectorAll("text[text-anchor=middle]")].map(e => e.textContent)')
        assert ticks == ['5', '6']
    for part in '#stopping', '#reliable', '#expected':
        assert not tab.text(part)
    tab.wait(f'$("live").textContent === "Glimpse 6 of 6. It reads {one + two}. It is {one}."')
    tab.click('[data-source=draw]')
    tab.settle()
    assert 'Nothing is drawn' in tab.text('#reading')
    assert not tab.complaints()


THREE = [(.3, .22), (.45, .15), (.6, .2), (.64, .32), (.55, .43), (.42, .47), (.58, .5), (.68, .62), (.62, .76),
         (.45, .82), (.3, .75)]


@pytest.fixture(scope='module')
def two_models(tmp_path_factory):
    """A page of two shipped models, at twelve scenes each."""
    path = tmp_path_factory.mktemp('page') / 'two.html'
    path.write_bytes(page.page([exhibit_of(shipped(name), 12, name) for name in ('mnist-T4', 'cluttered-T6')]))
    return path


def pixels_of(tab):
    """The scene that the model sees, (C, size, size)."""
    size = tab.run('return state.image.width')
    return np.array(tab.run('return [...state.image.data]')).reshape(-1, size, size)


def image_of(tab):
    """The same in grey, (size, size), and its centre of mass (x, y) in pixels."""
    image, = pixels_of(tab)
    size = len(image)
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
    assert tab.text('#count') == 'glimpse 4 of 4'
    for step in 3, 2:
        tab.click('#back')
        tab.settle()
        assert tab.text('#count') == f'glimpse {step} of 4'
    texts = tab.run('return [...$("bars").children].map(row => row.lastChild.textContent)')
    shown = [float(text.strip('>% ')) for text in texts]
    assert np.abs(np.array(shown) - 100 * np.array(tab.run('return state.episode[1].probabilities'))).max() <= 1
    assert tab.run('return document.querySelectorAll("#bars .truth").length') == 1
    # With the keyboard: one pixel to the right.
    tab.type('#stage', '\ue014')
    tab.settle()
    moved = np.array(tab.run('return [...state.episode[0].location]'))
    np.testing.assert_allclose((moved + 1) / 2 * size, np.rint((first + 1) / 2 * size) + [1, 0], atol=1e-5)
    tab.wait('$("live").textContent.startsWith("Glimpse 4 of 4. It says")')


def test_right_and_wrong_differ_by_more_than_colour(tab, tmp_path, tiny):
    model = make_model(tiny)
    model.action_network.logits.b.array[3] = 5
    exhibit = exhibit_of(model, 2)
    exhibit.truths = np.array([3, 5], np.int32)
    (tmp_path / 'page.html').write_bytes(page.page([exhibit], 'float32'))
    tab.open(tmp_path / 'page.html')
    for scene, signs in enumerate([{'.truth': '✓', '#answer': '✓'}, {'.truth': '✓', '.miss': '✗', '#answer': '✗'}]):
        tab.click(f'#thumbnails button:nth-child({scene + 1})')
        tab.settle()
        found = {name: tab.run(f'return getComputedStyle(document.querySelector("{place}"), "::before").content')
                 for name, place in (('.truth', '#bars .truth b'), ('.miss', '#bars .miss b'),
                                     ('#answer', '#answer small')) if tab.run(
                     f'return Boolean(document.querySelector("{place}"))')}
        assert {name: text.strip('" ') for name, text in found.items()} == signs
        ends = tab.run('return [...$("lines").querySelectorAll("text")].map(text => text.textContent)')
        assert '3✓' in ends if scene == 0 else {'3✗', '5✓'} <= set(ends)


def test_it_stops_when_it_is_sure(tab, two_models):
    """Playing ends at the first glimpse with the probability, or at the last, as in Python; one may go on by hand."""
    tab.open(two_models)
    tab.wait('!state.playing')
    assert tab.text('#stopped') == ''
    tab.click('#sure')
    tab.run('for (const scene of [...Array(12).keys()]) { pick(scene); look(); window.stops ??= [];'
            'stops.push([state.stop, state.episode.map(step => Math.max(...step.probabilities))]); }')
    stops = tab.run('return stops')
    for stop, most in stops:
        assert stop == next((t for t, value in enumerate(most) if value >= 0.99), 3)
    assert len({stop for stop, _ in stops}) > 1
    early = min(range(12), key=lambda scene: stops[scene][0])
    tab.run('pick(arguments[0])', early)
    tab.wait('!state.playing && !stale')
    tab.settle()
    count = stops[early][0] + 1
    assert tab.text('#count') == f'glimpse {count} of 4' and tab.text('#stopped') == f'Sure after {count} of 4.'
    tab.click('#forward')
    tab.settle()
    assert tab.text('#count') == f'glimpse {count + 1} of 4'
    tab.click('[data-source=draw]')  # nothing is drawn
    tab.settle()
    assert tab.text('#stopped').startswith(('Sure after ', 'Not sure after 4 of 4.'))
    assert not tab.complaints()


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


def opened(tab, path):
    """The scene that the page makes of a picture."""
    tab.click('[data-source=picture]')
    tab.run('state.picture = null')
    tab.type('#file', str(path))
    tab.wait('state.picture')
    tab.settle()
    return pixels_of(tab)


def test_a_picture_of_ones_own_is_prepared_as_in_python(tab, two_models, tmp_path):
    """A digit in black on coloured paper, small and large; and the same taken as it is."""
    tab.open(two_models)
    config = checkpoint.load_model(ROOT / 'models' / 'mnist-T6.npz').config
    for factor, tolerance in (1, 1 / 255), (8, 0.1):  # the browser reduces a large picture in another way
        picture = Image.new('RGB', (180 * factor, 220 * factor), '#e8ddc0')
        ImageDraw.Draw(picture).line([(x * factor, y * factor) for x, y in (
            (50, 40), (110, 50), (70, 90), (120, 130), (60, 170))], '#22304a', 12 * factor, 'curve')
        own = tmp_path / f'own-{factor}.png'
        picture.save(own)
        assert np.abs(opened(tab, own) - tasks.read_picture(config, own) / 255).max() <= tolerance
    assert 'prepared' in tab.text('#picture-message')
    tab.click('#as-is')
    tab.settle()
    assert np.abs(image_of(tab)[0] - tasks.read_picture(config, own, as_is=True)[0] / 255).mean() < 0.02
    tab.click('#as-is')
    # A scene stays as it is, and without contrast there is no digit.
    scene = np.zeros((28, 28), np.uint8)
    scene[3:9, 20:24] = 130
    Image.fromarray(scene).save(tmp_path / 'scene.png')
    np.testing.assert_allclose(opened(tab, tmp_path / 'scene.png')[0], scene / 255, atol=1e-6)
    Image.new('L', (90, 80), 200).save(tmp_path / 'blank.png')
    assert opened(tab, tmp_path / 'blank.png').max() == 0 and 'no digit' in tab.text('#picture-message')
    (tmp_path / 'not.png').write_text('not a picture')
    tab.type('#file', str(tmp_path / 'not.png'))
    tab.wait('$("picture-message").textContent.includes("cannot read not.png")')


@pytest.fixture(scope='module')
def several(tmp_path_factory):
    """A page of models whose scenes have several digits: pairs, addition and house numbers, without test scenes."""
    path = tmp_path_factory.mktemp('page') / 'several.html'
    exhibits = []
    for name in 'pairs', 'addition', 'numbers':
        config = dataclasses.replace(PRESETS[name], hidden=16, unit=16)
        none = np.empty((0, config.channels, config.size, config.size), np.uint8)
        digits = np.full((24 * bool(config.clutter), 28, 28), 200, np.uint8)
        exhibits.append(page.Exhibit(name, make_model(config), none, np.empty(0, np.int32), digits))
    path.write_bytes(page.page(exhibits))
    return path


def switched(tab, index, name):
    tab.run('$("model").selectedIndex = arguments[0]; $("model").dispatchEvent(new Event("change"))', index)
    tab.wait(f'state.exhibit.name === "{name}" && state.episode.length && !frame')


def test_several_digits_are_drawn_where_they_are(tab, several):
    """A stroke stays where and as large as it is, light on black among clutter, or on a coloured street."""
    bar = [(.2, .3), (.2, .5)]
    for index, name in enumerate(('pairs', 'addition', 'numbers')):
        tab.open(several)
        switched(tab, index, name)
        tab.click('[data-source=draw]')
        tab.run('$("pieces").value = 0; $("pieces").dispatchEvent(new Event("change"))')
        assert 'Nothing is drawn' in tab.text('#reading' if name == 'numbers' else '#answer')
        tab.draw('#pad', bar, [(.7, .8), (.9, .8)])
        tab.settle()
        config = PRESETS[name]
        image = pixels_of(tab)
        ground = image[:, 0, 0]
        np.testing.assert_allclose(ground, [0.2, 0.33, 0.48] if name == 'numbers' else [0], atol=1e-6)
        ink = np.abs(image - ground[:, None, None]).max(axis=0) > 0.1
        columns, lines = np.nonzero(ink[:config.size * 6 // 10]), np.nonzero(ink[config.size * 6 // 10:])
        assert abs(columns[1].mean() + 0.5 - 0.2 * config.size) < 1
        assert abs(lines[1].mean() + 0.5 - 0.8 * config.size) < 1
        width = float(tab.run('return $("stroke").value'))
        assert abs(np.ptp(columns[0]) + 1 - 0.2 * config.size - width) < 2
        assert width == 2.5 if name != 'numbers' else width > 5  # wide
        tab.run('$("pieces").value = 8; $("pieces").dispatchEvent(new Event("change"))')
        tab.settle()
        assert tab.run('return state.pieces.length') == 8 * (name == 'pairs')
        many = tab.run('return [$("bars").children.length, state.episode.length]')
        assert many == {'pairs': [10, 4], 'addition': [10, 8]}.get(name, [11, many[1]])
    assert not tab.complaints()


def test_a_reader_does_not_stop_when_sure_nor_look_from_many_places(tab, several):
    """What was chosen for another model is kept for it, and has no effect on a reader."""
    tab.open(several)
    tab.click('#sure')
    tab.click('#run-many')
    tab.wait('state.many.ends.length === 200')
    switched(tab, 2, 'numbers')
    tab.run('$("until").value = "0.8"')
    assert tab.run('return [state.many, $("many").hidden, threshold()]') == [None, True, None]  # Infinity is null
    assert tab.run('return state.stop === state.episode.length - 1')
    switched(tab, 0, 'pairs')
    assert tab.run('return threshold()') == 0.8 and not tab.complaints()


def test_a_picture_of_several_digits_is_fitted_as_a_whole(tab, several, tmp_path):
    """As in Python: light on black for pairs, whatever its ground, unless it is taken as it is; and in colour."""
    tab.open(several)
    for ground, ink in ('#e8ddc0', '#22304a'), ('#101418', '#f4f0e0'):
        picture = Image.new('RGB', (90, 60), ground)
        ImageDraw.Draw(picture).line([(20, 10), (20, 50), (60, 20)], ink, 5)
        own = tmp_path / f'own-{ink}.png'
        picture.save(own)
        opened(tab, own)
        for index, name in (0, 'pairs'), (2, 'numbers'):
            switched(tab, index, name)
            tab.settle()
            assert np.abs(pixels_of(tab) - tasks.read_picture(PRESETS[name], own) / 255).mean() < 0.01, name
        switched(tab, 0, 'pairs')
        tab.click('#as-is')
        tab.settle()
        assert 'invert' in tab.text('#preparation')
        assert np.abs(image_of(tab)[0] - tasks.read_picture(PRESETS['pairs'], own, as_is=True)[0] / 255).mean() < 0.01
        tab.click('#as-is')
    assert not tab.complaints()


def test_the_page_can_reach_nothing(tab, two_models):
    tab.open(two_models)
    for attempt in 'fetch("https://example.org")', 'fetch("data:,")', 'new WebSocket("wss://example.org")', \
            'new Image().src = "https://example.org/a.png"', \
            'document.head.append(Object.assign(document.createElement("script"), {text: "1"}))':
        tab.run(f'window.refused = 0; addEventListener("securitypolicyviolation", () => window.refused++);'
                f'try {{ {attempt} }} catch {{ window.refused++; }}')
        tab.wait('window.refused')
    tab.complaints()
    text = page.template()
    assert not re.search(r'https?:|localStorage|sessionStorage|indexedDB|document\.cookie|fetch\(|XMLHttp', text)
    for part in page.FOLDER.glob('page*'):
        assert len(part.read_text(encoding='utf-8').splitlines()) <= 300
