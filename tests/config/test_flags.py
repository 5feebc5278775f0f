"""train.py's flags and their help."""
import dataclasses
import re

import pytest

from ram import config
from ram.config.groups import GROUPS
from ram.registry import DATASETS
from tests.conftest import script

OLD = ['-hi', '-si', '-u', '-l', '-d', '-s', '-M', '--g_size', '--len_seq', '--depth', '--scale']


def helped(*flags):
    """The help as one text, and by flag in one line each: every name of a flag in front of its help."""
    result = script('train.py', *flags, COLUMNS='80')
    assert result.returncode == 0 and not result.stderr
    entries = re.findall(r'^  (-[^\n]*\n(?:   +[^\n]*\n)*)', result.stdout, re.MULTILINE)
    by_flag = {}
    for entry in entries:
        heads, text = re.split(r'\s{3,}', entry, maxsplit=1)
        by_flag.update(dict.fromkeys(re.findall(r'(?<!\S)--?[\w-]+', heads), ' '.join(text.split())))
    return result.stdout, by_flag


@pytest.mark.parametrize('flags, defaults', [
    ([], dict(epoch='150', lr='0.002', patch='12', core='lstm', rotate='10')),
    (['--dataset', 'cluttered'], dict(epoch='240', lr='0.001', patch='12', core='lstm', rotate='0')),
    (['--preset', 'archived'], dict(epoch='690', lr='0.01', patch='8', unit='128', schedule='step')),
    (['--preset', 'archived', '--epoch', '3', '--lr', '2'], dict(epoch='690', lr='0.01', clip='0')),
    (['--dataset', 'folder'], dict(images='none', normalise='yes', flip='no', rotate='15')),
    (['--dataset', 'numbers'], dict(size='64')),
    (['--dataset', 'numbers', '--margin', '2'], dict(size='128', margin='1')),
    (['--dataset', 'numbers', '--margin', 'inf'], dict(margin='1')),
    (['--dataset', 'folder', '--margin', '2'], dict(size='64')),
    (['--dataset', 'folder', '--fit', 'native'], dict(epoch='0', fit='resize', rotate='15', largest='0'))])
def test_the_help_shows_the_presets_defaults(flags, defaults):
    for told in helped(*flags, '--help-all')[1], helped('--help-all', *flags)[1]:
        assert {name: told[f'--{name}'].rpartition('(default: ')[2] for name in defaults} == {
            name: f'{value})' for name, value in defaults.items()}


@pytest.mark.parametrize('flags, reason, without, others', [
    (['--preset', 'archived'], '--model archived', ['core', 'filters', 'reward'], ['sigma', 'unit', 'drop']),
    (['--model', 'conv'], '--model conv', ['core', 'patch', 'sigma'], ['rotate', 'lr']),
    (['--dataset', 'catch', '--core', 'relu'], '--dataset catch', ['images', 'rotate', 'mc'], ['core', 'speed']),
    (['--dataset', 'folder', '--fit', 'native'], '--fit native', ['size'], ['images', 'rotate', 'largest']),
    ([], '--dataset translated', ['images', 'fit', 'speed'], ['clutter', 'dataset', 'model']),
    (['--optimizer', 'momentum'], '--schedule linear', ['decay', 'drop'], ['momentum', 'schedule'])])
def test_the_help_says_which_flags_have_no_effect_beside_the_others(flags, reason, without, others):
    told = helped(*flags, '--help-all')[1]
    for name in without:
        assert told[f'--{name}'].endswith(f'(no effect with {reason})')
    for name in others:
        assert '(default: ' in told[f'--{name}'] and 'no effect' not in told[f'--{name}']


@pytest.mark.parametrize('flags', [['--patch', '0'], ['--dataset', 'catch', '--model', 'conv']])
def test_flags_that_are_wrong_do_not_keep_the_help_away(flags):
    assert '(default: ' in helped(*flags, '--help')[1]['--epoch']


def test_the_headings_name_the_datasets_for_which_their_flags_are():
    for group in GROUPS:
        heading = re.search(r'\((all but )?(\w+(?:, \w+)*)[);]', group.__doc__)
        named = heading[2].split(', ') if heading else []
        if set(named) & set(DATASETS):
            fields = {field.name for field in dataclasses.fields(group)}
            unused = {name: fields <= set(task.unused) for name, task in DATASETS.items()}
            assert named == [name for name in DATASETS if unused[name] == bool(heading[1])]


def test_the_default_of_the_dataset_is_not_the_one_that_was_asked_for():
    assert '(default: translated)' in helped('--dataset', 'cluttered', '--help')[1]['--dataset']
    assert '(default: mnist)' in helped('--preset', 'archived', '--help')[1]['--dataset']


def test_the_help_begins_with_examples_and_leaves_out_rare_and_old_flags():
    (text, common), (everything, told) = helped('--help'), helped('--help-all')
    assert len(re.findall(r'^  python train.py ', text.partition('usage:')[0], re.MULTILINE)) == 3
    assert {'--dataset', '--images', '--epoch', '--gpu', '--resume'} <= set(common) < set(told)
    assert not {'--schedule', '--communicator', '--cache', *OLD} & set(common)
    assert not set(OLD) & set(told)
    fields = {field.name for field in dataclasses.fields(config.Config)} - {'classes', 'colour'}
    assert {f'--{name.replace("_", "-")}' for name in fields} <= set(told)
    some, all_flags = (len(re.findall('^  -', each, re.MULTILINE)) for each in (text, everything))
    assert some < all_flags / 2 and f'--help-all shows {all_flags - some} more flags.' in ' '.join(text.split())
    assert max(map(len, everything.splitlines())) < 80
