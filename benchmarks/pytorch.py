#!/usr/bin/env python
"""Compares the speed of training with a twin in PyTorch, in one run: python benchmarks/pytorch.py [--gpu]

The twin has the same networks, sensor, loss, clipping and optimizer; tests hold its loss and gradients to ours.  Ours
(on a GPU as train.py --graph), the twin as it is, and the twin under torch.compile, on a GPU also with CUDA graphs, run
alternately, each on the same fresh scenes; the best round counts.  The scenes' cost is part of every step, on each
side.  Needs requirements-pytorch.txt.

With --processes N, ours runs in N processes too, joined by ChainerMN, with the same batch together and a core each;
this needs `make mpi`.
"""
import dataclasses
import json
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))

from ram import command_line, config  # isort: skip  (makes chainer importable)
import chainer
import numpy as np
import torch

from benchmarks import scaling
from benchmarks.pytorch_twin import GRAPHS, Training, Twin
from benchmarks.throughput import seconds
from ram.registry import make_loss, make_model
from ram.training.graph import make_updater, plain_updater
from ram.training.optimizers import make_optimizer
from ram.training.scene_iterator import SceneIterator

PRESETS = 'mnist', 'translated', 'cluttered', 'cluttered100'
OURS = 'ours', 'processes'
FORMS = {'eager': None, 'compiled': 'default', 'graphs': GRAPHS}  # modes of torch.compile
STEPS = 5  # of several processes, which are timed together


def sides(name, batch, device, forms):
    """The training steps to compare: a dict of functions by name."""
    c = dataclasses.replace(config.PRESETS[name], batchsize=batch)
    digits = device.send(np.random.default_rng(0).integers(0, 256, (max(5000, batch), 28, 28)).astype(np.uint8))
    labels = device.xp.arange(len(digits), dtype=np.int32) % 10
    scenes = SceneIterator(digits, labels, c.size, c.clutter, batch, shift=c.shift, augmentation=c.augmentation)
    model = make_model(c)
    twins = {form: Training(Twin(model).to('cpu' if device.xp is np else f'cuda:{device.device.id}'),
                            FORMS[form]) for form in forms}
    loss = make_loss(model)
    loss.to_device(device)
    updater = (plain_updater if device.xp is np else make_updater)(scenes, make_optimizer(c, loss), device)

    def twin_step(training):
        images, truths, _ = next(scenes)
        training.step(torch.from_dlpack(images).float() / 255, torch.from_dlpack(truths).long())

    return {'ours': updater.update,
            **{form: lambda training=training: twin_step(training) for form, training in twins.items()}}


def measure(name, batch, device, forms, rounds, processes=1):
    """One row: images a second of each side, and the faster of ours as a multiple of the faster twin."""
    steps, best = sides(name, batch, device, forms), {}
    with chainer.using_config('type_check', False):
        for step in steps.values():
            for _ in range(3):
                step()
        for _ in range(rounds):
            for side, step in steps.items():
                best[side] = min(best.get(side, np.inf), seconds(step, device, least=0.2))
            if processes > 1:
                found = scaling.measured(name, processes, batch // processes, flags=['--steps', str(STEPS)])
                best['processes'] = min(best.get('processes', np.inf), batch / found['rate'])
    rates = {side: batch / spent for side, spent in best.items()}
    return {'preset': name, 'batch': batch, **rates,
            'ratio': max(rates[side] for side in OURS if side in rates) / max(rates[form] for form in forms)}


def main(argv=None):
    parser = command_line.PlainParser(__doc__)
    parser.add_argument('--gpu', type=int, nargs='?', const=0, default=-1, metavar='N')
    parser.add_argument('--presets', nargs='+', default=PRESETS, choices=PRESETS)
    parser.add_argument('--batches', type=int, nargs='+', default=[128, 1024], metavar='B')
    parser.add_argument('--forms', nargs='+', choices=FORMS, help='of the twin (default: all; graphs need --gpu)')
    parser.add_argument('--rounds', type=int, default=5, metavar='N')
    parser.add_argument('--processes', type=int, default=1, metavar='N', help='ours in N processes, too')
    parser.add_argument('--json', help='file for all figures')
    arguments = parser.parse_args(argv)
    if any(batch % arguments.processes for batch in arguments.batches):
        raise ValueError(f'--batches must be multiples of --processes {arguments.processes}, not {arguments.batches}')
    device = command_line.device(arguments.gpu)
    forms = arguments.forms or [form for form in FORMS if form != 'graphs' or arguments.gpu >= 0]
    if 'graphs' in forms and arguments.gpu < 0:
        raise ValueError('--forms graphs needs --gpu: a CPU has no CUDA graphs')
    torch.set_num_threads(int(os.environ.get('OPENBLAS_NUM_THREADS') or os.cpu_count()))
    columns = [*(OURS if arguments.processes > 1 else OURS[:1]), *forms]
    print('training images a second\npreset        batch' + ''.join(f'{side:>10}' for side in columns)
          + '  ours / faster twin')
    rows = []
    for name in arguments.presets:
        for batch in arguments.batches:
            rows.append(row := measure(name, batch, device, forms, arguments.rounds, arguments.processes))
            print(f'{name:13} {batch:5}' + ''.join(f'{row[side]:10,.0f}' for side in columns)
                  + f' {row["ratio"]:10.2f}', flush=True)
            if arguments.json:
                pathlib.Path(arguments.json).write_text(json.dumps(rows, indent=1) + '\n')


if __name__ == '__main__':
    command_line.run(main)
