#!/usr/bin/env python
"""The paper's claim: the cost of attention does not grow with the image (section 1).

    python benchmarks/image_size.py [--gpu 0] [--json FILE] [--plot FILE]

It prints the milliseconds of a training step and of a classification on images of 28 to 4,000 pixels a side, for RAM
with 6 glimpses of 3 x 12 x 12; and on images of up to 1,000 pixels for a network of two convolutional layers, which
needs too much memory for larger ones.  All sizes are timed in turn, and each time is the shortest of several.  The time
to make the images is not included: bytes for RAM, floats for the other.
"""
import dataclasses
import math
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))

from ram import command_line, config  # isort: skip  (makes chainer importable)
from ram.random_streams import generator  # isort: skip  (makes chainer importable)
import chainer
import chainer.functions as F
import chainer.links as L
from matplotlib.figure import Figure

from benchmarks.throughput import save, seconds
from ram.agents.recurrent_attention import RecurrentAttentionModel
from ram.losses.hybrid_loss import HybridLoss
from ram.networks.pixels import to_float
from ram.pictures.canvas import DPI, TEXT, WIDTH, plain
from ram.pictures.drawing import RIGHT, WRONG, png
from ram.training.optimizers import make_optimizer

LABELS = {'ram': 'RAM, 6 glimpses', 'conv': 'two convolutional layers'}
SHOWN = (28, 60, 100, 200, 400, 1000, 4000)  # on the axis
SIDES = (28, 60, 100, 200, 400, 700, 1000, 2000, 4000)
LARGEST = 1000  # of the convolutional network, whose fully connected layer grows with the area of the image


class ConvolutionalNetwork(chainer.Chain):
    """Two convolutional layers of 8 filters 10 x 10, stride 5, and one of 256 units, like the paper's control."""

    def __init__(self, side):
        super().__init__()
        with self.init_scope():
            self.first = L.Convolution2D(1, 8, 10, stride=5)
            self.second = L.Convolution2D(8, 8, 3, pad=1)
            self.hidden = L.Linear(8 * ((side - 10) // 5 + 1) ** 2, 256)
            self.logits = L.Linear(256, 10)

    def forward(self, images):
        return self.logits(F.relu(self.hidden(F.relu(self.second(F.relu(self.first(images)))))))


def steps(side, batch, device):
    """{'ram train', 'ram classify', 'conv train', 'conv classify'}: functions that do this with one batch.

    Above ``LARGEST`` pixels there are only the first two.
    """
    xp, rng = device.xp, generator(device, 0)
    images = rng.integers(0, 256, (batch, 1, side, side)).astype(xp.uint8)
    labels = xp.arange(batch, dtype=xp.int32) % 10
    c = dataclasses.replace(config.PRESETS['translated'], size=side, batchsize=batch)

    def train(loss, *inputs):
        loss.to_device(device)
        optimizer = make_optimizer(c, loss)
        return lambda: optimizer.update(loss, *inputs)

    def classify(forward, *inputs):
        def without_graph():
            with chainer.no_backprop_mode(), chainer.using_config('train', False):
                forward(*inputs)
        return without_graph

    ram = RecurrentAttentionModel(c)
    work = {'ram train': train(HybridLoss(ram), images, labels, rng),
            'ram classify': classify(ram.rollout, images, rng)}
    if side <= LARGEST:
        conv, floats = ConvolutionalNetwork(side), to_float(images)
        work.update({'conv train': train(L.Classifier(conv), floats, labels), 'conv classify': classify(conv, floats)})
    return work


def plot(rows):
    """The bytes of a PNG: both costs against the side of the image."""
    figure = Figure(figsize=(WIDTH, 6), dpi=DPI, layout='constrained')
    for axes, what in zip(figure.subplots(2, 1, sharex=True), ('train', 'classify')):
        for (name, label), colour, above in zip(LABELS.items(), (RIGHT, WRONG), (-1, 1)):
            known = [(row['side'], row[f'{name} {what}']) for row in rows if f'{name} {what}' in row]
            axes.plot(*zip(*known), 'o-', color=colour)
            axes.annotate(label, known[-1], (0, above * TEXT), textcoords='offset points', ha='right', va='center',
                          color=colour, fontsize=TEXT)
        axes.set(xscale='log', yscale='log')
        axes.set_ylabel({'train': 'training step, ms', 'classify': 'classification, ms'}[what], fontsize=TEXT)
        axes.set_xticks(SHOWN, [f'{side:,}' for side in SHOWN])
        axes.set_yticks([1, 10, 100, 1000], ['1', '10', '100', '1,000'])
        plain(axes)
    axes.set_xlabel('side of the image, pixels', fontsize=TEXT)
    return png(figure)


def main(argv=None):
    parser = command_line.PlainParser(__doc__)
    parser.add_argument('--gpu', type=int, default=-1)
    parser.add_argument('--batch', type=int, default=32)
    parser.add_argument('--rounds', type=int, default=3, help='how often each is timed, alternately')
    parser.add_argument('--json', help='file for all figures')
    parser.add_argument('--plot', help='file for a picture')
    arguments = parser.parse_args(argv)
    device = command_line.device(arguments.gpu)
    work = {side: steps(side, arguments.batch, device) for side in SIDES}
    best = {side: dict.fromkeys(work[side], math.inf) for side in SIDES}
    with chainer.using_config('type_check', False):
        for _ in range(arguments.rounds):
            for side in SIDES:
                for name, step in work[side].items():
                    best[side][name] = min(best[side][name], 1e3 * seconds(step, device, least=0.1))
    names, rows = list(best[60]), [{'side': side, **best[side]} for side in SIDES]
    print(f'ms for {arguments.batch} images\nside  ' + '  '.join(names))
    for row in rows:
        print(f'{row["side"]:4}  ' + '  '.join(f'{row[name]:{len(name)}.2f}' for name in names if name in row))
    for large in LARGEST, SIDES[-1]:
        print(f'from 60 to {large:,} pixels: ' + ', '.join(
            f'{name} x {spent / best[60][name]:.2f}' for name, spent in best[large].items()))
    save(rows, arguments, plot)


if __name__ == '__main__':
    command_line.run(main)
