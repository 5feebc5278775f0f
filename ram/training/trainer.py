"""Chainer's trainer with a SceneIterator."""
import math

import numpy as np
from chainer import training
from chainer.training import extensions

from ram import checkpoint, tasks
from ram.random_streams import generator
from ram.registry import make_loss, make_model
from ram.training.curves import Curves
from ram.training.distributed import ALONE, joined_evaluator
from ram.training.extensions import Finite, Snapshot, Validation
from ram.training.optimizers import make_optimizer, make_schedule
from ram.training.scene_iterator import SceneIterator, whole_arrays
from ram.training.triggers import SnapshotTrigger, Stop


def make_trainer(config, out, device, folder=None, every='epoch', origin=None, ranks=ALONE, init=None):
    """A trainer that is ready to run.

    Args:
        config: the Config.
        out: folder of the run; it must exist.
        device: chainer device.
        folder: folder of the data files.
        every: when to write snapshots, see SnapshotTrigger.
        origin: the provenance of the models, see ``ram.provenance``.
        ranks: the Ranks that train together, each with batches of ``config.batchsize``.
        init: file of a model to start from, see ``checkpoint.start_from``; that of the first rank is used.

    Returns:
        chainer.training.Trainer, to which reports on the screen may be added.
    """
    np.random.seed(config.seed)  # Chainer's initialisers draw from here
    model = make_model(config)
    digits, labels = (device.send(array) for array in tasks.load_sources(config, model.training_split, folder))
    held_out = tuple(device.send(array) for array in tasks.load_scenes(config, 'validation', folder))
    afresh = checkpoint.start_from(init, model) if init else []
    if afresh:
        print(f'{init} fits except for {", ".join(afresh)}, which start with new weights')
    loss = make_loss(model)
    loss.to_device(device)
    optimizer = make_optimizer(config, loss, ranks)
    iterator = SceneIterator(digits, labels, config.size, config.clutter, config.batchsize, config.seed, config.shift,
                             ranks, config.augmentation)
    updater = training.updaters.StandardUpdater(iterator, optimizer, converter=whole_arrays, device=device)

    trainer = training.Trainer(updater, Stop(config.epoch, ranks), out=str(out))
    snapshots = SnapshotTrigger(every, ranks)
    trainer.extend(Finite(snapshots))
    trainer.extend(joined_evaluator(Validation(
        model, *held_out, lambda: generator(device, config.seed), origin, ranks), ranks))
    schedule = make_schedule(config, math.ceil(config.epoch * len(digits) / (config.batchsize * ranks.size)))
    if schedule:
        trainer.extend(schedule[0], trigger=schedule[1])
    if ranks.first:
        trainer.extend(extensions.LogReport())
        trainer.extend(Curves(loss=['main/loss', 'main/cross_entropy'], error=['main/error', 'validation/error']))
    trainer.extend(Snapshot(ranks), trigger=snapshots)
    return trainer
