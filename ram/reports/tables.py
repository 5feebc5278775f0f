"""Tables 1 and 2 of the paper with our errors beside the published ones."""
import json
import re
import statistics

from datasets import shown
from ram.reports.published import PAPER, TITLES, USUAL_START, Row, comparable, lowest, read, related, retinas

BLOCK = re.compile(r'(<!-- tables(: short)? -->\n)(.*?)(<!-- /tables -->)', re.DOTALL)
SHORT = 6, 8  # the glimpses of the rows in the short table
SHORTER, STARTED = '†', '‡'  # marks of unequal training
PROTOCOL = ("Same protocol: the same model and number of glimpses, one pass over each image, the paper's patch and "
            'scales. The first glimpse is at a random location unless the row says otherwise. A published figure with '
            'a note may have been measured differently, as the note says.')
SEVERAL = '±: the mean over {} runs with different seeds, and the standard deviation of their errors.'
AVERAGED = ('{} passes: the answer has the largest mean probability over as many passes with different first '
            'locations, which is another protocol.')
EXPLAINED = {SHORTER: '† Trained for fewer epochs than the other RAM models with learned locations in the same table',
             STARTED: '‡ Started from a trained model, whose epochs in brackets are added'}


def make_tables(results):
    """The paper's rows and our others, task by task.

    Args:
        results: dict by Row, for each of our models a dict: 'test_error' and 'ci95' as ``evaluation.evaluate`` returns
            them; if several passes were measured, 'passes' and 'passes_error' as ``evaluation.evaluate_passes`` returns
            them; 'name' of the model, and the 'names' of several runs; 'epoch', the epochs that it was trained for;
            'init', the name of the model that it started from, or ''.  :func:`mean_of_seeds` makes one of these of
            several runs.

    Returns:
        list of dicts with 'title', 'rows' and 'notes'.  Each row is a dict: 'model', 'glimpses' and 'start', see Row;
        'ours' and 'ci95' in percent; 'seeds', the number of runs if there are several, and the 'deviation' of their
        errors; 'passes', a number, and 'passes_error', ours with so many passes in percent; 'paper' in percent;
        'best', the lowest published error of the same protocol in percent, with 'source' and 'note'; 'lowest', that of
        any protocol if it is lower, with 'lowest_source' and 'lowest_protocol'; 'marks' of unequal training, which the
        table's 'notes' explain.  Where there is no figure, the value is None.
    """
    figures, made = read(), []
    for task, title in TITLES.items():
        keys = [figure.row for figure in figures if figure.source == PAPER and figure.row.task == task]
        keys += sorted((key for key in results if key.task == task and key not in keys), key=str)
        if keys:
            ours = {key: result for key, result in results.items() if key.task == task}
            marks, notes = _unequal(title, ours, {name: result for result in results.values()
                                                  for name in result.get('names', [result['name']])})
            made.append({'title': title, 'notes': notes, 'rows': [
                {**_row(figures, key, ours.get(key, {})), 'marks': marks.get(key, '')} for key in keys]})
    return made


def mean_of_seeds(results):
    """One result, as ``make_tables`` takes it, of a row's runs with different seeds.

    Its errors and its interval are the means over the runs.  The interval says how far other test images would change
    the error; 'deviation', the sample standard deviation of the runs' errors, how far another seed would.  It has the
    name of the first run, and the fewest epochs of any.

    Args:
        results: non-empty list of dicts.  A single one is returned as it is.
    """
    first, *others = results
    if not others:
        return first
    errors = [result['test_error'] for result in results]
    found = {**first, 'names': [result['name'] for result in results],
             'test_error': statistics.fmean(errors), 'deviation': statistics.stdev(errors),
             'seeds': len(results), 'epoch': min(result['epoch'] for result in results),
             'ci95': [statistics.fmean(ends) for ends in zip(*(result['ci95'] for result in results))]}
    if 'passes_error' in first:
        found['passes_error'] = statistics.fmean(result['passes_error'] for result in results)
    return found


def _row(figures, key, ours):
    same, paper = comparable(figures, key), None
    best, other = lowest(same), lowest(related(figures, key))
    for figure in same:
        paper = figure.error if figure.source == PAPER else paper
    if best and other.error >= best.error:
        other = None
    return {'model': key.model, 'glimpses': key.glimpses, 'start': key.start,
            'ours': ours.get('test_error'), 'ci95': ours.get('ci95'), 'seeds': ours.get('seeds'),
            'deviation': ours.get('deviation'), 'passes': ours.get('passes'),
            'passes_error': ours.get('passes_error'), 'paper': paper,
            'best': best and best.error, 'source': best and best.source, 'note': best and best.notes,
            'lowest': other and other.error, 'lowest_source': other and other.source,
            'lowest_protocol': other and _protocol(other, retinas(figures).get(key.task))}


def _protocol(figure, retina):
    """How a figure was measured, with what differs from the paper; its retina is None if it has no such task."""
    parts = [figure.row.model] * (figure.row.model != 'ram') + [figure.protocol]
    scales = figure.retina[1]
    if retina and scales != retina[1] and 'scale' not in figure.protocol:
        parts.append(f'{scales} scale{"s" * (scales != "1")}')
    return '; '.join(parts)


def _unequal(title, ours, by_name):
    """Which of a task's rows had unequal training.

    Args:
        title: the task's title.
        ours: the task's results by Row.
        by_name: the results of all tasks by their names.

    Returns:
        dict of marks by Row, and list of [mark, text] that explain them.
    """
    def epochs(result, after=()):
        """With those of the models that it started from, as far as they are among the results."""
        after = *after, result['name']
        known = result['init'] in by_name and result['init'] not in after
        return result['epoch'] + (epochs(by_name[result['init']], after) if known else 0)

    marks, notes = dict.fromkeys(ours, ''), []
    attending = [key for key in ours if key.attends]
    papers = [key for key in attending if key.model == 'ram']  # of the paper's sizes, if there are any
    usual = {epochs(ours[key]) for key in papers or attending}
    shorter = {key: epochs(result) for key, result in ours.items() if usual and epochs(result) < min(usual)}
    for key in shorter:
        marks[key] += SHORTER
    if shorter:
        notes.append([SHORTER, f'{_short(title)}, {_listed(shorter.values())} epochs against {_listed(usual)}'])
    for key, result in ours.items():
        if result['init']:
            marks[key] += STARTED
            before = epochs(result) - result['epoch']
            before = f' ({before} epochs)' if before else ''
            notes.append([STARTED, f'{_short(title)}, {_name(key)} from {shown.text(result["init"])}{before}'])
    return marks, notes


def _legend(tables):
    """The text below the tables: the protocol, what several passes are, and each mark once."""
    notes, passes = [note for table in tables for note in table['notes']], _passes(tables)
    seeds = sorted({row['seeds'] for table in tables for row in table['rows'] if row['seeds']})
    return [PROTOCOL, *([SEVERAL.format(_listed(seeds))] if seeds else []),
            *([AVERAGED.format(passes)] if passes else []),
            *(f'{text}: {"; ".join(note for found, note in notes if found == mark)}.'
              for mark, text in EXPLAINED.items() if any(found == mark for found, _ in notes))]


def _short(title):
    return title.split(': ')[1]


def _listed(numbers):
    *first, last = map(str, sorted(set(numbers)))
    return ' or '.join(filter(None, [', '.join(first), last]))


def _name(key):
    """A Row's name in the tables."""
    name = key.model.replace('ram', 'RAM')
    name += '' if key.glimpses is None else f', {key.glimpses} glimpses'
    return name + (f', {key.start}' if key.start not in ('', USUAL_START) else '')


def _cells(row, passes):
    def figure(value, source, note):
        said = '; '.join(filter(None, ['' if source in (None, PAPER) else source.split(' (')[0], note]))
        return ('' if value is None else f'{value:.2f}') + (f' ({said})' if said else '')
    name = _name(Row(None, row['model'], row['glimpses'], row['start']))
    interval = '' if row['ci95'] is None else '{:.2f} to {:.2f}'.format(*row['ci95'])
    ours = figure(row['ours'], None, None) + (f' ± {row["deviation"]:.2f}' if row['seeds'] else '')
    return [f'{name} {row["marks"]}'.rstrip(), ours, interval,
            *([figure(row['passes_error'], None, None)] if passes else []),
            figure(row['paper'], None, None), figure(row['best'], row['source'], row['note']),
            figure(row['lowest'], row['lowest_source'], row['lowest_protocol'])]


def _heads(passes):
    return ['model', 'ours, %', '95% interval', *([f'ours, {passes} passes, %'] if passes else []), 'paper, %',
            'best published, same protocol, %', 'lowest of any protocol, if lower, %']


def _passes(tables):
    """The passes of the column of their own that they have in all tables; None without one."""
    return next((row['passes'] for table in tables for row in table['rows'] if row['passes']), None)


def as_text(tables):
    """The tables for a terminal."""
    lines, passes = [], _passes(tables)
    for table in tables:
        rows = [_heads(passes), *(_cells(row, passes) for row in table['rows'])]
        widths = [max(map(len, column)) for column in zip(*rows)]
        lines += [table['title'], *('  '.join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
                                    for row in rows), '']
    return '\n'.join(lines + _legend(tables))


def as_markdown(tables):
    """The tables as Markdown."""
    lines, passes = [], _passes(tables)
    heads = _heads(passes)
    for table in tables:
        lines += [f'**{table["title"]}**', '', _line(heads), _line(['---'] * len(heads)),
                  *(_line(_cells(row, passes)) for row in table['rows']), '']
    return '\n'.join(lines) + '\n' + '\n\n'.join(_legend(tables)) + '\n'


def as_short_markdown(tables):
    """One table, as Markdown: the paper's model with SHORT glimpses, and the paper's errors beside its own."""
    heads = ['task', 'glimpses', 'ours, %', '95% interval', 'paper, %', "paper's convolutional network, %"]
    lines = [heads, ['---'] * len(heads)]
    for table in tables:
        control = next((row['paper'] for row in table['rows'] if row['model'] == 'conv 2 layers'), None)
        for row in table['rows']:
            if row['ours'] is not None and (row['model'], row['start']) == ('ram', USUAL_START) and (
                    row['paper'] and row['glimpses'] in SHORT):
                _, ours, interval, *_ = _cells(row, None)
                lines.append([_short(table['title']), str(row['glimpses']), ours, interval, f'{row["paper"]:.2f}',
                              '' if control is None else f'{control:.2f}'])
    return '\n'.join(map(_line, lines)) + '\n'


def _line(cells):
    return f'| {" | ".join(cells)} |'


def as_json(tables):
    """The tables as JSON."""
    return json.dumps(tables, indent=1)


def check_marks(text, name='it'):
    """Raises ValueError, with the document's name, if it has no marks between which tables can be written."""
    if not BLOCK.search(text):
        raise ValueError(f'{name} has no lines <!-- tables --> and <!-- /tables -->')


def written(text, tables):
    """A document with the tables between its marks.

    All rows go between ``<!-- tables -->`` and ``<!-- /tables -->``.  If the first mark is ``<!-- tables: short -->``,
    the short table goes there, see :func:`as_short_markdown`.

    Raises: as :func:`check_marks`.
    """
    check_marks(text)
    def block(found):
        return found[1] + (as_short_markdown if found[2] else as_markdown)(tables) + found[4]

    return BLOCK.sub(block, text)


def differences(text, tables, tolerance=0.02):
    """Where a document's tables differ from those that were computed.

    Args:
        text: the document.
        tables: the computed tables.
        tolerance: the largest difference of two figures in percent; sums are rounded differently on other machines.

    Returns:
        list of texts, one for each line that differs.
    """
    def numbers(line):
        return [float(number) for number in re.findall(r'\d+\.\d+', line)]

    found = []
    for stated, expected in zip(text.splitlines(), written(text, tables).splitlines()):
        same = re.sub(r'\d+\.\d+', '#', stated) == re.sub(r'\d+\.\d+', '#', expected)
        if not same or any(abs(a - b) > tolerance for a, b in zip(numbers(stated), numbers(expected))):
            found.append(f'stated: {stated}\nfound:  {expected}')
    if len(text.splitlines()) != len(written(text, tables).splitlines()):
        found.append('the tables have a different number of lines')
    return found
