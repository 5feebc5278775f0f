#!/usr/bin/env python
"""Counts the GPU operations of a training step: .venv-emulator/bin/python -m tests.emulator.launches"""
import collections
import dataclasses

from ram import command_line, config  # isort: skip  (makes chainer importable)
import chainer
import numpy as np

from ram.registry import make_loss, make_model
from ram.training.graph import GraphUpdater
from ram.training.optimizers import make_optimizer
from ram.training.scene_iterator import SceneIterator

PRESETS = 'mnist', 'translated', 'cluttered', 'cluttered100', 'svhn', 'archived'
PARTS = 'scenes', 'forward', 'backward', 'clipping', 'update', 'log'
# The operations that do not wait; a copy that does is counted as a wait as well.
KINDS = 'graph', 'kernel', 'cublas', 'copy on the device', 'copy host to device', 'memset'


def prepared(preset, batch=32, **changes):
    """A SceneIterator and an optimizer for steps of a preset.

    Args:
        preset: name of a preset.
        batch: images in a batch.
        changes: fields of the Config that differ from the preset's.
    """
    c = dataclasses.replace(config.PRESETS[preset], batchsize=batch, **changes)
    device = chainer.get_device('@cupy:0')
    device.use()
    shape = (500, 3, 32, 32) if c.dataset == 'svhn' else (500, 28, 28)
    sources = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    labels = np.arange(500, dtype=np.int32) % 10
    iterator = SceneIterator(
        device.send(sources), device.send(labels), c.size, c.clutter, batch, shift=c.shift,
        augmentation=c.augmentation)
    loss = make_loss(make_model(c))
    loss.to_device(device)
    return iterator, make_optimizer(c, loss)


def count_step(*arguments, **changes):
    """Runs training steps as the plain updater does, and counts the operations of the last.

    Args:
        arguments, changes: see :func:`prepared`.

    Returns:
        dict from PARTS to Counters, see ``standin.counts``.
    """
    import standin
    iterator, optimizer = prepared(*arguments, **changes)
    loss = optimizer.target
    reporter, observation, summary, found = chainer.Reporter(), {}, chainer.reporter.DictSummary(), {}
    reporter.add_observer('main', loss)

    def counted(part, function, *arguments):
        standin.reset()
        result = function(*arguments)
        found[part] = collections.Counter(standin.counts())
        return result

    with chainer.using_config('type_check', False):
        optimizer.update(loss, *next(iterator))
        images, truths, rng = counted('scenes', next, iterator)
        with reporter.scope(observation):
            value = counted('forward', loss, images, truths, rng)
        loss.cleargrads()
        counted('backward', value.backward)
        counted('clipping', optimizer.call_hooks, 'pre')
        counted('update', lambda: [parameter.update() for parameter in loss.params()])
        counted('log', summary.add, observation)  # as LogReport does in every step
    return found


def count_replay(*arguments, **changes):
    """The same for a step that is one graph: a Counter, in which its own nodes begin with 'node'."""
    import standin
    iterator, optimizer = prepared(*arguments, **changes)
    updater = GraphUpdater(iterator, optimizer, optimizer.target.device)
    with chainer.using_config('type_check', False):
        for _ in range(3):
            updater.update()
        standin.reset()
        updater.update()
    return collections.Counter(standin.counts())


def main(argv=None):
    parser = command_line.PlainParser(__doc__)
    parser.add_argument('presets', nargs='*', default=PRESETS)
    print('preset       ' + ''.join(f'{name:>10}' for name in (*PARTS, 'together', 'waits', 'replayed')))
    for preset in parser.parse_args(argv).presets:
        found = count_step(preset)
        launches = [sum(times for what, times in found[part].items() if what.startswith(KINDS)) for part in PARTS]
        waits = sum(times for part in found.values() for what, times in part.items() if not what.startswith(KINDS))
        replayed = sum(times for what, times in count_replay(preset).items() if what.startswith(KINDS))
        print(f'{preset:13}' + ''.join(f'{number:10}' for number in (*launches, sum(launches), waits, replayed)),
              flush=True)


if __name__ == '__main__':
    command_line.run(main)
