import dataclasses
import json

import pytest

from ram import checkpoint, config
from ram.registry import make_model
from ram.reports import tables
from tests.conftest import assert_one_clear_line, script

CLUTTERED8 = dataclasses.replace(config.PRESETS['cluttered'], glimpses=8)


@pytest.mark.parametrize('changes, row', [
    ({}, ('cluttered60', 'ram', 8)), (dict(core='relu', glimpses=4), ('cluttered60', 'ram', 4)),
    (dict(policy='random'), ('cluttered60', 'ram random locations', 8)),
    (dict(model='conv'), ('cluttered60', 'conv 2 layers', None)),
    (dict(model='fc64'), ('cluttered60', 'fc 2x64', None)),
    (dict(digits='fonts'), None), (dict(patch=10), None), (dict(size=70), None), (dict(clutter=3), None)])
def test_the_row_of_a_model(changes, row):
    assert tables.row_of(dataclasses.replace(CLUTTERED8, **changes)) == row


@pytest.mark.parametrize('changes, row', [
    ({}, ('svhn32', 'ram', 8)), (dict(digits='fonts'), ('street32', 'ram', 8)),
    (dict(digits='fonts', size=64, hidden=100, scales=3), ('street64', 'ram', 8)),
    (dict(size=64, model='conv'), ('svhn64', 'conv 2 layers', None)), (dict(size=48), None)])
def test_the_row_of_a_model_of_pictures(changes, row):
    assert tables.row_of(dataclasses.replace(config.PRESETS['svhn'], **changes)) == row


def test_pictures_have_a_table_of_their_own_once_there_is_a_model():
    assert not any('street' in table['title'] for table in made())
    table = tables.make_tables({('street64', 'ram', 8): {'test_error': 4.0, 'ci95': [3.5, 4.6]}})[-1]
    assert table['title'] == 'Beyond the paper: street digits (a stand-in for SVHN) on 64 x 64 streets'
    row, = table['rows']
    assert (row['model'], row['ours'], row['paper'], row['best']) == ('ram', 4.0, None, None)


def test_a_folders_models_and_the_archived_are_in_no_row():
    assert tables.row_of(config.PRESETS['folder']) is None
    assert tables.row_of(config.PRESETS['archived']) is None


def made(error=2.345):
    results = {('cluttered60', 'ram', 8): {'test_error': error, 'ci95': [2.06, 2.66]},
               ('mnist28', 'fc 2x64', None): {'test_error': 3.0, 'ci95': [2.7, 3.4]}}
    return tables.make_tables(results)


def test_tables_have_the_papers_rows_and_ours():
    found = {table['title'].split(':')[0]: table['rows'] for table in made()}
    assert [len(rows) for rows in found.values()] == [9, 6, 7, 5]  # one more than the paper in 1a: our fc 2x64
    row = next(row for row in found['Table 2a'] if (row['model'], row['glimpses']) == ('ram', 8))
    assert (row['ours'], row['paper'], row['best']) == (2.345, 4.04, 2.63) and 'tfRAM' in row['source']
    row = next(row for row in found['Table 1a'] if row['model'] == 'fc 2x64')
    assert (row['ours'], row['paper'], row['best']) == (3.0, None, None)
    row = next(row for row in found['Table 2b'] if row['model'] == 'ram random locations')
    assert (row['ours'], row['paper'], row['best']) == (None, 28.4, 28.4)


def test_as_text_and_markdown_and_json():
    text, markdown = tables.as_text(made()), tables.as_markdown(made())
    assert 'RAM, 8 glimpses                   2.35     2.06 to 2.66  4.04      2.63 (slundqui/tfRAM' in text
    assert '| RAM, 8 glimpses | 2.35 | 2.06 to 2.66 | 4.04 | 2.63 (slundqui/tfRAM (TensorFlow)) |' in markdown
    assert len({line.count('|') for line in markdown.splitlines() if line.startswith('|')}) == 1
    ours = tables.as_markdown(made(), only_ours=True).splitlines()
    assert len(ours) == 4 and '| 28 x 28 MNIST | fc 2x64 | 3.00 |' in ours[2]
    assert json.loads(tables.as_json(made())) == made()


DOCUMENT = 'before\n<!-- tables -->\nold\n<!-- /tables -->\nbetween\n<!-- tables: ours -->\n<!-- /tables -->\nafter\n'


def test_documents_are_written_and_checked():
    text = tables.written(DOCUMENT, made())
    assert text.startswith('before\n<!-- tables -->\n**Table 1a') and text.endswith('<!-- /tables -->\nafter\n')
    assert text.count('| 2.35 |') == 2 and tables.written(text, made()) == text
    assert tables.differences(text, made()) == [] == tables.differences(text, made(2.36))
    assert len(tables.differences(text, made(2.38))) == 2
    assert len(tables.differences(text.replace('| 4.04 |', '| 4.44 |'), made())) == 2
    assert tables.differences(DOCUMENT, made())
    with pytest.raises(ValueError, match='<!-- tables -->'):
        tables.written('nothing', made())


def test_from_the_command_line(tmp_path, mnist_folder):
    """An untrained model, told in every form."""
    folder, document = tmp_path / 'models', tmp_path / 'results.md'
    folder.mkdir()
    assert_one_clear_line(script('evaluate.py', '--tables', folder), 'no model')
    checkpoint.save_model(folder / 'a.npz', make_model(dataclasses.replace(config.PRESETS['mnist'], glimpses=2)))
    checkpoint.save_model(folder / 'b.npz', make_model(dataclasses.replace(config.PRESETS['mnist'], digits='fonts')))
    document.write_text(DOCUMENT)
    flags = ['--tables', folder, '--repeats', 1, '--data', mnist_folder]
    result = script('evaluate.py', *flags, '--write', document)
    assert result.returncode == 0 and 'b.npz is of no task of the paper' in result.stderr
    line = next(line for line in result.stdout.splitlines() if line.startswith('RAM, 2 glimpses'))
    assert 60 < float(line.split()[3]) <= 100 and f'| {line.split()[3]} |' in document.read_text()
    assert script('evaluate.py', *flags, '--check', document).returncode == 0
    document.write_text(document.read_text().replace(line.split()[3], '1.00'))
    wrong = script('evaluate.py', *flags, '--check', document)
    assert wrong.returncode == 2 and 'stated: | RAM, 2 glimpses | 1.00' in wrong.stderr
    checkpoint.save_model(folder / 'c.npz', make_model(dataclasses.replace(config.PRESETS['mnist'], glimpses=2)))
    assert 'same row' in script('evaluate.py', *flags).stderr
    assert_one_clear_line(script('evaluate.py'), '--tables')
