import dataclasses
import json

import pytest

from ram import checkpoint, config
from ram.pictures import errors_picture
from ram.registry import MODELS, make_model
from ram.reports import tables
from ram.reports.published import Published, Row, comparable, lowest, read, related, row_of
from tests.conftest import assert_one_clear_line, script

RANDOM = 'random first glimpse'
CLUTTERED8 = dataclasses.replace(config.PRESETS['cluttered'], glimpses=8)


@pytest.mark.parametrize('changes, row', [
    ({}, ('cluttered60', 'ram', 8, RANDOM)), (dict(core='relu', glimpses=4), ('cluttered60', 'ram', 4, RANDOM)),
    (dict(policy='random'), ('cluttered60', 'ram random locations', 8, RANDOM)),
    (dict(policy='random', start='center'), ('cluttered60', 'ram random locations', 8, RANDOM)),
    (dict(start='learned'), ('cluttered60', 'ram', 8, 'learned first glimpse')),
    (dict(start='center', start_range=0.5), ('cluttered60', 'ram', 8, 'centre first')),
    (dict(start_range=0.4), ('cluttered60', 'ram', 8, 'first glimpse in [-0.4, 0.4]^2')),
    (dict(hidden=512), ('cluttered60', 'ram, 512 units', 8, RANDOM)),
    (dict(unit=64, policy='random'), ('cluttered60', 'ram random locations, 64 units in h_g and h_l', 8, RANDOM)),
    (dict(context=True), ('cluttered60', 'ram, context', 8, 'learned first glimpse')),
    (dict(model='conv'), ('cluttered60', 'conv 2 layers', None, '')),
    (dict(model='fc64'), ('cluttered60', 'fc 2x64', None, '')),
    (dict(digits='fonts'), None), (dict(patch=10), None), (dict(size=70), None), (dict(clutter=3), None)])
def test_the_row_of_a_model(changes, row):
    assert row_of(dataclasses.replace(CLUTTERED8, **changes)) == row


@pytest.mark.parametrize('model', [name for name, model in MODELS.items() if model.goal == 'classification'])
def test_every_model_has_a_row_or_none(model):
    row = row_of(dataclasses.replace(config.PRESETS['mnist'], model=model))
    assert row is None or (row.task, isinstance(row.model, str)) == ('mnist28', True)


@pytest.mark.parametrize('changes, row', [
    ({}, ('svhn32', 'ram conv glimpse network', 4, RANDOM)),
    (dict(digits='fonts', glimpse_network='linear'), ('street32', 'ram', 4, RANDOM)),
    (dict(digits='fonts', glimpse_network='linear', size=64, hidden=100, scales=3),
     ('street64', 'ram, 100 units', 4, RANDOM)),
    (dict(size=64, model='conv'), ('svhn64', 'conv 2 layers', None, '')), (dict(size=48), None),
    (dict(extra=True), None)])
def test_the_row_of_a_model_of_pictures(changes, row):
    assert row_of(dataclasses.replace(config.PRESETS['svhn'], **changes)) == row


def test_pictures_have_a_table_of_their_own_once_there_is_a_model():
    assert not any('street' in table['title'] for table in made())
    table = tables.make_tables({Row('street64', 'ram', 8, RANDOM): result(4.0, [3.5, 4.6])})[-1]
    assert table['title'] == 'Beyond the paper: street digits (a stand-in for SVHN) on 64 x 64 streets'
    row, = table['rows']
    assert (row['model'], row['ours'], row['paper'], row['best']) == ('ram', 4.0, None, None)


def test_two_digits_have_a_table_once_there_is_a_model_with_what_is_published_of_another_protocol():
    assert not any('two digits' in table['title'] for table in made())
    pairs, addition = (row_of(config.PRESETS[name]) for name in ('pairs', 'addition'))
    tables_made = tables.make_tables({pairs: result(3.0, [2.7, 3.4]), addition: result(1.5, [1.3, 1.8])})
    row = found_row(tables_made, ('which two digits', *pairs[1:]))
    assert (row['ours'], row['paper'], row['best'], row['lowest']) == (3.0, None, None, 5)
    assert row['lowest_protocol'].startswith('dram; learned first glimpse; retina, overlap') and 'scale' not in row[
        'lowest_protocol']
    row = found_row(tables_made, ('sum of two digits', *addition[1:]))
    assert (row['ours'], row['lowest']) == (1.5, None)
    assert {figure.error for figure in related(read(), pairs)} == {9, 7, 5}
    assert all(table['title'] in tables.as_markdown(tables_made) for table in tables_made)
    assert len(errors_picture.draw(tables_made).axes) == 4  # the paper's tasks


def test_a_folders_models_and_the_archived_are_in_no_row():
    assert row_of(config.PRESETS['folder']) is None
    assert row_of(config.PRESETS['archived']) is None


def result(error, interval, epoch=100, name='a', init=''):
    return {'test_error': error, 'ci95': interval, 'epoch': epoch, 'name': name, 'init': init}


def made(error=2.345):
    return tables.make_tables({Row('cluttered60', 'ram', 8, RANDOM): result(error, [2.06, 2.66]),
                               Row('mnist28', 'fc 2x64', None, ''): result(3.0, [2.7, 3.4])})


def found_row(made, row):
    return next(found for table in made for found in table['rows']
                if (found['model'], found['glimpses'], found['start']) == row[1:] and row[0] in table['title'])


def test_published_figures_are_compared_by_protocol():
    """Against figures picked from the file by hand."""
    figures = read()
    assert len(figures) == 81
    row = Row('mnist28', 'ram', 7, RANDOM)
    assert {figure.error for figure in comparable(figures, row)} == {1.07, 2.43}  # the third starts elsewhere
    assert lowest(related(figures, row)).error == 0.85
    assert [figure.error for figure in comparable(figures, row._replace(start='learned first glimpse'))] == [0.85]
    doubtful = lowest(comparable(figures, Row('mnist28', 'ram', 6, RANDOM)))
    assert (doubtful.error, doubtful.notes) == (0.67, 'averaging at test not stated')
    assert lowest(comparable(figures, Row('cluttered60', 'ram', 8, RANDOM))).notes == 'mean of 10 noisy runs'
    assert comparable(figures, Row('cluttered60', 'ram', 6, 'centre first')) == []  # ten passes are averaged
    assert lowest(related(figures, Row('cluttered100', 'ram', 8, RANDOM))).row.model == 'dram'
    walk = Row('cluttered100', 'ram random locations', 8, RANDOM)
    assert [figure.error for figure in related(figures, walk)] == [28.4] == [
        figure.error for figure in comparable(figures, walk)]
    assert {figure.error for figure in comparable(figures, Row('translated60', 'conv 2 layers', None, ''))} == {
        1.62, 1.57}


def test_random_locations_are_not_learned_whatever_the_networks_sizes():
    assert row_of(dataclasses.replace(CLUTTERED8, hidden=512)).attends
    assert not row_of(dataclasses.replace(CLUTTERED8, policy='random', unit=64)).attends


def test_another_retina_is_not_comparable():
    row = Row('cluttered100', 'ram', 8, RANDOM)
    figures = read() + [Published('someone', row, ('12', '3'), 1.0, RANDOM)]
    assert lowest(comparable(figures, row)).error == 5.9 and lowest(related(figures, row)).error == 1.0


def test_a_model_that_starts_elsewhere_has_a_row_of_its_own():
    learned = Row('mnist28', 'ram', 7, 'learned first glimpse')
    near = Row('mnist28', 'ram', 2, 'first glimpse in [-0.4, 0.4]^2')
    tables_made = tables.make_tables({learned: result(0.8, [0.6, 1.0]), near: result(4.0, [3.5, 4.5])})
    row = found_row(tables_made, ('MNIST', *learned[1:]))
    assert (row['ours'], row['paper'], row['best'], row['lowest']) == (0.8, None, 0.85, None)
    row = found_row(tables_made, ('MNIST', *near[1:]))
    assert (row['paper'], row['best'], row['lowest'], row['lowest_source'], row['lowest_protocol']) == (
        None, None, 3.79, 'NIPS 2014', RANDOM)
    text = tables.as_markdown(tables_made)
    assert 'RAM, 7 glimpses, learned first glimpse | 0.80 | 0.60 to 1.00 |  | 0.85 (Torch7 rnn RMVA post) |  |' in text
    assert '| RAM, 2 glimpses, first glimpse in [-0.4, 0.4]^2 | 4.00 |' in text


def test_rows_of_unequal_training_are_marked():
    random = Row('cluttered60', 'ram random locations', 8, RANDOM)
    ram, conv = Row('street64', 'ram', 8, RANDOM), Row('street64', 'conv 2 layers', None, '')
    results = {Row('cluttered60', 'ram', 8, RANDOM): result(2.4, [2, 3], 240), random: result(14.5, [14, 15], 100),
               Row('street32', 'ram', 8, RANDOM): result(5, [4, 6], 60, 'street-T8'),
               ram: result(21, [20, 22], 70, 'b', 'street-T8'), conv: result(41, [40, 42], 60)}
    text = tables.as_markdown(tables.make_tables(results))
    assert '| RAM random locations, 8 glimpses † |' in text and '| RAM, 8 glimpses | 2.40 |' in text
    assert '| RAM, 8 glimpses | 5.00 ' in text and '| RAM, 8 glimpses ‡ | 21.00 |' in text and '2 layers † |' in text
    assert text.count('same table: 60 x 60 cluttered translated MNIST, 100 epochs against 240; street digits') == 1
    assert text.count('streets, 60 epochs against 130.') == 1  # 70 and the 60 before
    assert text.count('RAM, 8 glimpses from street-T8 (60 epochs).') == 1
    # The same if it started from another seed of a row that has several.
    plain = Row('street32', 'ram', 8, RANDOM)
    seeds = [result(5, [4, 6], 60, name) for name in ('street-T8', 'street-T8-seed1')]
    several = {**results, plain: tables.mean_of_seeds(seeds), ram: {**results[ram], 'init': 'street-T8-seed1'}}
    text = tables.as_markdown(tables.make_tables(several))
    assert 'streets, 60 epochs against 130.' in text and 'from street-T8-seed1 (60 epochs).' in text
    # A model of another size sets no standard.
    larger = Row('cluttered60', 'ram, 512 units', 8, RANDOM)
    text = tables.as_markdown(tables.make_tables({**results, larger: result(2.2, [2, 3], 90)}))
    assert 'RAM random locations, 8 glimpses † |' in text and '90 or 100 epochs against 240' in text
    # A short run that continues a longer one has not been trained for less.
    results[ram]['epoch'], results[conv]['epoch'] = 1, 61
    assert '2 layers | 41' in tables.as_markdown(tables.make_tables(results))
    # A model that nothing is known of, or that has the same name.
    for init in 'elsewhere', results[ram]['name']:
        results[ram] = {**results[ram], 'init': init, 'epoch': 61}
        assert f'RAM, 8 glimpses from {init}.' in tables.as_markdown(tables.make_tables(results))
    results[ram]['init'] = ''
    results[random]['epoch'] = 240
    text = tables.as_text(tables.make_tables(results))
    assert '†' not in text and '‡' not in text


def test_the_picture_has_every_published_attention_model_of_the_papers_tasks():
    figures = [figure for figure in read() if figure.row.attends and figure.row.task != 'pairs100']
    picture = errors_picture.draw(made())
    assert [axes.get_title().replace('\n', ' ') for axes in picture.axes] == [
        '28 x 28 MNIST', '60 x 60 translated MNIST', '60 x 60 cluttered translated MNIST',
        '100 x 100 cluttered translated MNIST']
    drawn = sorted(error for axes in picture.axes for line in axes.lines
                   if 'other' in line.get_label() or 'paper' in line.get_label() for error in line.get_ydata())
    assert drawn == sorted(figure.error for figure in figures)
    ours = [line for axes in picture.axes for bars in axes.containers for line in bars.lines[:1]]
    assert [(list(line.get_xdata()), list(line.get_ydata())) for line in ours] == [([8], [2.345])]
    picture.canvas.draw()
    for axes in picture.axes:
        boxes = [label.get_window_extent() for label in axes.get_yticklabels()]
        assert len(boxes) > 2 and not any(one.overlaps(other) for one, other in zip(boxes, boxes[1:]))


def test_tables_have_the_papers_rows_and_ours():
    found = {table['title'].split(':')[0]: table['rows'] for table in made()}
    assert [len(rows) for rows in found.values()] == [9, 6, 7, 5]  # one more than the paper in 1a: our fc 2x64
    row = next(row for row in found['Table 2a'] if (row['model'], row['glimpses']) == ('ram', 8))
    assert (row['ours'], row['paper'], row['best']) == (2.345, 4.04, 2.63) and 'tfRAM' in row['source']
    row = next(row for row in found['Table 2a'] if (row['model'], row['glimpses']) == ('ram', 6))
    assert (row['best'], row['lowest']) == (3.33, 2.75)
    assert row['lowest_protocol'] == 'dram; centre first; 10 passes averaged; 6,400 test images; 2 scales'
    row = next(row for row in found['Table 1a'] if row['model'] == 'fc 2x64')
    assert (row['ours'], row['paper'], row['best']) == (3.0, None, None)
    row = next(row for row in found['Table 2b'] if row['model'] == 'ram random locations')
    assert (row['ours'], row['paper'], row['best']) == (None, 28.4, 28.4)


def test_as_text_and_markdown_and_json():
    text, markdown = tables.as_text(made()), tables.as_markdown(made())
    assert 'RAM, 8 glimpses                   2.35     2.06 to 2.66  4.04      2.63 (slundqui/tfRAM; mean of 10' in text
    assert '| 2.35 | 2.06 to 2.66 | 4.04 | 2.63 (slundqui/tfRAM; mean of 10 noisy runs) |  |' in markdown
    assert len({line.count('|') for line in markdown.splitlines() if line.startswith('|')}) == 1
    assert json.loads(tables.as_json(made())) == made()


def test_the_short_table_has_the_papers_model_beside_the_paper_and_its_convolutional_network():
    """Not controls, other first glimpses, other sizes, or few glimpses."""
    others = {Row('cluttered60', *rest): result(1, [0, 2]) for rest in [
        ('ram', 4, RANDOM), ('ram', 8, 'centre first'), ('ram, 512 units', 8, RANDOM), ('conv 2 layers', None, ''),
        ('ram random locations', 8, RANDOM)]}
    results = {Row('cluttered60', 'ram', 8, RANDOM): result(2.345, [2.061, 2.656]),
               Row('translated60', 'ram', 6, RANDOM): {**result(0.7, [0.5, 0.9]), 'seeds': 3, 'deviation': 0.08}}
    assert tables.as_short_markdown(tables.make_tables({**results, **others})).splitlines()[2:] == [
        '| 60 x 60 translated MNIST | 6 | 0.70 ± 0.08 | 0.50 to 0.90 | 1.22 | 1.62 |',
        '| 60 x 60 cluttered translated MNIST | 8 | 2.35 | 2.06 to 2.66 | 4.04 | 8.09 |']


def test_several_passes_have_a_column_of_their_own():
    """Only if they were measured; and published figures are compared with the single pass alone."""
    ram, walk = (Row('cluttered60', model, 8, RANDOM) for model in ('ram', 'ram random locations'))
    results = {ram: result(2.7, [2, 3]), walk: {**result(14.5, [14, 15]), 'passes': 10, 'passes_error': 9.87},
               Row('mnist28', 'fc 2x64', None, ''): result(3.0, [2.7, 3.4])}
    alone = tables.make_tables({**results, walk: result(14.5, [14, 15])})
    assert 'passes, %' not in tables.as_markdown(alone) + tables.as_text(alone)
    results[ram].update(passes=10, passes_error=2.0)  # lower than the published 2.63
    both = tables.make_tables(results)
    text = tables.as_markdown(both)
    assert '| 2.70 | 2.00 to 3.00 | 2.00 | 4.04 | 2.63 (slundqui/tfRAM; mean of 10 noisy runs) |  |' in text
    assert '| model | ours, % | 95% interval | ours, 10 passes, % | paper, % |' in text
    assert '| 14.00 to 15.00 | 9.87 | 14.40 |' in text and '| fc 2x64 | 3.00 | 2.70 to 3.40 |  |  |' in text
    assert len({line.count('|') for line in text.splitlines() if line.startswith('|')}) == 1
    assert '10 passes: ' in text
    assert 'ours, 10 passes, %' in tables.as_text(both)
    assert found_row(both, ('60 x 60 cluttered', *ram[1:]))['best'] == 2.63


DOCUMENT = 'before\n<!-- tables -->\nold\n<!-- /tables -->\nbetween\n<!-- tables: short -->\n<!-- /tables -->\nafter\n'


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


def test_runs_with_different_seeds_are_one_row_with_their_mean_and_deviation():
    runs = [{**result(error, [error - 0.5, error + 1]), 'passes': 10, 'passes_error': error / 2, 'epoch': epoch}
            for error, epoch in ((2.0, 90), (3.0, 80), (2.8, 100))]
    found = tables.mean_of_seeds(runs)
    assert found['test_error'] == pytest.approx(2.6) and found['ci95'] == pytest.approx([2.1, 3.6])
    assert found['deviation'] == pytest.approx((0.28) ** 0.5)  # (0.36 + 0.16 + 0.04) / 2
    assert (found['seeds'], found['epoch'], found['passes_error']) == (3, 80, pytest.approx(1.3))
    text = tables.as_markdown(tables.make_tables({Row('cluttered60', 'ram', 8, RANDOM): found}))
    assert '| RAM, 8 glimpses | 2.60 ± 0.53 | 2.10 to 3.60 | 1.30 |' in text and 'mean over 3 runs' in text
    assert tables.mean_of_seeds(runs[:1]) == runs[0] and '±' not in tables.as_text(made())


def test_from_the_command_line(tmp_path, mnist_folder):
    """An untrained model in every form of the tables."""
    folder, document = tmp_path / 'models', tmp_path / 'results.md'
    folder.mkdir()
    assert_one_clear_line(script('models/tables.py', folder), 'no model')
    checkpoint.save_model(folder / 'a.npz', make_model(dataclasses.replace(config.PRESETS['mnist'], glimpses=2)))
    checkpoint.save_model(folder / 'b.npz', make_model(dataclasses.replace(config.PRESETS['mnist'], digits='fonts')))
    document.write_text(DOCUMENT)
    control = make_model(dataclasses.replace(config.PRESETS['mnist'], model='fc64'))
    checkpoint.save_model(folder / 'control.npz', control)
    flags = [folder, '--repeats', 1, '--passes', 1, '--data', mnist_folder]
    passes = json.loads(script('models/tables.py', *flags, '--passes', 2, '--json').stdout)[0]['rows']
    assert [row['passes'] for row in passes if row['ours']] == [2, None]  # the control draws nothing
    found = script('models/tables.py', *flags, '--write', document, '--picture', tmp_path / 'errors.png')
    nothing = script('models/tables.py', *flags, '--cost', tmp_path / 'cost.png')
    assert nothing.returncode == 2 and nothing.stderr.endswith('from a random place at 4, 6, 8 glimpses\n')
    assert found.returncode == 0 and 'b.npz belongs in no row of the tables' in found.stderr
    for more in ['--picture', tmp_path / 'none' / 'a.png'], ['--write', document, '--picture', tmp_path]:
        assert_one_clear_line(script('models/tables.py', folder, *more), f'--picture {more[-1]}: ')
    assert (tmp_path / 'errors.png').read_bytes().startswith(b'\x89PNG')
    line = next(line for line in found.stdout.splitlines() if line.startswith('RAM, 2 glimpses'))
    assert 60 < float(line.split()[3]) <= 100 and f'| {line.split()[3]} |' in document.read_text()
    assert script('models/tables.py', *flags, '--check', document).returncode == 0
    document.write_text(document.read_text().replace(line.split()[3], '1.00'))
    wrong = script('models/tables.py', *flags, '--check', document)
    assert wrong.returncode == 2 and 'stated: | RAM, 2 glimpses | 1.00' in wrong.stderr
    checkpoint.save_model(folder / 'c.npz', make_model(dataclasses.replace(config.PRESETS['mnist'], glimpses=2)))
    assert 'has the same row' in script('models/tables.py', *flags).stderr
    other = dataclasses.replace(config.PRESETS['mnist'], glimpses=2, seed=1, epoch=3)
    checkpoint.save_model(folder / 'c.npz', make_model(dataclasses.replace(other, core='lstm')))
    wrong = script('models/tables.py', *flags)
    assert wrong.returncode == 2 and 'a.npz in more than the seed' in wrong.stderr and 'core lstm\n' in wrong.stderr
    checkpoint.save_model(folder / 'c.npz', make_model(other), {'command': 'train.py --init x/y.npz'})
    assert 'it has init y\n' in script('models/tables.py', *flags).stderr
    checkpoint.save_model(folder / 'c.npz', make_model(other))
    row = json.loads(script('models/tables.py', *flags, '--json').stdout)[0]['rows'][2]
    assert (row['glimpses'], row['seeds']) == (2, 2)
    (tmp_path / 'plain.md').write_text('no tables')
    for flag in '--write', '--check':
        before = document.read_text()
        assert_one_clear_line(script('models/tables.py', *flags, flag, document, tmp_path / 'plain.md'), 'plain.md')
        assert document.read_text() == before
    assert_one_clear_line(script('models/tables.py', *flags, '--check', tmp_path / 'none.md'), 'none.md')
    assert_one_clear_line(script('models/tables.py', folder, '--passes', 0), '--passes', 'at least 1')


@pytest.mark.parametrize('flag', ['--write', '--check'])
def test_a_document_that_cannot_be_read_is_named_with_its_flag(tmp_path, flag):
    (tmp_path / 'picture.md').write_bytes(b'\x89PNG')
    (tmp_path / 'plain.md').write_text('no tables')
    for name, text in [('none.md', 'No such file'), ('.', 'directory'), ('picture.md', 'not text'),
                       ('plain.md', 'has no lines <!-- tables -->')]:
        assert_one_clear_line(script('models/tables.py', flag, tmp_path / name), f'{flag} {tmp_path / name}', text)
