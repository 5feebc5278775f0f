"""Chainer's trainer with new scenes or games in every batch."""
import numpy as np
from chainer import training

from datasets import shown
from ram import checkpoint
from ram.agents.gaze import chooses
from ram.registry import ITERATORS, VALIDATIONS, make_loss, make_model
from ram.training.distributed import ALONE, joined_evaluator
from ram.training.extensions.average import Average
from ram.training.extensions.curves import Curves
from ram.training.extensions.log import Log
from ram.training.extensions.quantities import why_they_differ
from ram.training.extensions.schedule import Schedule
from ram.training.extensions.snapshots import Finite, Snapshot, Validation
from ram.training.extensions.stuck_gaze import StuckGaze
from ram.training.extensions.threads import Threads
from ram.training.extensions.triggers import SnapshotTrigger, Stop
from ram.training.graph import make_updater, plain_updater
from ram.training.optimizers import make_optimizer


def make_trainer(config, out, device, folder=None, every='epoch', made=None, ranks=ALONE, init=None,
                 written=lambda iteration: None, graph=False):
    """A trainer that is ready to run.

    Args:
        config: the Config.
        out: folder of the run; it must exist.
        device: chainer device.
        folder: folder of the data files.
        every: when to write snapshots, see SnapshotTrigger.
        made: the provenance of the models, see ``ram.provenance``.
        ranks: the Ranks that train together, each with batches of ``config.batchsize``.
        init: file of a model to start from, see ``checkpoint.start_from``; that of the first rank is used.
        written: called with the iteration, in the first rank, once its snapshot is written.
        graph: whether the steps shall be CUDA graphs, see ``ram.training.graph``.

    Returns:
        chainer.training.Trainer, to which reports on the screen may be added.
    """
    np.random.seed(config.seed)  # Chainer's initialisers draw from here
    model = make_model(config)
    iterator = ITERATORS[model.goal](config, model.training_split, device, folder, ranks)
    afresh = checkpoint.start_from(init, model) if init else []
    if afresh:
        print(f'{shown.text(init)} fits except for {", ".join(afresh)}, which start with new weights')
    loss = make_loss(model)
    loss.to_device(device)
    optimizer = make_optimizer(config, loss, ranks)
    updater = (make_updater if graph else plain_updater)(iterator, optimizer, device, ranks)

    trainer = training.Trainer(updater, Stop(config.epoch, ranks), out=str(out))
    snapshots = SnapshotTrigger(every, ranks)
    trainer.extend(Finite(snapshots))
    kept = model
    if config.average:  # of the weights that make_optimizer gave to all ranks
        average = Average(model, config.average)
        trainer.extend(average)
        kept = average.average
    count = VALIDATIONS[model.goal](kept, device, folder, ranks)
    trainer.extend(joined_evaluator(Validation(kept, count, made, ranks), ranks))
    trainer.extend(Schedule(config))
    if device.xp is np:
        trainer.extend(Threads(alone=ranks.size == 1))
    if ranks.first:
        trainer.extend(Log())
        if model.goal == 'classification' and chooses(model):
            trainer.extend(StuckGaze(count, config))
        trainer.extend(Curves(why_they_differ(model), loss=[f'main/{name}' for name in loss.reported[:2]],
                              error=['main/error', 'validation/error']))
    trainer.extend(Snapshot(ranks, written), trigger=snapshots)
    return trainer
