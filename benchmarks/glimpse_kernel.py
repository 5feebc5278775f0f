#!/usr/bin/env python
"""Bandwidth of the glimpse sensor on a GPU, compared with a copy on the device in the same run.

    python benchmarks/glimpse_kernel.py [--gpu 0] [--images 16384] [--json FILE]

It counts the bytes that must move: the pixels under each image's largest patch once, and the glimpses once.
"""
import argparse
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))

from ram import command_line, config  # isort: skip  (makes chainer importable)
from ram.random_streams import generator  # isort: skip  (makes chainer importable)

from benchmarks.throughput import seconds
from ram.networks.glimpse_sensor import GlimpseSensor, patch_corners


def needed_bytes(locations, size, patch, scales, factor):
    """Bytes that one launch must read and write, float32 throughout."""
    side = patch * factor ** (scales - 1)
    top, left = patch_corners(locations, size, size, side)
    rows = (top + side).clip(0, size) - top.clip(0, size)
    columns = (left + side).clip(0, size) - left.clip(0, size)
    return 4 * (int((rows * columns).sum()) + len(locations) * (scales * patch ** 2 + 2))


def copy_rate(device):
    """GB/s of a copy on the device, counting reads and writes."""
    source = device.xp.ones(1 << 28, device.xp.float32)
    target = device.xp.empty_like(source)
    return 2 * source.nbytes / seconds(lambda: device.xp.copyto(target, source), device) / 1e9


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--gpu', type=int, default=0)
    parser.add_argument('--images', type=int, default=16384)
    parser.add_argument('--json', help='file for all figures')
    arguments = parser.parse_args(argv)
    device = command_line.device(arguments.gpu)
    xp, rng, rows = device.xp, generator(device, 0), []
    copy = copy_rate(device)
    print(f'copy on the device: {copy:.0f} GB/s\npreset          microseconds  GB/s  of the copy')
    for name in ('mnist', 'translated', 'cluttered100'):
        c = config.PRESETS[name]
        images = rng.random((arguments.images, 1, c.size, c.size), dtype=xp.float32)
        locations = rng.random((arguments.images, 2), dtype=xp.float32) * 2 - 1
        sensor = GlimpseSensor(c.patch, c.scales, c.factor)
        spent = seconds(lambda: sensor.forward((images, locations)), device)  # noqa: B023
        rate = needed_bytes(locations, c.size, c.patch, c.scales, c.factor) / spent / 1e9
        rows.append({'preset': name, 'images': arguments.images, 'seconds': spent, 'gb_per_s': rate, 'copy': copy})
        print(f'{name:14} {1e6 * spent:13.0f} {rate:5.0f} {rate / copy:12.0%}', flush=True)
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(rows, indent=1) + '\n')


if __name__ == '__main__':
    command_line.run(main)
