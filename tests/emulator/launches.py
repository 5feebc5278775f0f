#!/usr/bin/env python
"""Counts what a training step asks of the GPU: .venv-emulator/bin/python -m tests.emulator.launches"""
import argparse
import collections
import dataclasses

from ram import command_line, config  # isort: skip  (makes chainer importable)
import chainer
import numpy as np

from ram.registry import make_loss, make_model
from ram.training.optimizers import make_optimizer
from ram.training.scene_iterator import SceneIterator

PRESETS = 'mnist', 'translated', 'cluttered', 'cluttered100', 'svhn', 'archived'
PARTS = 'scenes', 'forward', 'backward', 'clipping', 'update'
KINDS = 'kernel', 'cublas', 'copy on the device', 'memset'  # all that may be asked for without waiting


def count_step(preset, batch=32):
    """Takes training steps as the updater does and counts the last.

    Args:
        preset: name of a preset.
        batch: images in a batch.

    Returns:
        dict by PARTS of Counters of int by str, see ``standin.counts``.
    """
    import standin
    c = dataclasses.replace(config.PRESETS[preset], batchsize=batch)
    device = chainer.get_device('@cupy:0')
    device.use()
    shape = (500, 3, 32, 32) if c.dataset == 'svhn' else (500, 28, 28)
    sources = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    labels = np.arange(500, dtype=np.int32) % 10
    iterator = SceneIterator(
        device.send(sources), device.send(labels), c.size, c.clutter, batch, shift=c.shift)
    loss = make_loss(make_model(c))
    loss.to_device(device)
    optimizer = make_optimizer(c, loss)
    found = {}

    def counted(part, function, *arguments):
        standin.reset()
        result = function(*arguments)
        found[part] = collections.Counter(standin.counts())
        return result

    with chainer.using_config('type_check', False):
        optimizer.update(loss, *next(iterator))
        images, truths, rng = counted('scenes', next, iterator)
        value = counted('forward', loss, images, truths, rng)
        loss.cleargrads()
        counted('backward', value.backward)
        counted('clipping', optimizer.call_hooks, 'pre')
        counted('update', lambda: [parameter.update() for parameter in loss.params()])
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('presets', nargs='*', default=PRESETS)
    print('preset       ' + ''.join(f'{name:>10}' for name in (*PARTS, 'together', 'waits')))
    for preset in parser.parse_args().presets:
        found = count_step(preset)
        launches = [sum(times for what, times in found[part].items() if what.startswith(KINDS)) for part in PARTS]
        waits = sum(times for part in found.values() for what, times in part.items() if not what.startswith(KINDS))
        print(f'{preset:13}' + ''.join(f'{number:10}' for number in (*launches, sum(launches), waits)), flush=True)


if __name__ == '__main__':
    command_line.run(main)
