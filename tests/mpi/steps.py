"""Trains 20 steps on images that are the same however many processes there are, and saves the weights.

    mpiexec -n N python tests/mpi/steps.py DATASET MODEL FILE [COMMUNICATOR]

Locations are fixed, all in the centre: nothing random is learned.
"""
import dataclasses
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent.parent))

from ram import checkpoint, config, random_streams  # isort: skip  (makes chainer importable)
from ram.training import distributed  # isort: skip  (makes chainer importable)
from ram.training.trainer import make_trainer  # isort: skip  (makes chainer importable)
import chainer
import numpy as np

import datasets


class Steady:
    """Replaces the generator: every draw is the same for each image, for any batch."""
    __class__ = np.random.Generator

    def random(self, shape, dtype=np.float64):
        return np.full(shape, 0.5, dtype)

    def standard_normal(self, shape, dtype):
        return np.full(shape, 0.3, dtype)

    def integers(self, low, high, size):
        places = low + 25 * np.arange(np.prod(size[1:], dtype=int)) % (high - low)  # so that two digits are apart
        return np.broadcast_to(places.reshape(size[1:]), size).copy()


def main():
    task, kind, path, *communicator = sys.argv[1:]
    joined = distributed.join(communicator[0] if communicator else None)
    rng = np.random.default_rng(1)
    digits = rng.integers(0, 256, (400, 28, 28)).astype(np.uint8), np.arange(400, dtype=np.int32) % 10
    datasets.load_digits = lambda *arguments: digits
    # Not Adam: it divides by the root of the mean square, which amplifies the rounding of tiny gradients.
    settings = dataclasses.replace(config.PRESETS[task], model=kind, shift=0, batchsize=64 // joined.size, epoch=10,
                                   unit=32, hidden=48, optimizer='nesterov', lr=0.01)
    trainer = make_trainer(settings, pathlib.Path(path).parent, chainer.get_device('@numpy'), ranks=joined)
    target = trainer.updater.get_optimizer('main').target
    random_streams.generator = lambda *arguments: Steady()
    for _ in range(20):
        trainer.updater.update()
    if joined.first:
        checkpoint.save_model(path, target.model)


if __name__ == '__main__':
    main()
