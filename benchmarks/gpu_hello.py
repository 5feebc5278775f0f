#!/usr/bin/env python
"""Checks in seconds that a GPU trains: it has the same loss as the CPU, and how fast it is."""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))

from ram import command_line, config  # noqa: E402, I001  (makes chainer importable)
import chainer  # noqa: E402
import numpy as np  # noqa: E402

from ram.random_streams import generator  # noqa: E402
from ram.registry import make_loss, make_model  # noqa: E402
from ram.training.optimizers import make_optimizer  # noqa: E402

BATCH, STEPS = 1024, 20
TOLERANCE = 1e-3  # sums are taken in another order


def batch(device, chosen):
    """Random scenes with their labels, the same on every device; and random numbers for as many locations."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (BATCH, 1, chosen.size, chosen.size), np.uint8)
    return device.send(images), device.send(rng.integers(0, 10, BATCH).astype(np.int32))


def first_loss(device, chosen):
    """The cross-entropy of an untrained model that looks at the middle."""
    np.random.seed(0)
    model = make_model(chosen)
    model.to_device(device)
    images, labels = batch(device, chosen)
    with chainer.no_backprop_mode():
        logits = model.rollout(images, generator(device, 0), 'center').logits
        return float(chainer.functions.softmax_cross_entropy(logits, labels).array)


def images_per_second(device, chosen):
    """How fast training is, without the making of scenes."""
    loss = make_loss(make_model(chosen))
    loss.to_device(device)
    optimizer, (images, labels) = make_optimizer(chosen, loss), batch(device, chosen)
    best = float('inf')
    for step in range(STEPS):
        start = time.perf_counter()
        optimizer.update(loss, images, labels, generator(device, step))
        device.xp.cuda.get_current_stream().synchronize()
        best = min(best, time.perf_counter() - start)
    return BATCH / best


def main(argv=None):
    parser = command_line.PlainParser(__doc__)
    parser.add_argument('-g', '--gpu', type=int, default=0, metavar='N', help='GPU to check (default: 0)')
    arguments = parser.parse_args(argv)
    chosen = config.PRESETS['translated']
    cpu = first_loss(chainer.get_device('@numpy'), chosen)
    device = command_line.device(arguments.gpu)
    gpu = first_loss(device, chosen)
    if not abs(gpu - cpu) <= TOLERANCE * abs(cpu):
        raise ValueError(f'the GPU has the loss {gpu:.6f} where the CPU has {cpu:.6f}')
    name = device.xp.cuda.runtime.getDeviceProperties(device.device.id)['name'].decode()
    print(f'{name}: the same loss as on the CPU, {gpu:.4f}; {images_per_second(device, chosen):,.0f} images/s of '
          f'translated in batches of {BATCH:,}')
    print('Now: python train.py --dataset translated --gpu 0')


if __name__ == '__main__':
    command_line.run(main)
