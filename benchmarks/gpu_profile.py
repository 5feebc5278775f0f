#!/usr/bin/env python
"""What a training step asks of a GPU: launches, waits, host time and device time, by PyTorch's profiler.

    python benchmarks/gpu_profile.py [--batches 128 4096] [--json FILE]

The profiler sees all CUDA calls of the process, so CuPy's too.  Host time is how long it takes to enqueue a step,
device time how long the device takes for it, both without the profiler.  Kernels are launched one by one, or as a
CUDA graph; those of a graph count, too.  Needs requirements-pytorch.txt.
"""
import dataclasses
import itertools
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))

from ram import command_line, config  # isort: skip  (makes chainer importable)
import chainer
import numpy as np
import torch
from torch.autograd import DeviceType

from ram.registry import make_loss, make_model
from ram.training.graph import GraphUpdater, plain_updater
from ram.training.optimizers import make_optimizer
from ram.training.scene_iterator import SceneIterator

PRESETS = 'mnist', 'translated', 'cluttered', 'cluttered100', 'svhn'
FORMS = {'launched': plain_updater, 'graph': GraphUpdater}
STEPS = 10
WAITS = 'cudaStreamSynchronize', 'cudaDeviceSynchronize', 'cudaEventSynchronize', 'cudaMemcpy'


def training(name, batch, device, form):
    """An updater that trains on batches of fresh scenes, in one of the FORMS."""
    c = dataclasses.replace(config.PRESETS[name], batchsize=batch)
    shape = (max(5000, batch), *((3, 32, 32) if c.channels == 3 else (28, 28)))
    sources = device.send(np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8))
    labels = device.xp.arange(len(sources), dtype=np.int32) % 10
    scenes = SceneIterator(sources, labels, c.size, c.clutter, batch, shift=c.shift, augmentation=c.augmentation)
    loss = make_loss(make_model(c))
    loss.to_device(device)
    return FORMS[form](scenes, make_optimizer(c, loss), device)


def profiled(step):
    """Per step: kernels launched, and calls that wait for the device."""
    kinds = [torch.profiler.ProfilerActivity.CPU, torch.profiler.ProfilerActivity.CUDA]
    with torch.profiler.profile(activities=kinds) as profile:
        for _ in range(STEPS):
            step()
        torch.cuda.synchronize()
    events = profile.events()
    kernels = [event for event in events if event.device_type == DeviceType.CUDA and not event.name.startswith('Mem')]
    waits = [event for event in events if event.name in WAITS]
    return {'launches': len(kernels) / STEPS, 'waits': (len(waits) - 1) / STEPS}  # one wait is ours


def timed(step, device):
    """Milliseconds of a step: until it is enqueued, and between events on the device."""
    cuda = device.xp.cuda
    begin, end = cuda.Event(), cuda.Event()
    device.xp.cuda.Device().synchronize()
    start = time.perf_counter()
    begin.record()
    for _ in range(STEPS):
        step()
    end.record()
    host = 1e3 * (time.perf_counter() - start) / STEPS
    end.synchronize()
    return {'host_ms': host, 'device_ms': cuda.get_elapsed_time(begin, end) / STEPS}


def main(argv=None):
    parser = command_line.PlainParser(__doc__)
    parser.add_argument('--gpu', type=int, default=0)
    parser.add_argument('--presets', nargs='+', default=PRESETS, choices=PRESETS)
    parser.add_argument('--forms', nargs='+', default=FORMS, choices=FORMS)
    parser.add_argument('--batches', type=int, nargs='+', default=[128, 4096], metavar='B')
    parser.add_argument('--json', help='file for all figures')
    arguments = parser.parse_args(argv)
    device, rows = command_line.device(arguments.gpu), []
    torch.cuda.init()
    print('preset        batch form      launches  waits  host ms  device ms  images/s')
    for name, batch, form in itertools.product(arguments.presets, arguments.batches, arguments.forms):
        with chainer.using_config('type_check', False):
            updater = training(name, batch, device, form)
            for _ in range(3):
                updater.update()
            if form == 'graph' and not updater.step:
                continue  # it has said why there is no graph
            row = {'preset': name, 'batch': batch, 'form': form, **timed(updater.update, device),
                   **profiled(updater.update)}
        rows.append(row)
        print(f'{name:13} {batch:5} {form:8} {row["launches"]:9.0f} {row["waits"]:6.1f} {row["host_ms"]:8.2f} '
              f'{row["device_ms"]:10.2f} {1e3 * batch / row["device_ms"]:9,.0f}', flush=True)
        if arguments.json:
            pathlib.Path(arguments.json).write_text(json.dumps(rows, indent=1) + '\n')


if __name__ == '__main__':
    command_line.run(main)
