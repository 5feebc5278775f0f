"""A picture of our errors over the number of glimpses, beside the published ones."""
import math

from matplotlib.figure import Figure

from ram.reports.published import PAPER, TITLES, USUAL_START, Row, comparable, read, related

OURS, THE_PAPER, OTHERS = '#cf222e', '#24292f', '#8c959f'
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
        figure.row.task == names[table['title']] and figure.row.attends for figure in figures)]
    rows = math.ceil(len(tables) / 2)
    picture = Figure(figsize=(8, 0.6 + 2.9 * rows), dpi=150, layout='constrained')
    legend = {}
    for axes, table in zip(picture.subplots(rows, 2, squeeze=False).flat, tables):
        _draw_task(axes, table, names[table['title']], figures)
        axes.set_title(table['title'].split(': ')[1], fontsize=11)
        handles, labels = axes.get_legend_handles_labels()
        legend = {**dict(zip(labels, handles)), **legend}
    picture.legend(legend.values(), legend, loc='outside lower center', ncols=2, fontsize=10)
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
    axes.set(yscale='log', xlabel='glimpses', ylabel='test error, %')
    low, high = axes.get_ylim()
    ticks = [tick for tick in TICKS if low <= tick <= high]
    axes.set_yticks(ticks, list(map(str, ticks)))
    axes.minorticks_off()
    axes.set_xticks(counts)
    axes.grid(alpha=0.3)
