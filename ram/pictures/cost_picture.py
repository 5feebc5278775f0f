"""A picture of errors over what an answer costs, with as many glimpses as needed."""
import itertools
import math
import textwrap

from matplotlib.figure import Figure

from ram.pictures.canvas import DPI, TEXT, WIDTH, plain
from ram.pictures.drawing import INK
from ram.reports.published import TITLES, USUAL_START

COLOURS = {4: '#b5400a', 6: '#0a66a8', 8: '#1c7a3a'}    # by glimpses: the models that are drawn
CONTROLS = {'fc 2x64': 'v', 'fc 2x256': '^', 'conv 2 layers': 's'}
HEIGHT = 2.5    # of a panel, in inches
STEPS = (1, 2, 3, 5, 7), (1, 2, 5), (1,)    # between two powers of ten: ticks, the closest first
MOST = 5        # ticks at an axis


def draw(results):
    """Draws the models that choose where to look, and the controls, task by task.

    A line joins what one model reaches, from the lowest threshold of ``stopping.THRESHOLDS`` to all of its glimpses.
    Of a row with several seeds, the line is of the first.  The multiplications are those for a picture.

    Args:
        results: dict by Row of results that have 'until', see ``ram.reports.measured.measure_folder``.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: no model looks around.
    """
    panels = {task: lines for task in TITLES if (lines := {
        row.glimpses: result for row, result in sorted(results.items(), key=str) if row.task == task
        and row.model == 'ram' and row.start == USUAL_START and row.glimpses in COLOURS})}
    if not panels:
        raise ValueError(f'--cost: no model looks from a random place at {", ".join(map(str, COLOURS))} glimpses')
    rows = math.ceil(len(panels) / 2)
    figure = Figure(figsize=(WIDTH, 1.3 + HEIGHT * rows), dpi=DPI, layout='constrained')
    grid, legend = list(figure.subplots(rows, 2, squeeze=False).flat), {}
    for axes in grid[len(panels):]:
        axes.set_axis_off()
    for axes, (task, lines) in zip(grid, panels.items()):
        for glimpses, result in lines.items():
            _plot(axes, result['until']['table'], 'error', label=f'RAM, up to {glimpses} glimpses', marker='.',
                  color=COLOURS[glimpses])
        for row, result in results.items():
            if row.task == task and row.model in CONTROLS:
                _plot(axes, [result], 'test_error', label=row.model, marker=CONTROLS[row.model], color=INK,
                      linestyle='', fillstyle='none')
        axes.set_title(textwrap.fill(TITLES[task].split(': ')[1], 19), fontsize=TEXT)
        axes.set(xscale='log', yscale='log')
        axes.set_xlabel('multiplications, millions', fontsize=TEXT)
        _ticks(axes.get_xlim(), axes.set_xticks)
        _ticks(axes.get_ylim(), axes.set_yticks)
        plain(axes)
        legend = {**legend, **{label: handle for handle, label in zip(*axes.get_legend_handles_labels())}}
    figure.legend([legend[label] for label in sorted(legend)], sorted(legend), loc='outside lower center', ncols=2,
                  fontsize=TEXT, frameon=False, columnspacing=1)
    figure.supylabel('test error, %', fontsize=TEXT)
    return figure


def _plot(axes, points, error, **style):
    axes.plot([point['multiplications'] / 1e6 for point in points], [point[error] for point in points], **style)


def _ticks(limits, put):
    for steps in STEPS:
        ticks = [step * 10 ** power for power, step in itertools.product(range(-2, 4), steps)]
        chosen = [tick for tick in ticks if limits[0] <= tick <= limits[1]]
        if len(chosen) <= MOST:
            break
    put(chosen, [f'{tick:g}' for tick in chosen])
