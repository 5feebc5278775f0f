"""A picture of our errors over the number of glimpses, beside the published ones."""
import math
import textwrap

from matplotlib.figure import Figure

from ram.pictures.canvas import DPI, TEXT, WIDTH, plain
from ram.reports.published import PAPER, TITLES, USUAL_START, Row, comparable, read, related

OURS, THE_PAPER, OTHERS = '#cf222e', '#24292f', '#8c959f'
MOST = 8    # of these at an axis
TICKS = [0.5, 0.7, 1, 1.5, 2, 2.5, 3, 4, 5, 7, 10, 15, 20, 30, 50, 70, 100]


def draw(tables):
    """Draws the models that choose where to look, task by task.

    Args:
        tables: see ``tables.make_tables``.

    Returns:
        matplotlib Figure, of the tasks that the paper has.
    """
    figures = read()
    names = {title: task for task, title in TITLES.items()}
    tables = [table for table in tables if any(
        figure.row.task == names[table['title']] and figure.source == PAPER for figure in figures)]
    rows = math.ceil(len(tables) / 2)
    picture = Figure(figsize=(WIDTH, 1.3 + 2.5 * rows), dpi=DPI, layout='constrained')
    legend = {}
    for axes, table in zip(picture.subplots(rows, 2, squeeze=False).flat, tables):
        _draw_task(axes, table, names[table['title']], figures)
        axes.set_xlabel('glimpses', fontsize=TEXT)
        axes.set_title(textwrap.fill(table['title'].split(': ')[1], 19), fontsize=TEXT)
        handles, labels = axes.get_legend_handles_labels()
        legend = {**dict(zip(labels, handles)), **legend}
    picture.legend(legend.values(), legend, loc='outside lower center', fontsize=TEXT, frameon=False)
    picture.supylabel('test error, %', fontsize=TEXT)
    return picture


def _draw_task(axes, table, task, figures):
    counts = sorted({figure.row.glimpses for figure in figures if figure.row.task == task and figure.row.attends}
                    | {row['glimpses'] for row in table['rows'] if row['model'] == 'ram'})
    keys = [Row(task, 'ram', count, USUAL_START) for count in counts]
    same = [figure for key in keys for figure in comparable(figures, key)]
    paper = [figure for figure in same if figure.source == PAPER]
    groups = [
        ('others, same protocol', [figure for figure in same if figure.source != PAPER],
         dict(marker='o', linestyle='', color=OTHERS)),
        ('others, another protocol or model',
         [figure for key in keys for figure in related(figures, key) if figure not in same],
         dict(marker='o', linestyle='', color=OTHERS, fillstyle='none')),
        ('the paper', paper, dict(marker='s', linewidth=1.2, color=THE_PAPER))]
    aside = 0.03 * (counts[-1] - counts[0])  # or some would hide others
    for label, chosen, style in groups:
        if chosen:
            left = 0 if chosen is paper else aside
            axes.plot([figure.row.glimpses - left for figure in chosen], [figure.error for figure in chosen],
                      label=label, **style)
    ours = [row for row in table['rows'] if row['model'] == 'ram' and row['ours'] is not None]
    for label, chosen, right, style in [
            ('ours, with the 95% interval', [row for row in ours if row['start'] == USUAL_START], 0,
             dict(marker='D', linewidth=2)),
            ('ours, another first glimpse', [row for row in ours if row['start'] != USUAL_START], aside,
             dict(marker='D', linestyle='', fillstyle='none'))]:
        if chosen:
            errors = [row['ours'] for row in chosen]
            bars = [[row['ours'] - row['ci95'][0] for row in chosen], [row['ci95'][1] - row['ours'] for row in chosen]]
            axes.errorbar([row['glimpses'] + right for row in chosen], errors, yerr=bars, color=OURS, capsize=3,
                          label=label, zorder=3, **style)
    axes.set_yscale('log')
    low, high = axes.get_ylim()
    ticks = []
    for tick in TICKS:
        if low <= tick <= high and (not ticks or math.log(tick / ticks[-1]) > math.log(high / low) / MOST):
            ticks.append(tick)
    axes.set_yticks(ticks, list(map(str, ticks)))
    axes.set_xticks(counts)
    plain(axes)
