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


def plot(log, path):
    """Both curves in one picture."""
    figure = Figure(figsize=(6.4, 3.6), layout='constrained')
    axes = figure.subplots()
    axes.plot([entry['epoch'] for entry in log], [entry['cross_entropy'] for entry in log], linewidth=1,
              label='train.py --preset archived')
    points = published()
    axes.plot(points.keys(), points.values(), 'o', markersize=3, color='#d1495b', label='published figure')
    axes.set(xlabel='epoch', ylabel='training cross-entropy')
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=100)


def main(argv=None):
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    run = json.loads((pathlib.Path(sys.argv[1]) / 'log').read_text())
    log = [{'epoch': entry['epoch'], 'cross_entropy': round(entry['main/cross_entropy'], 5)} for entry in run]
    LOG.write_text('[\n' + ',\n'.join(json.dumps(entry) for entry in log) + '\n]\n')
    plot(log, ROOT / 'docs' / 'archived-curve.png')
    apart = differences(log)
    print(f'{len(apart)} points: {apart.mean():.4f} apart on average, {apart.max():.4f} at most')


if __name__ == '__main__':
    main()
