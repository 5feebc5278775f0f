"""Training: Chainer's trainer over fresh scenes, the best model on validation kept."""
import json
import math
import pathlib
import time

import chainer
import numpy as np
from chainer import training
from chainer.training import extensions

from ram import checkpoint, evaluation, tasks
from ram.batches import SceneIterator, whole_arrays
from ram.models import LOSSES, TRAINING_SPLITS, make_model
from ram.optimizers import make_optimizer, make_schedule
from ram.ranks import ALONE, joined_evaluator, share


class Validation(training.Extension):
    """Reports the error on the validation scenes and keeps the best model.

    Args:
        model: the model.
        images, labels: the validation scenes, on the model's device.
        rng: called without arguments, gives the generator of the first locations, afresh.
        origin: see ``ram.origin``; written into the model file.
        ranks: the Ranks, each of which looks at its share of the scenes.
    """
    name = 'validation'
    priority = training.PRIORITY_WRITER
    trigger = 1, 'epoch'

    def __init__(self, model, images, labels, rng, origin=None, ranks=ALONE):
        self.model, self.rng, self.origin, self.ranks = model, rng, origin, ranks
        self.images, self.labels = share(images, self.ranks), share(labels, self.ranks)
        self.best = math.inf

    def evaluate(self):
        """How many of this rank's scenes were classified wrongly, and of how many."""
        wrong = evaluation.mistakes(self.model, self.images, self.labels, self.rng())[-1]
        return {'wrong': float(wrong.sum()), 'all': len(wrong)}

    def __call__(self, trainer):
        found = self.evaluate()
        error = found['wrong'] / found['all']
        chainer.report({'validation/error': error})
        if error < self.best:
            self.best = error
            if self.ranks.first:
                checkpoint.save_model(pathlib.Path(trainer.out) / checkpoint.MODEL, self.model, self.origin)

    def serialize(self, serializer):
        self.best = serializer('best', self.best)


class Finite(training.Extension):
    """Stops a run whose loss is no longer a finite number, before anything is saved of it.

    Looks at every iteration on the CPU; on a GPU, where that means waiting, at every hundredth, at the end of an epoch
    and before a snapshot.

    Args:
        snapshots: the trigger of the snapshots.
    """
    name = 'finite'
    priority = training.PRIORITY_EDITOR + 1000

    def __init__(self, snapshots):
        self.snapshots = snapshots

    def trigger(self, trainer):
        updater = trainer.updater
        on_cpu = updater.get_optimizer('main').target.xp is np
        return on_cpu or updater.iteration % 100 == 0 or updater.is_new_epoch or self.snapshots(trainer)

    def __call__(self, trainer):
        values = {key: float(getattr(value, 'array', value)) for key, value in trainer.observation.items()}
        bad = [f'{key.removeprefix("main/")} is {value}' for key, value in values.items() if not math.isfinite(value)]
        if bad:
            raise ValueError(f'in iteration {trainer.updater.iteration} the {" and the ".join(bad)}: training stops, '
                             f'and {trainer.out} keeps the last good snapshot; try a smaller --lr or --reinforce')


class SnapshotTrigger:
    """Says when to write a snapshot.  It may differ from one resumption of a run to the next.

    Args:
        every: 'epoch'; or a number of iterations, as '500'; or of minutes, as '10m' or '0.5m'.
        ranks: the Ranks, which go by the first one's clock.

    Raises:
        ValueError: it is none of these.
    """

    def __init__(self, every='epoch', ranks=ALONE):
        number, minutes = every.removesuffix('m'), every.endswith('m')
        try:
            self.every = 1 if every == 'epoch' else float(number) if minutes else int(number)
        except ValueError:
            self.every = 0
        if not 0 < self.every < math.inf:
            raise ValueError(f"--snapshot must be 'epoch', a number of iterations such as 500, or of minutes such as "
                             f'10m, not {every!r}')
        self.unit = 'epoch' if every == 'epoch' else 'minutes' if minutes else 'iterations'
        self.last, self.answer, self.ranks = time.monotonic(), (0, False), ranks

    def __call__(self, trainer):
        iteration = trainer.updater.iteration
        if self.answer[0] != iteration:  # whoever asks in one iteration gets one answer
            self.answer = iteration, self._due(trainer.updater)
        return self.answer[1]

    def _due(self, updater):
        if self.unit == 'epoch':
            return updater.is_new_epoch
        if self.unit == 'iterations':
            return updater.iteration % self.every == 0
        now = self.ranks.from_first(time.monotonic)
        due = now - self.last >= 60 * self.every
        if due:
            self.last = now
        return due


class Stop:
    """The trigger that ends a run: after its epochs, or after the iteration in which a signal to stop came.

    Args:
        epochs: epochs to train.
        ranks: the Ranks, which stop together.

    Attributes:
        signal: the number of the signal that ended the run, or 0.
    """

    def __init__(self, epochs, ranks=ALONE):
        self.after, self.ranks = training.triggers.IntervalTrigger(epochs, 'epoch'), ranks
        self.received = self.signal = 0

    def __call__(self, trainer):
        self.signal = max(self.ranks.gather(self.received))
        return self.signal > 0 or self.after(trainer)

    def get_training_length(self):
        """What Chainer's progress bar asks for."""
        return self.after.get_training_length()

    def on_signal(self, number, frame):
        """For signal.signal()."""
        self.received = number


class Snapshot(training.Extension):
    """Writes snapshots, with the state of every rank's generator.

    A CuPy generator has no state that can be kept: where a snapshot holds none, who draws gets a fresh generator,
    seeded by the run's seed and the iteration.

    Args:
        device: chainer device.
        seed: the run's seed.
        ranks: the Ranks.
        users: the objects that draw, each from its ``rng``, all from the same.
    """
    name = 'snapshot'
    priority = -100

    def __init__(self, device, seed, ranks, *users):
        self.device, self.seed, self.ranks, self.users = device, seed, ranks, users
        self.states, self.iteration = [], 0

    def __call__(self, trainer):
        on_cpu = self.device.xp is np
        self.states = self.ranks.gather(self.users[0].rng.bit_generator.state if on_cpu else None)
        self.iteration = trainer.updater.iteration
        if self.ranks.first:
            checkpoint.save_snapshot(pathlib.Path(trainer.out) / checkpoint.SNAPSHOT, trainer)

    def serialize(self, serializer):
        states = json.loads(serializer('states', json.dumps(self.states)))
        iteration = serializer('iteration', self.iteration)
        if isinstance(serializer, chainer.Deserializer):
            if len(states) != self.ranks.size:
                raise ValueError(f'it is of {len(states)} processes, and these are {self.ranks.size}')
            state = states[self.ranks.rank]
            if state and self.device.xp is np:
                self.users[0].rng.bit_generator.state = state
            else:
                rng = evaluation.generator(self.device, self.seed, 2, self.ranks.rank, iteration)
                for user in self.users:
                    user.rng = rng


def make_trainer(config, out, device, folder=None, every='epoch', origin=None, ranks=ALONE, init=None):
    """A trainer that is ready to run.

    Args:
        config: the Config.
        out: folder of the run; it must exist.
        device: chainer device.
        folder: folder of the data files.
        every: when to write snapshots, see SnapshotTrigger.
        origin: where the models come from, see ``ram.origin``.
        ranks: the Ranks that train together, each with batches of ``config.batchsize``.
        init: file of a model to start from, see ``checkpoint.start_from``; the first rank's counts.

    Returns:
        chainer.training.Trainer, to which reports on the screen may be added.
    """
    split = TRAINING_SPLITS[config.model]
    digits, labels = (device.send(array) for array in tasks.load_sources(config, split, folder))
    held_out = tuple(device.send(array) for array in tasks.load_scenes(config, 'validation', folder))
    rng = evaluation.generator(device, config.seed, *([ranks.rank] if ranks.rank else []))
    np.random.seed(config.seed)  # Chainer's initialisers draw from here
    model = make_model(config)
    afresh = checkpoint.start_from(init, model) if init else []
    if afresh:
        print(f'{init} fits but for {", ".join(afresh)}, which start afresh')
    loss = LOSSES[config.model](model, rng)
    loss.to_device(device)
    optimizer = make_optimizer(config, loss, ranks)
    iterator = SceneIterator(digits, labels, config.size, config.clutter, config.batchsize, rng, config.seed,
                             config.shift, ranks)
    updater = training.updaters.StandardUpdater(iterator, optimizer, converter=whole_arrays, device=device)

    trainer = training.Trainer(updater, Stop(config.epoch, ranks), out=str(out))
    snapshots = SnapshotTrigger(every, ranks)
    trainer.extend(Finite(snapshots))
    trainer.extend(joined_evaluator(Validation(
        model, *held_out, lambda: evaluation.generator(device, config.seed), origin, ranks), ranks))
    schedule = make_schedule(config, math.ceil(config.epoch * len(digits) / (config.batchsize * ranks.size)))
    if schedule:
        trainer.extend(schedule[0], trigger=schedule[1])
    if ranks.first:
        trainer.extend(extensions.LogReport())
        plotting = max(1, config.epoch // 100), 'epoch'
        for name, keys in [('loss.png', ['main/loss', 'main/cross_entropy']),
                           ('error.png', ['main/error', 'validation/error'])]:
            trainer.extend(extensions.PlotReport(keys, 'epoch', plotting, filename=name))
    trainer.extend(Snapshot(device, config.seed, ranks, loss, iterator), trigger=snapshots)
    return trainer
