#!/usr/bin/env python
"""Speed of training and evaluation, compared with the speed that the matrix products alone would allow.

    python benchmarks/throughput.py [--gpu 0] [--json FILE] [--plot FILE]

The floor is the time of the matrix products of one step: all layers, forward and backward, each product timed in its
own shape.  "of floor" is that time over the time of the step.  Both are timed in turn and the median of the rounds is
printed, so a machine that is slow for a while hardly changes it.  All other times are the shortest that were measured.
"""
import dataclasses
import json
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))

from ram import command_line, config, safe_files  # isort: skip  (makes chainer importable)
from ram.random_streams import generator  # isort: skip  (makes chainer importable)
import chainer
import numpy as np
from chainer.backends import cuda

from ram.networks.glimpse_sensor import prepare
from ram.pictures.canvas import DPI, GAP, LINE, WIDTH, Canvas, measured
from ram.pictures.drawing import INK, few_colours
from ram.registry import make_loss, make_model
from ram.training.optimizers import make_optimizer
from ram.training.scene_iterator import SceneIterator

REST = 'the rest'
PARTS = {'data': '#7a3fa0', 'glimpse': '#e0a100', 'forward': '#6fb4ea', 'backward': '#0a66a8', 'update': '#3aa76d',
         REST: '#d3d9e0'}
LEGEND = 3  # lines
PRESETS = ('mnist', 'translated', 'cluttered', 'cluttered100', 'archived')


def products(c, batch):
    """The matrix products of a training step.

    Returns:
        list of (layout, rows, columns, inner, how often); the layout is 'NT' for x W^T, forward; 'NN' for g W, backward
        to the inputs; 'TN' for g^T x, backward to the weights.
    """
    forward, inputs, weights = {'ram': ram_products, 'archived': archived_products}[c.model](c, batch)
    return [(layout, *shape) for layout, shapes in (('NT', forward), ('NN', inputs), ('TN', weights))
            for shape in shapes if all(shape)]


def ram_products(c, batch, classes=10):
    """The products of ``RecurrentAttentionModel``: (rows, columns, inner, how often) for the three layouts."""
    t, unit, hidden, retina = c.glimpses, c.unit, c.hidden, c.scales * c.patch ** 2
    every, before, core = t * batch, (t - 1) * batch, hidden * {'relu': 1, 'lstm': 4}[c.core]
    # Forward, glimpse by glimpse, because the next location depends on this glimpse; h_0 = 0 costs nothing.
    forward = [
        (batch, unit, retina, t), (batch, unit, 2, t), (batch, hidden, 2 * unit, t), (batch, core, hidden, 1),
        (batch, core, 2 * hidden, t - 1), (batch, 2, hidden, t - 1), (batch, classes, hidden, 1),
        (before, 1, hidden, 1)]
    # Backward to the inputs: only the core's state must go glimpse by glimpse.
    inputs = [
        (batch, hidden, core, t - 1), (every, hidden, core, 1), (every, 2 * unit, hidden, 1),
        (before, hidden, 2, 1), (batch, hidden, classes, 1)]
    weights = [
        (unit, retina, every, 1), (unit, 2, every, 1), (hidden, 2 * unit, every, 1), (core, 2 * hidden, every, 1),
        (2, hidden, before, 1), (1, hidden, before, 1), (classes, hidden, batch, 1)]
    return forward, inputs, weights


def archived_products(c, batch, classes=10):
    """The products of ``ArchivedModel``, whose core is an LSTM: four gates, each from the input and the last output."""
    t, unit, hidden, retina = c.glimpses, c.unit, c.hidden, c.patch ** 2
    every, before = t * batch, (t - 1) * batch
    forward = [
        (batch, unit, retina, t), (batch, unit, 2, t), (batch, hidden, 2 * unit, t), (batch, hidden, hidden, t),
        (batch, 4 * hidden, hidden, 1), (batch, 4 * hidden, 2 * hidden, t - 1), (batch, 2, hidden, t - 1),
        (batch, classes, hidden, 1), (batch, 1, hidden, 1)]
    inputs = [
        (batch, hidden, 4 * hidden, t - 1), (every, hidden, 4 * hidden, 1), (every, hidden, hidden, 1),
        (every, 2 * unit, hidden, 1), (before, hidden, 2, 1), (batch, hidden, classes, 1), (batch, hidden, 1, 1)]
    weights = [
        (unit, retina, every, 1), (unit, 2, every, 1), (hidden, 2 * unit, every, 1), (hidden, hidden, every, 1),
        (4 * hidden, 2 * hidden, every, 1), (2, hidden, before, 1), (1, hidden, batch, 1), (classes, hidden, batch, 1)]
    return forward, inputs, weights


class Nodes(chainer.FunctionHook):
    """Counts the nodes of Chainer's graph in a step, forward and backward."""
    name = 'Nodes'

    def __init__(self):
        super().__init__()
        self.count = 0

    def forward_preprocess(self, function, inputs):
        self.count += 1

    def backward_preprocess(self, function, inputs, gradients):
        self.count += 1


def seconds(function, device, least=0.3):
    """The shortest of several timings of a function, each of many calls."""
    def timed(calls):
        synchronize(device)
        start = time.perf_counter()
        for _ in range(calls):
            function()
        synchronize(device)
        return (time.perf_counter() - start) / calls

    once = min(timed(1), timed(1))
    calls = max(1, int(least / 5 / max(once, 1e-7)))
    return min(timed(calls) for _ in range(5))


def synchronize(device):
    if device.xp is not np:
        cuda.Stream.null.synchronize()


def floor(c, batch, device):
    """Seconds of the products of a step."""
    xp, total = device.xp, 0
    for layout, rows, columns, inner, times in products(c, batch):
        a = xp.ones((rows, inner) if layout[0] == 'N' else (inner, rows), xp.float32)
        b = xp.ones((inner, columns) if layout[1] == 'N' else (columns, inner), xp.float32)
        a, b = a if layout[0] == 'N' else a.T, b if layout[1] == 'N' else b.T
        out = xp.empty((rows, columns), xp.float32)
        total += times * seconds(lambda a=a, b=b, out=out: xp.matmul(a, b, out=out), device, least=0.05)
    return total


def measure(name, batch, device, core=None, rounds=5):
    """One row: images a second, and milliseconds of each part of the step; ``core`` replaces the preset's core."""
    c = dataclasses.replace(config.PRESETS[name], batchsize=batch)
    c = dataclasses.replace(c, core=core or c.core)
    rng = generator(device, 0)
    xp = device.xp
    digits = device.send(np.random.default_rng(0).integers(0, 256, (max(5000, batch), 28, 28)).astype(np.uint8))
    labels = xp.arange(len(digits), dtype=xp.int32) % 10
    iterator = SceneIterator(digits, labels, c.size, c.clutter, batch, shift=c.shift, augmentation=c.augmentation)
    model = make_model(c)
    loss = make_loss(model)
    loss.to_device(device)
    optimizer = make_optimizer(c, loss)
    images, truths, _ = next(iterator)
    # Uniform locations lie inside the image, as a trained model's do; an untrained model's may not.
    locations = rng.random((batch, 2), dtype=xp.float32) * 2 - 1

    def glimpse():
        sensor = prepare(images, c)
        for _ in range(c.glimpses):
            sensor(locations)

    def forward():
        return loss(images, truths, rng)

    def backward():
        value = forward()
        loss.cleargrads()
        value.backward()

    def step():
        optimizer.update(loss, *next(iterator))

    def update():
        optimizer.call_hooks('pre')
        optimizer.t += 1
        for parameter in loss.params():
            parameter.update()

    def evaluate():
        with chainer.no_backprop_mode(), chainer.using_config('train', False):
            model.classify(model.rollout(images, rng).states)

    with chainer.using_config('type_check', False):
        step()
        turns = [(seconds(step, device, least=0.05), floor(c, batch, device)) for _ in range(rounds)]
        times = {'step': min(spent for spent, _ in turns), 'data': seconds(lambda: next(iterator), device),
                 'glimpse': seconds(glimpse, device)}
        one_forward, both = seconds(forward, device), seconds(backward, device)
        times['update'] = seconds(update, device)
        evaluation_time = seconds(evaluate, device)
        with Nodes() as nodes:
            step()
    times.update(forward=one_forward - times['glimpse'], backward=both - one_forward)
    bound = min(alone for _, alone in turns)
    flops = sum(2 * rows * columns * inner * often for _, rows, columns, inner, often in products(c, batch))
    return {'preset': name, 'core': 'lstm' if c.model == 'archived' else c.core, 'batch': batch,
            'train': batch / times['step'], 'evaluate': batch / evaluation_time,
            'floor': batch / bound, 'of_floor': statistics.median(alone / spent for spent, alone in turns),
            'gflops_rate': flops / bound / 1e9,
            'mflop_per_image': flops / batch / 1e6, 'nodes': nodes.count,
            'ms': {part: 1e3 * value for part, value in times.items()}}


def shares(row):
    """The share of each of PARTS in a row's step.  What the parts, each timed alone, leave out is the rest."""
    times = {part: row['ms'][part] for part in PARTS if part != REST}
    step = max(row['ms']['step'], sum(times.values()))  # the shortest times of all parts may together be longer
    return {part: spent / step for part, spent in {**times, REST: step - sum(times.values())}.items()}


def plot(rows):
    """The bytes of a PNG: the parts of each step as bars, in percent of the step."""
    names = [f'{row["preset"]} {row["batch"]:,}' for row in rows]
    left = 2 * GAP + max(map(measured, names))
    length, top = WIDTH - left - measured('100%') / 2, LEGEND * LINE + 2 * GAP
    canvas = Canvas(top + (len(rows) + 1.5) * LINE + GAP, DPI)
    for n, (part, colour) in enumerate([*PARTS.items(), ('products alone', INK)]):
        x, y = GAP + n % 3 * WIDTH / 3, GAP + n // 3 * LINE
        canvas.block(x, y, LINE - 0.05, colour)
        canvas.write(x + LINE, y, part, WIDTH / 3)
    for n, (name, row) in enumerate(zip(names, rows)):
        x, y = left, top + n * LINE
        canvas.write(GAP, y, name, left)
        for part, share in shares(row).items():
            canvas.block(x, y, share * length, PARTS[part])
            x += share * length
        canvas.block(left + row['of_floor'] * length - 0.015, y, 0.03, INK)
    for share in 0, 0.5, 1:
        canvas.write(left + share * length, top + len(rows) * LINE, f'{share:.0%}', WIDTH, align='center')
    canvas.write(left + length / 2, top + (len(rows) + 0.8) * LINE, 'of the time of a step', WIDTH, align='center')
    return few_colours(canvas.picture())


def save(rows, arguments, plot):
    """Writes the files of ``--json`` and ``--plot``."""
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(rows, indent=1) + '\n')
    if arguments.plot:
        with safe_files.replacing(arguments.plot) as file:
            file.write(plot(rows))


def main(argv=None):
    parser = command_line.PlainParser(__doc__)
    parser.add_argument('--gpu', type=int, default=-1)
    parser.add_argument('--presets', nargs='+', default=PRESETS, choices=PRESETS)
    parser.add_argument('--batches', nargs='+', type=int, default=(32, 128, 1024))
    parser.add_argument('--rounds', type=int, default=5, help='rounds in which the step and its products are timed')
    parser.add_argument('--core', choices=('relu', 'lstm'), help="instead of the presets' own cores")
    parser.add_argument('--json', help='file for all figures')
    parser.add_argument('--plot', help='file for a picture of where the time goes')
    arguments = parser.parse_args(argv)
    device = command_line.device(arguments.gpu)
    parts = ('step', 'data', 'glimpse', 'forward', 'backward', 'update')
    print('preset        core  batch  train/s  evaluate/s  floor/s  of floor  GFLOP/s  nodes  ms: ' + '  '.join(parts))
    rows = []
    for name in arguments.presets:
        for batch in arguments.batches:
            row = measure(name, batch, device, arguments.core, arguments.rounds)
            rows.append(row)
            print(f'{name:13} {row["core"]:4}  {batch:5} {row["train"]:8.0f} {row["evaluate"]:11.0f} '
                  f'{row["floor"]:8.0f} {row["of_floor"]:8.0%} {row["gflops_rate"]:8.0f} {row["nodes"]:6}      '
                  + '  '.join(f'{row["ms"][part]:{len(part)}.2f}' for part in parts), flush=True)
    save(rows, arguments, plot)


if __name__ == '__main__':
    command_line.run(main)
