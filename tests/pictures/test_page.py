"""The page for the browser: what it holds, what it refuses to show, and the commands that write it."""
import argparse
import base64
import dataclasses
import json
import pathlib
import re
import shutil
import zlib

import numpy as np
import pytest
from PIL import Image

from datasets import scenes
from ram import checkpoint, tasks
from ram.config import PRESETS, Config
from ram.pictures import page
from ram.registry import make_model
from tests import rows as task
from tests.conftest import ROOT, assert_one_clear_line, script

rows = task.rows


def exhibit_of(model, count=200, name='a model'):
    """A model at scenes that need no data: digits of fonts."""
    config = dataclasses.replace(model.config, digits='fonts')
    sources, truths = tasks.load_sources(config, 'test')
    images = scenes.fixed_scenes(sources[:count], config.size, config.clutter, seed=5)
    return page.Exhibit(name, model, images, truths[:count], sources[-24:] if config.clutter else np.empty((0, 0, 0)))


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


@pytest.mark.parametrize('preset, changes, words', [
    ('cluttered', {}, 'Cluttered digits, 60 x 60, 6 glimpses'), ('mnist', dict(glimpses=1), 'Digits, 1 glimpse'),
    ('svhn', {}, 'House numbers, 4 glimpses'), ('svhn', dict(size=64), 'House numbers on a street, 4 glimpses'),
    ('svhn', dict(digits='fonts'), 'Street digits, 4 glimpses'),
    ('svhn', dict(digits='fonts', size=64), 'Digits on a street, 4 glimpses'),
    ('folder', {}, 'Signs of towns, 4 glimpses'), ('pairs', {}, 'Two digits, 100 x 100, 4 glimpses'),
    ('numbers', {}, 'House numbers, 3 glimpses a digit'), ('text', {}, 'Signs of towns, 3 glimpses a digit'),
    ('text', dict(classes=('0', 'A'), glimpses=1), 'Signs of towns, 1 glimpse a character')])
def test_a_model_has_a_name_in_words(preset, changes, words):
    assert page.in_words(dataclasses.replace(PRESETS[preset], **changes), 'signs of towns') == words


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


@pytest.mark.parametrize('kind', ['linear', 'conv'])
def test_a_model_with_a_part_that_the_page_does_not_know_is_refused(tiny, kind):
    model = make_model(dataclasses.replace(tiny, glimpse_network=kind, context=True))
    with pytest.raises(ValueError, match='cannot be shown: the page does not know the layer context_network'):
        page.page([exhibit_of(model, 1)])


def test_a_reader_without_a_gaze_is_refused(rows):
    assert page.obstacle(make_model(task.config())) is None
    assert 'control places, which has no gaze' in page.obstacle(make_model(task.config(model='places')))


def test_a_model_that_plays_is_refused(tmp_path):
    checkpoint.save_model(tmp_path / 'player.npz', make_model(dataclasses.replace(PRESETS['catch'], unit=5, hidden=7)))
    out = tmp_path / 'look.html'
    assert_one_clear_line(script('visualize.py', tmp_path / 'player.npz', '--page', out), '--page is not for catch')
    assert_one_clear_line(script('visualize.py', '--gallery', tmp_path / 'player.npz', '--page', out),
                          'does not know the model player')


def test_a_gallery_takes_of_a_folder_one_model_of_each_task(tmp_path):
    names = [path.stem for path in page.gallery([ROOT / 'models'])]
    assert names == ['cluttered100-T8', 'cluttered-T8', 'translated-T8', 'mnist-T7', 'street64-T8', 'street-T8']
    for name in 'x.npz', 'x-near.npz':
        shutil.copy(ROOT / 'models' / 'mnist-T4.npz', tmp_path / name)
    assert page.gallery([tmp_path]) == [tmp_path / 'x.npz']
    assert page.gallery(['a.npz', 'b.npz']) == [pathlib.Path('a.npz'), pathlib.Path('b.npz')]


def test_visualize_writes_a_page(tiny, tmp_path):
    checkpoint.save_model(tmp_path / 'model.npz', make_model(tiny))
    result = script('visualize.py', tmp_path / 'model.npz', '--page', tmp_path / 'look.html', '--scenes', 5)
    assert result.returncode == 0 and str(tmp_path / 'look.html') in result.stdout
    entry, = held((tmp_path / 'look.html').read_bytes())
    assert len(entry['truths']) == 5 and entry['weights'] == 'float16'
    assert_one_clear_line(script('visualize.py', '--gallery', tmp_path), '--page')


@pytest.mark.parametrize('dataset', ['folder', 'text'])
def test_pictures_of_ones_own_stay_out_unless_asked(tmp_path, rng, dataset):
    names = ('cat', 'dog') if dataset == 'folder' else ('train', 'val', 'test')
    for name in names:
        (tmp_path / 'pictures' / name).mkdir(parents=True)
        for i in range(20):
            Image.fromarray(rng.integers(0, 256, (40, 40, 3), np.uint8)).save(tmp_path / f'pictures/{name}/{i}.png')
        if dataset == 'text':
            lines = ['file,label', *(f'{i}.png,{"ab"[i % 2] * (1 + i % 3)}' for i in range(20))]
            (tmp_path / 'pictures' / name / 'labels.csv').write_text('\n'.join(lines))
    kind = dict(classes=names) if dataset == 'folder' else dict(classes=('a', 'b'), longest=3, model='reader')
    config = Config(dataset=dataset, images=str(tmp_path / 'pictures'), colour=True, size=32, unit=5, hidden=7,
                    normalise=True, **kind)
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
    truths = np.array(entry['truths'])
    assert truths.shape == ((2,) if dataset == 'folder' else (2, 4)) and entry['own']
    assert entry['names'] == [*config.classes, *['end'] * (dataset == 'text')]
    assert len(entry['bytes']) == 2 * 3 * 32 * 32


def test_the_gallery_has_the_current_program():
    """The command in docs/watching.md writes it anew."""
    gallery, template = (ROOT / 'docs' / 'index.html').read_text(encoding='utf-8'), page.template()
    for part in '<style>.*?</style>', '<body>.*?<script', '<script>.*?</script>':
        assert re.search(part, gallery, re.DOTALL)[0] == re.search(part, template, re.DOTALL)[0]
    assert len(gallery) < page.LARGEST
