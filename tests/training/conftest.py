import dataclasses
from types import SimpleNamespace

import chainer
import numpy as np
import pytest

import datasets
from ram import checkpoint
from ram.config import Config
from ram.training.distributed import Ranks
from ram.training.trainer import make_trainer


@pytest.fixture
def few_digits(monkeypatch):
    """A small, easy task: 240 digits, each bright at the place of its class."""
    rng = np.random.default_rng(0)
    labels = np.arange(240, dtype=np.int32) % 10
    digits = rng.integers(0, 60, (240, 28, 28)).astype(np.uint8)
    for digit, label in zip(digits, labels):
        digit[2 * label:2 * label + 8, 8:20] = 255
    monkeypatch.setattr(datasets, 'load_digits', lambda source, split, folder=None: (digits, labels))


def few_digits_config(**changes):
    """A Config for a short run of a small model on these digits."""
    return dataclasses.replace(Config(dataset='mnist', size=28, patch=6, scales=2, glimpses=3, unit=16, hidden=32,
                                      batchsize=16, epoch=4), **changes)


def train(out, interruptions=(), every='epoch', draws=False, **changes):
    """Trains in the folder and returns the model.

    Args:
        out: the folder.
        interruptions: triggers; at each the run stops as on a signal, and a new trainer resumes it.
        every: when to write snapshots.
        draws: whether curves are drawn, which takes longer than the rest of the run.
        changes: to the Config.
    """
    config = few_digits_config(**changes)
    out.mkdir(parents=True)
    iteration = 0
    for interrupt in (*interruptions, None):
        trainer = make_trainer(config, out, chainer.get_device('@numpy'), every=every)
        if not draws:
            trainer.get_extension('curves').draw = lambda: None
        if iteration:
            checkpoint.load_snapshot(out / checkpoint.SNAPSHOT, trainer)
            assert trainer.updater.iteration == iteration
        if interrupt:
            trainer.extend(lambda trainer: trainer.stop_trigger.on_signal(15, None), name='kill', trigger=interrupt)
        trainer.run()
        trainer.get_extension('snapshot')(trainer)
        assert trainer.updater.iteration > iteration
        iteration = trainer.updater.iteration
    return trainer.updater.get_optimizer('main').target.model


def ranks_of(size):
    """The Ranks of ``size`` processes, all in this one; they can draw and share, but not talk to each other."""
    return [Ranks(SimpleNamespace(rank=rank, size=size, intra_rank=rank, intra_size=size)) for rank in range(size)]


def weights(model):
    return {name: parameter.array for name, parameter in model.namedparams()}
