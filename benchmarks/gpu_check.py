#!/usr/bin/env python
"""Everything that there is to check and to measure on a GPU, in one report: python benchmarks/gpu_check.py

Writes report.md and report.json into --out after each part, so that a run that is cut off leaves what it has.  A part
that fails, or whose packages are missing, is reported and the next one starts.  Needs no network.
"""
import datetime
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))

from ram import command_line, safe_files  # isort: skip  (makes chainer importable)
import chainer
import numpy as np
from chainer.backends import cuda

import datasets

ROOT = pathlib.Path(__file__).parent.parent
TAIL = 4000  # characters of a part's output that are kept
SMALL = ['--dataset', 'translated', '--digits', 'fonts', '--size', '40', '--glimpses', '3']


def machine():
    """What the report was measured on: a dict of str."""
    properties = cuda.cupy.cuda.runtime.getDeviceProperties(0)
    query = shutil.which('nvidia-smi') and subprocess.run(
        ['nvidia-smi', '--query-gpu=driver_version', '--format=csv,noheader'], capture_output=True, text=True).stdout
    return {'device': properties['name'].decode(), 'driver': (query or '?').strip().split('\n')[0],
            'CUDA': str(cuda.cupy.cuda.runtime.runtimeGetVersion()), 'CuPy': cuda.cupy.__version__,
            'Chainer': chainer.__version__, 'NumPy': np.__version__, 'Python': sys.version.split()[0],
            'date': datetime.date.today().isoformat()}


class Report:
    """The report, written anew after each part.

    Args:
        folder: where to write it.
        minutes: after these, no further part is started, and none runs on.
    """

    def __init__(self, folder, minutes):
        self.folder, self.end = folder, time.monotonic() + 60 * minutes
        self.found = {'machine': machine(), 'parts': []}
        folder.mkdir(parents=True, exist_ok=True)

    def run(self, title, *commands):
        """Runs a part's commands, each [script or -m module, arguments ...], until one fails."""
        start, output, code = time.monotonic(), '', 0
        for command in commands:
            left = self.end - time.monotonic()
            if code == 0 and left <= 0:
                code, output = None, output + 'no time was left\n'
            if code != 0:
                break
            command = list(map(str, command))
            output += f'$ {" ".join(command)}\n'
            first = [] if command[0] == 'mpiexec' else [sys.executable]
            try:
                done = subprocess.run([*first, *command], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                      text=True, errors='replace', timeout=left)
                code, output = done.returncode, output + done.stdout
            except subprocess.TimeoutExpired as error:
                code, output = None, output + (error.stdout or b'').decode(errors='replace') + 'time was over\n'
        self.add(title, {0: 'passed', None: 'cut off'}.get(code, 'failed'), output, time.monotonic() - start)

    def add(self, title, verdict, output='', seconds=0.0):
        """Adds a part and writes both files."""
        self.found['parts'].append(dict(title=title, verdict=verdict, seconds=round(seconds, 1), output=output[-TAIL:]))
        print(f'{title}: {verdict} ({seconds:.0f} s)', flush=True)
        rows = '\n'.join(f'| {name} | {value} |' for name, value in self.found['machine'].items())
        parts = '\n'.join(f'## {part["title"]}: {part["verdict"]}, {part["seconds"]} s\n\n```\n{part["output"].strip()}'
                          '\n```\n' for part in self.found['parts'])
        for name, text in [('report.json', json.dumps(self.found, indent=1)),
                           ('report.md', f'# Check on a GPU\n\n| | |\n| --- | --- |\n{rows}\n\n{parts}')]:
            with safe_files.replacing(self.folder / name, 'w') as file:
                file.write(text)


def has(module):
    """Whether a Python module can be imported."""
    return subprocess.run([sys.executable, '-c', f'import {module}'], capture_output=True).returncode == 0


def main(argv=None):
    parser = command_line.PlainParser(__doc__)
    parser.add_argument('--out', type=pathlib.Path, default=ROOT / 'result' / 'gpu-check', metavar='DIR')
    parser.add_argument('--minutes', type=float, default=9, help='time for all parts (default: 9)')
    arguments = parser.parse_args(argv)
    command_line.device(0)
    report, out = Report(arguments.out, arguments.minutes), arguments.out.resolve()
    runs = out / 'runs'
    shutil.rmtree(runs, ignore_errors=True)
    os.environ.setdefault('RAM_DATA', str(ROOT / 'data'))
    mnist = datasets.mnist.complete(datasets.data_folder())
    digits = [] if mnist else ['--digits', 'fonts']

    report.run('Tests, among them that resuming changes nothing', ['-m', 'pytest', '-q', '-rs', 'tests/gpu'])
    report.run('The glimpse kernel against a copy on the device',
               ['benchmarks/glimpse_kernel.py', '--json', out / 'kernel.json'])
    model = runs / 'translated' / 'model.npz'
    report.run('The three scripts',
               ['train.py', '--dataset', 'translated', '--gpu', 0, '--epoch', 2, '--out', model.parent, *digits],
               ['evaluate.py', model, '--gpu', 0], ['visualize.py', model, '--gpu', 0])
    if has('torch'):
        report.run('What a step asks of the device', ['benchmarks/gpu_profile.py', '--json', out / 'profile.json'])
        report.run('Training beside PyTorch, in turns', ['benchmarks/pytorch.py', '--gpu', 0, '--batches', 128, 1024,
                                                         4096, 16384, '--rounds', 3, '--json', out / 'pytorch.json'])
    else:
        report.add('Training beside PyTorch, in turns', 'skipped: PyTorch is missing, see requirements-pytorch.txt')
        report.run('Training', ['benchmarks/throughput.py', '--gpu', 0, '--batches', 128, 1024, 4096, 16384, '--json',
                                out / 'throughput.json'])
    if shutil.which('mpiexec') and has('mpi4py.MPI') and has('cupy.cuda.nccl'):
        report.run('ChainerMN over NCCL, ten steps', [
            'mpiexec', '-n', 1, sys.executable, 'train.py', *SMALL, '--communicator', 'pure_nccl', '--gpu',
            '--batchsize', 2200, '--epoch', 1, '--out', runs / 'nccl'])
    else:
        report.add('ChainerMN over NCCL', 'skipped: an MPI or NCCL is missing, see requirements-nccl.txt')
    if mnist:
        report.run("The shipped models have the CPU's errors",
                   ['models/tables.py', '--check', 'docs/results.md', '--gpu', 0])
    else:
        report.add("The shipped models have the CPU's errors", 'skipped: MNIST is missing, set RAM_DATA')
    print(f'The report: {arguments.out / "report.md"}')


if __name__ == '__main__':
    command_line.run(main)
