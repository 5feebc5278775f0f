#!/usr/bin/env python
"""Bandwidth of the glimpse sensor on a GPU, compared with a copy on the device in the same run.

    python benchmarks/glimpse_kernel.py [--gpu 0] [--images 16384] [--json FILE]

"sums" makes the sums over blocks, once for a batch of bytes.  "glimpse" is one glimpse at each image, which reads one
sum for each output.  The bytes counted are those that must move: every level of sums is written once, and read once to
make the next one; a glimpse reads its sums and locations, and writes its outputs.
"""
import json
import math
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))

from ram import command_line, config  # isort: skip  (makes chainer importable)
from ram.random_streams import generator  # isort: skip  (makes chainer importable)

from benchmarks.throughput import seconds
from ram.fast.block_sums import spans, sums_dtype
from ram.networks.glimpse_sensor import prepare


def needed_bytes(images, patch, scales, factor):
    """Bytes that the sums and a glimpse at uint8 images (N, 1, H, W) must read and write."""
    count, _, height, width = images.shape
    blocks = spans((height, width), scales, factor)
    item = sums_dtype(images, math.prod(blocks[-1])).itemsize
    levels = [count * (height + tall - 1) * (width + wide - 1) * (item if k else 1)
              for k, (tall, wide) in enumerate(blocks)]
    outputs = count * patch ** 2
    return (sum(levels[:-1]) + sum(levels[1:]),
            outputs * (1 + item * (scales - 1) + 4 * scales) + 8 * count)


def copy_rate(device):
    """GB/s of a copy on the device, counting reads and writes."""
    source = device.xp.ones(1 << 28, device.xp.float32)
    target = device.xp.empty_like(source)
    return 2 * source.nbytes / seconds(lambda: device.xp.copyto(target, source), device) / 1e9


def main(argv=None):
    parser = command_line.PlainParser(__doc__)
    parser.add_argument('--gpu', type=int, default=0)
    parser.add_argument('--images', type=int, default=16384)
    parser.add_argument('--json', help='file for all figures')
    arguments = parser.parse_args(argv)
    device = command_line.device(arguments.gpu)
    xp, rng, rows = device.xp, generator(device, 0), []
    copy = copy_rate(device)
    print(f'copy on the device: {copy:.0f} GB/s\npreset         work     microseconds  GB/s  of the copy')
    for name in ('mnist', 'translated', 'cluttered100'):
        c = config.PRESETS[name]
        images = rng.integers(0, 256, (arguments.images, 1, c.size, c.size)).astype(xp.uint8)
        locations = rng.random((arguments.images, 2), dtype=xp.float32) * 2 - 1
        sensor = prepare(images, c)
        work = {'sums': lambda: prepare(images, c), 'glimpse': lambda: sensor(locations)}  # noqa: B023
        for (what, function), moved in zip(work.items(), needed_bytes(images, c.patch, c.scales, c.factor)):
            if moved:  # with one scale there are no sums
                spent = seconds(function, device)
                rate = moved / spent / 1e9
                rows.append({'preset': name, 'work': what, 'images': arguments.images, 'seconds': spent,
                             'gb_per_s': rate, 'copy': copy})
                print(f'{name:14} {what:8} {1e6 * spent:12.0f} {rate:5.0f} {rate / copy:12.0%}', flush=True)
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(rows, indent=1) + '\n')


if __name__ == '__main__':
    command_line.run(main)
