"""Tables 1 and 2 of the paper with our errors beside the published ones."""
import csv
import json
import pathlib
import re

from ram.registry import DATASETS, MODELS

PUBLISHED = pathlib.Path(__file__).parents[2] / 'results' / 'published.csv'
PAPER = 'NIPS 2014'
TITLES = {'mnist28': 'Table 1a: 28 x 28 MNIST', 'translated60': 'Table 1b: 60 x 60 translated MNIST',
          'cluttered60': 'Table 2a: 60 x 60 cluttered translated MNIST',
          'cluttered100': 'Table 2b: 100 x 100 cluttered translated MNIST',
          'svhn32': 'Beyond the paper: SVHN', 'svhn64': 'Beyond the paper: SVHN on 64 x 64 streets',
          'street32': 'Beyond the paper: street digits (a stand-in for SVHN)',
          'street64': 'Beyond the paper: street digits (a stand-in for SVHN) on 64 x 64 streets'}
BLOCK = re.compile(r'(<!-- tables(: ours)? -->\n)(.*?)(<!-- /tables -->)', re.DOTALL)


def row_of(config):
    """The row that a model belongs in: (task, model, glimpses), the last None for a control.

    None if its task is in no table, or its retina or digits are not the paper's.
    """
    task, model = DATASETS[config.dataset].table(config), MODELS[config.model].row(config)
    return (task, *model) if task in TITLES and model else None


def published(path=PUBLISHED):
    """The published errors: list of (source, (task, model, glimpses), percent)."""
    with open(path, newline='') as file:
        return [(row['source'], (row['task'], row['model'], int(row['glimpses']) if row['glimpses'] else None),
                 float(row['test_error_percent'])) for row in csv.DictReader(file)]


def make_tables(results):
    """The paper's rows and our others, task by task.

    Args:
        results: dict by row (see :func:`row_of`) of what ``evaluation.evaluate`` gave for our model of that row.

    Returns:
        list of dicts with 'title' and 'rows', each row a dict: 'model', 'glimpses', 'ours' and 'ci95' in percent,
        'paper' in percent, 'best' in percent with its 'source'; None where there is no figure.
    """
    figures, tables = published(), []
    for task, title in TITLES.items():
        rows = [key for source, key, _ in figures if source == PAPER and key[0] == task]
        rows += sorted((key for key in results if key[0] == task and key not in rows), key=str)
        table = {'title': title, 'rows': []}
        for key in rows:
            paper = [error for source, other, error in figures if other == key and source == PAPER]
            best = min(((error, source) for source, other, error in figures if other == key), default=(None, None))
            ours = results.get(key, {})
            table['rows'].append({
                'model': key[1], 'glimpses': key[2], 'ours': ours.get('test_error'), 'ci95': ours.get('ci95'),
                'paper': paper[0] if paper else None, 'best': best[0], 'source': best[1]})
        tables.append(table)
    return [table for table in tables if table['rows']]


def _cells(row):
    def percent(value):
        return '' if value is None else f'{value:.2f}'
    glimpses = '' if row['glimpses'] is None else f', {row["glimpses"]} glimpses'
    interval = '' if row['ci95'] is None else '{:.2f} to {:.2f}'.format(*row['ci95'])
    source = '' if row['source'] in (None, PAPER) else f' ({row["source"]})'
    return [row['model'].replace('ram', 'RAM') + glimpses, percent(row['ours']), interval, percent(row['paper']),
            percent(row['best']) + source]


HEADS = ['model', 'ours, %', '95% interval', 'paper, %', 'best published, %']


def as_text(tables):
    """The tables for a terminal."""
    lines = []
    for table in tables:
        rows = [HEADS, *map(_cells, table['rows'])]
        widths = [max(len(row[i]) for row in rows) for i in range(len(HEADS))]
        lines += [table['title'], *('  '.join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
                                    for row in rows), '']
    return '\n'.join(lines)


def as_markdown(tables, only_ours=False):
    """The tables as Markdown; with ``only_ours`` one table of the rows alone that have a figure of ours."""
    lines = []
    if only_ours:
        lines += ['| task | ' + ' | '.join(HEADS) + ' |', '|' + ' --- |' * (len(HEADS) + 1)]
    for table in tables:
        rows = [row for row in table['rows'] if not only_ours or row['ours'] is not None]
        if not only_ours:
            lines += [f'**{table["title"]}**', '', '| ' + ' | '.join(HEADS) + ' |', '|' + ' --- |' * len(HEADS)]
        task = [table['title'].split(': ')[1]] if only_ours else []
        lines += ['| ' + ' | '.join(task + _cells(row)) + ' |' for row in rows]
        lines += [] if only_ours else ['']
    return '\n'.join(lines).rstrip('\n') + '\n'


def as_json(tables):
    """The tables as JSON."""
    return json.dumps(tables, indent=1)


def written(text, tables):
    """A document with the tables between its marks.

    Between ``<!-- tables -->`` and ``<!-- /tables -->`` all rows go; where the first mark is ``<!-- tables: ours -->``,
    only those that have a figure of ours.

    Raises:
        ValueError: the document has no such marks.
    """
    if not BLOCK.search(text):
        raise ValueError('it has no lines <!-- tables --> and <!-- /tables -->')
    return BLOCK.sub(lambda found: found[1] + as_markdown(tables, bool(found[2])) + found[4], text)


def differences(text, tables, tolerance=0.02):
    """Where a document's tables are not what comes out.

    Args:
        text: the document.
        tables: what came out.
        tolerance: by how much a figure may differ in percent, for sums are rounded otherwise on other machines.

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
        found.append('the tables have another number of lines')
    return found
