"""Flags of the scripts that have no effect, and those that a resumed run refuses."""
import argparse
import dataclasses

import pytest
from PIL import Image

from ram import checkpoint, command_line, config
from ram.registry import make_model
from ram.training import run as description
from tests.conftest import assert_one_clear_line, script


@pytest.fixture(scope='module')
def kinds(tmp_path_factory):
    """The files of a control, a player, and a classifier that draws locations, each small and not trained."""
    folder = tmp_path_factory.mktemp('kinds')
    for name, preset, changes in [('control', 'mnist', dict(model='conv')), ('player', 'catch', {}),
                                  ('classifier', 'mnist', {}), ('pictures', 'folder', {})]:
        chosen = dataclasses.replace(config.PRESETS[preset], hidden=8, unit=8, **changes)
        checkpoint.save_model(folder / f'{name}.npz', make_model(chosen))
    return folder


@pytest.mark.parametrize('command, flag, reason', [
    ('evaluate.py control.npz --repeats 10', '--repeats 10', 'control.npz, which draws no location'),
    ('evaluate.py control.npz --passes 1', '--passes 1', 'control.npz, which draws no location'),
    ('evaluate.py control.npz --seed 0', '--seed 0', 'control.npz, which draws no location'),
    ('evaluate.py control.npz --policy random', '--policy random', 'control.npz, which sees the whole image'),
    ('evaluate.py classifier.npz --policy center --passes 3', '--passes 3', 'which draws no location'),
    ('evaluate.py player.npz --policy center --passes 3', '--passes 3', 'player.npz, a player of catch'),
    ('evaluate.py player.npz --until 0.9', '--until 0.9', 'player.npz, a player of catch'),
    ('evaluate.py control.npz --until 0.9', '--until 0.9', 'control.npz, which sees the whole image'),
    ('evaluate.py classifier.npz --until 0.9 --passes 3', '--passes 3', 'with --until 0.9'),
    ('evaluate.py player.npz --repeats 3', '--repeats 3', 'player.npz, a player of catch'),
    ('evaluate.py classifier.npz --passes 2 --predict a.png', '--passes 2', '--predict'),
    ('evaluate.py classifier.npz --split test --predict a.png', '--split test', '--predict'),
    ('evaluate.py pictures.npz --images . --predict a.png', '--images .', '--predict'),
    ('visualize.py pictures.npz --images . --image a.png', '--images .', '--image'),
    ('evaluate.py control.npz --repeats 3 --predict a.png', '--repeats 3', 'which draws no location'),
    ('visualize.py classifier.npz --scenes 3', '--scenes 3', 'without --page'),
    ('visualize.py classifier.npz --weights float16', '--weights float16', 'without --page'),
    ('visualize.py classifier.npz --count 4 --index 1 2', '--count 4', 'with --index'),
    ('visualize.py classifier.npz --count 4 --image a.png', '--count 4', 'with --image'),
    ('visualize.py classifier.npz --count 4 --heatmap', '--count 4', 'with --heatmap'),
    ('visualize.py classifier.npz --policy center --heatmap --seed 1', '--seed 1', 'which draws no location'),
    ('visualize.py classifier.npz --policy center --index 0 --seed 1', '--seed 1', 'which draws no location'),
    ('visualize.py classifier.npz --page a.html --count 3', '--count 3', 'with --page'),
    ('visualize.py classifier.npz --page a.html --out b.html', '--out b.html', 'with --page'),
    ('visualize.py classifier.npz --page a.html --index 1 --scenes 3', '--scenes 3', 'with --index'),
    ('visualize.py control.npz --augmented --policy center', '--policy center', 'with --augmented'),
    ('visualize.py player.npz --index 1 2', '--index 1 2', 'player.npz, a player of catch'),
    ('visualize.py player.npz --image a.png', '--image a.png', 'player.npz, a player of catch')])
def test_a_flag_without_effect_is_refused(kinds, command, flag, reason):
    name, model, *flags = command.split()
    result = script(name, kinds / model, *flags)
    assert_one_clear_line(result, f'error: {flag} has no effect', reason, 'leave it out')


@pytest.mark.parametrize('flags', ['--image digit.png --out digit.gif', '--image digit.png --out ./digit',
                                   '--page classifier.npz'])
def test_a_picture_does_not_replace_what_it_shows(kinds, flags):
    """The sheet is beside the GIF, under the same name."""
    Image.new('L', (28, 28)).save(kinds / 'digit.png')
    before = {path: path.read_bytes() for path in kinds.iterdir()}
    words = [word if word.startswith('--') else str(kinds / word) for word in flags.split()]
    assert_one_clear_line(script('visualize.py', kinds / 'classifier.npz', *words), 'would replace', flags.split()[-2])
    assert {path: path.read_bytes() for path in kinds.iterdir()} == before


@pytest.mark.parametrize('until', ['1.5', '0', 'nan', 'sure'])
def test_a_threshold_must_be_a_probability(kinds, until):
    assert_one_clear_line(script('evaluate.py', kinds / 'classifier.npz', '--until', until), '--until', until)


def test_tables_have_one_form():
    assert_one_clear_line(script('models/tables.py', '--json', '--markdown'), '--markdown', 'not allowed', '--json')


def test_which_flags_were_given():
    """Also those that have their default's value."""
    parser = command_line.Parser('', 'A test.', [])
    parser.add_argument('--size', type=int, default=3)
    parser.add_argument('--absent', default=argparse.SUPPRESS)
    parser.add_argument('--on', action='store_true')
    arguments = parser.parse_args(['--size', '3', '-g'])
    assert arguments.given == {'size', 'gpu'} and 'absent' not in arguments
    assert (arguments.size, arguments.on, arguments.gpu, arguments.data) == (3, False, None, None)


@pytest.mark.parametrize('field', [field for field in dataclasses.fields(config.Config) if field.metadata['flags']
                                   and field.name not in ('epoch', 'images')], ids=lambda field: field.name)
def test_a_resumed_run_takes_no_other_values(run, field):
    kept = getattr(description.read(run).config, field.name)
    flag, choices = field.metadata['flags'][-1], [*(field.metadata['choices'] or [])]
    if field.type is bool:
        words = [flag.replace('--', '--no-' if kept else '--')]
    else:
        words = [flag, str(choices[choices.index(kept) - 1] if choices else 'x' if field.type is str else kept + 1)]
    assert_one_clear_line(script('train.py', '--resume', run, *words), field.name.replace('_', '-'), str(kept))
