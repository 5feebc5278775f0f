import dataclasses
import json

import pytest

import train
from ram import config
from ram.config import Config
from ram.networks.conv_glimpse_network import ConvGlimpseNetwork


def parsed(*flags):
    return config.from_flags(train.parse(flags))


def test_presets_are_the_papers_tasks():
    sizes = {name: (p.size, p.clutter, p.patch, p.scales, p.glimpses) for name, p in config.PRESETS.items()}
    assert {name: sizes[name] for name in ('mnist', 'translated', 'cluttered', 'cluttered100')} == {
        'mnist': (28, 0, 8, 1, 6), 'translated': (60, 0, 12, 3, 6), 'cluttered': (60, 4, 12, 3, 6),
        'cluttered100': (100, 8, 12, 4, 8)}


def test_flags_replace_values_of_the_preset():
    chosen = parsed('--dataset', 'cluttered', '--sigma', '0.2', '--no-into-core', '-M', '3')
    assert chosen == dataclasses.replace(config.PRESETS['cluttered'], sigma=0.2, into_core=False, mc=3)


def test_the_archived_scripts_flags_work():
    chosen = parsed('--dataset', 'mnist', '-b', '64', '-e', '3', '-u', '100', '-hi', '200', '--g_size', '6', '-l', '4',
                    '-d', '2', '-s', '3', '-si', '0.05')
    assert (chosen.batchsize, chosen.epoch, chosen.unit, chosen.hidden, chosen.patch, chosen.glimpses, chosen.scales,
            chosen.factor, chosen.sigma) == (64, 3, 100, 200, 6, 4, 2, 3, 0.05)


@pytest.mark.parametrize('name, value', [
    ('patch', 0), ('glimpses', 0), ('sigma', -0.1), ('sigma', 0.0), ('sigma', float('nan')), ('lr', float('inf')),
    ('size', 27), ('scales', 0), ('batchsize', 0), ('dataset', 'imagenet'), ('optimizer', 'magic'), ('hidden', 2.5),
    ('into_core', 1), ('seed', -1), ('seed', 2 ** 32), ('patch', 4000), ('mc', True), ('lr', 10 ** 400),
    ('average', 1.0), ('average', -0.1)])
def test_rejects_impossible_values(name, value):
    with pytest.raises(ValueError, match=name if value != 4000 else 'largest patch'):
        dataclasses.replace(Config(), **{name: value})


def test_the_convolutional_glimpse_network_needs_four_pixels_at_least():
    Config(glimpse_network='conv', patch=4)
    with pytest.raises(ValueError, match='patch must be at least 4, not 3'):
        Config(glimpse_network='conv', patch=3)


@pytest.mark.parametrize('patch, scales, unit', [(12, 3, 128), (31, 1, 500), (4, 8, 2)])
def test_the_convolutional_glimpse_network_has_no_larger_layer_than_is_said(patch, scales, unit):
    c = Config(glimpse_network='conv', patch=patch, scales=scales, unit=unit, hidden=20)
    assert c.largest_layer == max(parameter.size for parameter in ConvGlimpseNetwork.from_config(c).params())


@pytest.mark.parametrize('changes', [dict(model='fc256', size=1000), dict(model='conv', size=2000),
                                     dict(glimpse_network='conv', filters=1024, patch=200)])
def test_rejects_controls_and_convolutions_that_are_too_large(changes):
    with pytest.raises(ValueError, match='a layer of'):
        Config(**changes)


@pytest.mark.parametrize('preset, changes', [
    ('svhn', dict(size=31)), ('svhn', dict(clutter=4)), ('folder', dict(clutter=4)), ('mnist', dict(extra=True)),
    ('svhn', dict(extra=True, digits='fonts')), ('mnist', dict(images='here')), ('mnist', dict(colour=True)),
    ('mnist', dict(classes=('a', 'b'))), ('svhn', dict(classes=('a', 'b'))),
    ('mnist', dict(paddle=3)), ('cluttered', dict(fit='pad')), ('svhn', dict(speed=2.0)),
    ('catch', dict(shift=2))])
def test_rejects_options_that_a_task_does_not_have(preset, changes):
    with pytest.raises(ValueError, match='size' if 'size' in changes else list(changes)[0]):
        dataclasses.replace(config.PRESETS[preset], **changes)


@pytest.mark.parametrize('classes', [(), ('a',), ('a', 'a'), ('a', ''), ('a', 3), ('a', None), ['a', 'b'], 'ab',
                                     tuple(map(str, range(10_001)))])
def test_rejects_bad_names_of_classes(classes):
    with pytest.raises(ValueError, match='classes'):
        dataclasses.replace(config.PRESETS['folder'], classes=classes)


def test_classes_survive_json():
    c = dataclasses.replace(config.PRESETS['folder'], classes=('Katze', 'Hund', '犬'), colour=True, images='a/b c')
    assert Config.from_json(c.to_json()) == c


def test_the_context_network_belongs_to_the_learned_policy():
    with pytest.raises(ValueError, match="policy must be learned, not 'random'"):
        Config(context=True, policy='random')


@pytest.mark.parametrize('changes', [dict(glimpse_network='conv'), dict(context=True)])
def test_the_archived_model_has_networks_of_its_own(changes):
    with pytest.raises(ValueError, match='archived'):
        dataclasses.replace(config.PRESETS['archived'], **changes)


@pytest.mark.parametrize('changes', [dict(dataset='svhn', size=32), dict(dataset='folder'), dict(normalise=True)])
def test_the_archived_model_knows_grey_scenes_alone(changes):
    with pytest.raises(ValueError, match='archived'):
        dataclasses.replace(config.PRESETS['archived'], **changes)


@pytest.mark.parametrize('changes', [dict(glimpses=1), dict(mc=5)])
def test_the_archived_model_learns_from_one_episode_of_several_glimpses(changes):
    with pytest.raises(ValueError, match='archived'):
        dataclasses.replace(config.PRESETS['archived'], **changes)


def test_the_archived_model_learns_where_to_look():
    with pytest.raises(ValueError, match='policy'):
        dataclasses.replace(config.PRESETS['archived'], policy='random')


def test_a_file_of_an_older_version_can_be_read():
    assert Config.from_json('{"dataset": "mnist", "size": 28}') == Config(dataset='mnist', size=28)


def test_rejects_networks_that_are_too_large():
    with pytest.raises(ValueError, match='a layer of 4,294,967,296 weights'):
        Config(patch=1024, scales=1, unit=4096)


def test_json_round_trip():
    for preset in config.PRESETS.values():
        assert Config.from_json(preset.to_json()) == preset


@pytest.mark.parametrize('encoding', ['utf-8', 'utf-8-sig', 'utf-16', 'utf-16-le', 'utf-32'])
def test_files_in_the_encodings_of_editors(encoding):
    assert Config.from_json(Config(size=64).to_json().encode(encoding)) == Config(size=64)


@pytest.mark.parametrize('text', ['', b'', b'\xff\xff{}', b'\xef\xbb\xbf', '[' * 200_000, '[]', 'null',
                                  json.dumps({**dataclasses.asdict(Config()), 'surprise': 1}),
                                  json.dumps({**dataclasses.asdict(Config()), 'patch': '12'}),
                                  json.dumps({**dataclasses.asdict(Config()), 'core': None})])
def test_json_that_is_no_config(text):
    with pytest.raises(ValueError):
        Config.from_json(text)


@pytest.mark.parametrize('flags, size', [
    ('', 64), ('--margin 1', 64), ('--margin 2', 128), ('--margin 1.03', 66), ('--margin 8', 512),
    ('--margin 2 --size 64', 64), ('--margin 2 --canvas 90', 90)])
def test_a_wider_picture_has_more_pixels(flags, size):
    assert parsed('--dataset', 'numbers', *flags.split()).size == size


@pytest.mark.parametrize('margin', ['0.5', '-3', '8.5', '1e9', 'inf', 'nan'])
def test_a_margin_that_is_refused_is_named(margin):
    with pytest.raises(ValueError, match=f'margin must be at least 1 and at most 8 .*not {float(margin)}'):
        parsed('--dataset', 'numbers', '--margin', margin)
