#!/usr/bin/env python
"""Training speed, in images a second, by number of processes, and its efficiency.

    python benchmarks/scaling.py [--ranks 1 2] [--presets mnist cluttered] [--communicator naive] [--gpu]

Each process has its own batches of --batchsize and, on the CPU, one core.  Efficiency is the speed of all processes
divided by the speed of one process and by their number.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))

from ram import command_line, config  # isort: skip  (makes chainer importable)
from ram.training import distributed  # isort: skip  (makes chainer importable)
from ram.training.trainer import make_trainer  # isort: skip  (makes chainer importable)
import dataclasses

import chainer
import numpy as np

import datasets

STEPS, ROUNDS = 30, 5


def measured(preset, count, batchsize, communicator='naive', flags=()):
    """What :func:`worker` finds for ``count`` processes, each with its own batches of ``batchsize`` and one core.

    Raises:
        FileNotFoundError: there is no mpiexec.
    """
    mpiexec = shutil.which('mpiexec', path=str(pathlib.Path(sys.executable).parent)) or shutil.which('mpiexec')
    if not mpiexec:
        raise FileNotFoundError('mpiexec is missing; `make mpi` installs it')
    command = [mpiexec, '-n', str(count), sys.executable, __file__, '--worker', preset, '--batchsize', str(batchsize),
               '--communicator', communicator, *flags]
    output = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE,
                            env={**os.environ, 'OPENBLAS_NUM_THREADS': '1'}).stdout
    found = json.loads(output.splitlines()[-1])
    return {**found, 'rate': 1e3 * count * batchsize / found['step']}


def worker(arguments):
    """One process.  The first prints, as JSON, the milliseconds of a step and of the gradients' averaging alone."""
    joined = distributed.join(arguments.communicator)
    device = command_line.device(arguments.gpu, joined.local)
    digits = np.random.default_rng(0).integers(0, 256, (20000, 28, 28)).astype(np.uint8)
    datasets.load_digits = lambda *arguments: (digits, np.arange(len(digits), dtype=np.int32) % 10)
    settings = dataclasses.replace(config.PRESETS[arguments.worker], batchsize=arguments.batchsize)
    updater = make_trainer(settings, pathlib.Path('.'), device, ranks=joined).updater
    target = updater.get_optimizer('main').target

    def milliseconds(function):
        best = float('inf')
        for _ in range(ROUNDS):
            joined.gather(None)
            start = time.perf_counter()
            for _ in range(arguments.steps):
                function()
            target.xp.asnumpy(next(target.params()).array) if device.xp is not np else None  # wait for the device
            best = min(best, 1e3 * (time.perf_counter() - start) / arguments.steps)
        return best

    with chainer.using_config('type_check', False):
        updater.update()
        found = {'step': milliseconds(updater.update),
                 'join': milliseconds(lambda: joined.communicator.multi_node_mean_grad(target, True)),
                 'bytes': sum(parameter.array.nbytes for parameter in target.params())}
    if joined.first:
        print(json.dumps(found))


def main(argv=None):
    parser = command_line.PlainParser(__doc__)
    parser.add_argument('--ranks', type=int, nargs='+', default=[1, 2])
    parser.add_argument('--presets', nargs='+', default=['mnist', 'cluttered'], choices=config.PRESETS)
    parser.add_argument('--batchsize', type=int, default=128, help='of each process')
    parser.add_argument('--communicator', default='naive')
    parser.add_argument('--gpu', type=int, nargs='?', default=-1, const=None, help='each process on a GPU of its own')
    parser.add_argument('--steps', type=int, default=STEPS, help='timed together (default: %(default)s)')
    parser.add_argument('--worker', help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    if arguments.worker:
        worker(arguments)
        return
    print('| preset | processes | images/s | efficiency | ms: step | joining the gradients | their bytes |\n'
          '| --- | --- | --- | --- | --- | --- | --- |')
    for preset in arguments.presets:
        alone = None
        for count in arguments.ranks:
            found = measured(preset, count, arguments.batchsize, arguments.communicator,
                             ['--gpu'] if arguments.gpu is None else [])
            rate = found['rate']
            alone = alone or rate / count
            print(f'| {preset} | {count} | {rate:,.0f} | {rate / count / alone:.0%} | {found["step"]:.1f} '
                  f'| {found["join"]:.2f} | {found["bytes"]:,} |', flush=True)


if __name__ == '__main__':
    command_line.run(main)
