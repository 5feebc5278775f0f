#!/usr/bin/env python
"""Compares the training curve of a run of --preset archived with the one that the archived repository published.

    python train.py --preset archived --seed 7
    python benchmarks/archived_curve.py result/archived

Writes results/archived/log (the cross-entropy of each epoch) and docs/archived-curve.png, and prints the differences.
"""
import csv
import json
import pathlib
import sys

import numpy as np
from matplotlib.figure import Figure

ROOT = pathlib.Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from ram import safe_files  # noqa: E402
from ram.pictures.canvas import DPI, TEXT, WIDTH, plain  # noqa: E402
from ram.pictures.drawing import RIGHT, WRONG, png  # noqa: E402

LOG = ROOT / 'results' / 'archived' / 'log'
PUBLISHED = ROOT / 'results' / 'archived' / 'published.csv'  # read off the figure; error about 0.01


def published():
    """The published points: {epoch: cross-entropy}."""
    with open(PUBLISHED) as file:
        return {int(row['epoch']): float(row['cross_entropy']) for row in csv.DictReader(file)}


def differences(log):
    """|ours - published| at each published point; the point of epoch 0 is compared with the first epoch's mean.

    Args:
        log: list of {'epoch': int, 'cross_entropy': float}.

    Returns:
        float array, one value for each point.
    """
    ours = {entry['epoch']: entry['cross_entropy'] for entry in log}
    return np.array([abs(ours[max(epoch, 1)] - value) for epoch, value in published().items()])


def plot(log):
    """The bytes of a PNG with both curves."""
    figure, points = Figure(figsize=(WIDTH, 3.2), dpi=DPI, layout='constrained'), published()
    axes = figure.subplots()
    axes.plot([entry['epoch'] for entry in log], [entry['cross_entropy'] for entry in log], linewidth=1, color=RIGHT,
              label='train.py --preset archived')
    axes.plot(points.keys(), points.values(), 'o', markersize=3, color=WRONG, label='published figure')
    axes.set_xlabel('epoch', fontsize=TEXT)
    axes.set_ylabel('training cross-entropy', fontsize=TEXT)
    axes.legend(fontsize=TEXT, frameon=False)
    plain(axes)
    return png(figure)


def main(argv=None):
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    run = json.loads((pathlib.Path(sys.argv[1]) / 'log').read_text())
    log = [{'epoch': entry['epoch'], 'cross_entropy': round(entry['main/cross_entropy'], 5)} for entry in run]
    LOG.write_text('[\n' + ',\n'.join(json.dumps(entry) for entry in log) + '\n]\n')
    with safe_files.replacing(ROOT / 'docs' / 'archived-curve.png') as file:
        file.write(plot(log))
    apart = differences(log)
    print(f'{len(apart)} points: {apart.mean():.4f} apart on average, {apart.max():.4f} at most')


if __name__ == '__main__':
    main()
