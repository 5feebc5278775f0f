"""The validation errors of many models over the epochs, a few lines in each panel."""
import itertools
import re

import numpy as np
from matplotlib.figure import Figure

from ram.pictures.canvas import DPI, TEXT, WIDTH, plain
from ram.pictures.drawing import INK

MOST = 6            # lines in a panel
HEIGHT = 1.75       # of a panel, in inches
LOW, HIGH = 0.3, 100
TICKS = 1, 10, 100
APART = 0.35        # decades from a label to the next
ROOM = 0.75         # for labels: what they add to the length of the horizontal axis
COLOURS = '#0a66a8', '#b5400a', '#1c7a3a', '#7a3fa0', '#8a6d00', '#1f2328'


def draw(logs, controls):
    """Draws the models task by task; where there are many, those with so many glimpses apart from the others.

    Args:
        logs: dict of logs, lists of dicts, by the models' names: TASK or TASK-KIND, and the same with -seedN.
        controls: names of the models that have no gaze; their lines are dashed.

    Returns:
        matplotlib Figure.
    """
    panels = grouped(logs)
    rows = -(-len(panels) // 2)
    figure = Figure(figsize=(WIDTH, HEIGHT * rows + 0.4), dpi=DPI, layout='constrained')
    grid = figure.subplots(rows, 2, sharey=True, squeeze=False).flat
    for axes in grid[len(panels):]:
        axes.set_axis_off()
    for axes, (title, kinds) in zip(grid, panels.items()):
        draw_panel(axes, kinds, logs, controls)
        axes.set_title(title, fontsize=TEXT, loc='left', color=INK)
    figure.supxlabel('epoch', fontsize=TEXT)
    figure.supylabel('validation error, %', fontsize=TEXT)
    return figure


def grouped(logs):
    """The panels: dict by title of dicts of lists of the models' names by their kind; seeds are of one kind."""
    tasks = {}
    for name in logs:
        task, _, kind = re.sub('-seed.*', '', name).partition('-')
        tasks.setdefault(task, {}).setdefault(kind or 'RAM', []).append(name)
    panels = {}
    for task, kinds in tasks.items():
        if len(kinds) <= MOST:
            panels[task] = kinds
            continue
        plain = {kind: names for kind, names in kinds.items() if re.fullmatch(r'T\d+', kind)}
        panels[task] = {kind: plain[kind] for kind in sorted(plain, key=lambda kind: int(kind[1:]))}
        panels[f'{task}, others'] = {kind: names for kind, names in kinds.items() if kind not in plain}
    return panels


def draw_panel(axes, kinds, logs, controls):
    """Lines with a label each, beside the line's end."""
    ends = []
    for (kind, names), colour in zip(kinds.items(), itertools.cycle(COLOURS)):
        for name in names:
            epochs = [entry['epoch'] for entry in logs[name]]
            errors = [100 * entry['validation/error'] for entry in logs[name]]
            axes.plot(epochs, errors, linewidth=1, color=colour, linestyle='--' if name in controls else '-')
        ends.append((errors[-1], kind, colour))
    axes.set(yscale='log', ylim=(LOW, HIGH))
    axes.set_yticks(TICKS, list(map(str, TICKS)))
    plain(axes)
    last = axes.dataLim.x1
    axes.set_xlim(0, last * (1 + ROOM))
    axes.set_xticks([0, last])
    ends.sort()
    places = spread([np.log10(error) for error, _, _ in ends], APART, np.log10(LOW) + APART / 2, np.log10(HIGH))
    for place, (_, kind, colour) in zip(places, ends):
        axes.text(last * 1.04, 10 ** place, kind, color=colour, fontsize=TEXT, va='center')


def spread(heights, apart, low, high):
    """Places near some heights, none nearer to the next than ``apart``, and as near as possible in the square.

    Args:
        heights: sorted list of float.
        apart: float.
        low, high: the first and the last possible place.

    Returns:
        list of float.
    """
    # Without ``apart`` the places must only not fall, which is isotonic regression: what falls is averaged.
    blocks = []
    for n, height in enumerate(heights):
        blocks.append([height - n * apart])
        while len(blocks) > 1 and np.mean(blocks[-2]) > np.mean(blocks[-1]):
            blocks[-2:] = [blocks[-2] + blocks[-1]]
    places = [np.mean(block) for block in blocks for _ in block]
    last = high - (len(heights) - 1) * apart
    return [float(np.clip(place, low, max(low, last))) + n * apart for n, place in enumerate(places)]
