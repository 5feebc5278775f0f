#!/usr/bin/env python
"""Pictures that do not fit into memory: --fit native on pictures of 2,000 x 1,500 pixels that it draws itself.

    python benchmarks/large_pictures.py [--count 3000] [--folder DIR] [--epoch 250] [--json FILE] [--keep]
    python benchmarks/large_pictures.py --difference DIR

In each picture lies one of four shapes on a ground of random colours.  It has the area of a disc that is 160 to 240
pixels wide.  The pictures come in groups of four that differ only in the shape, so only a model that looks at it can
tell the class.  In large pictures a random glimpse rarely meets the shape.  So the model first learns on pictures of
half the width, with shapes of the same size.

The script trains it, shows its gaze, and prints the time that the store takes, the time of a second start, the largest
resident memory without mapped files, the time of a step beside that on pictures of 64 x 64 pixels with the same retina,
and how much the coarse patches differ from those of the exact sensor.  The pictures and the stores are deleted at the
end.
"""
import argparse
import dataclasses
import itertools
import math
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ProcessPoolExecutor

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))

from ram import checkpoint, command_line, config  # isort: skip  (makes chainer importable)
import chainer
import numpy as np
from PIL import Image, ImageDraw

from benchmarks.throughput import save, seconds
from datasets.augmentation import Augmentation
from ram import tasks
from ram.networks.glimpse_sensor import glimpse_sensor
from ram.networks.pixels import BLANK
from ram.registry import make_loss, make_model
from ram.training.optimizers import make_optimizer
from ram.training.scene_iterator import SceneIterator

ROOT = pathlib.Path(__file__).parent.parent
SIZES = (1000, 750), (2000, 1500)
FIRST = 100     # epochs on the smaller pictures
CLASSES = {'triangle': 3, 'square': 4, 'star': 10, 'disc': 60}  # their corners
RADII = 80, 120  # of a disc of the same area, in pixels
SPLITS = {'train': 0.7, 'validation': 0.85, 'test': 1}  # the share of the pictures up to the end of each
FEW = 200       # pictures of which a step is timed
# The shapes are drawn at random, so they are not changed in training.
UNCHANGED = [f'--{field.name}={field.default}' for field in dataclasses.fields(Augmentation) if field.name != 'flip']
FLAGS = ['--dataset', 'folder', '--fit', 'native', '--patch', '12', '--scales', '7', '--glimpses', '8',
         '--glimpse-network', 'linear', '--batchsize', '64', '--shift=0', *UNCHANGED]


def draw(path, size, seed):
    """Draws one picture, of the class that its folder is named after; the rest of it depends on the seed alone."""
    rng, (width, height) = np.random.default_rng(seed), size
    ground = cloth(rng, size, 250) + cloth(rng, size, 8)
    picture = Image.fromarray((20 + ground / 5).astype(np.uint8)).resize(size, Image.Resampling.BILINEAR)
    radius, colour = rng.uniform(*RADII), tuple(rng.integers(150, 256, 3).tolist())
    centre = rng.uniform(1.5 * radius, [width - 1.5 * radius, height - 1.5 * radius])
    outline = corners(CLASSES[path.parent.name], rng.uniform(-0.3, 0.3))
    ImageDraw.Draw(picture).polygon([tuple(point) for point in (centre + radius * outline).tolist()], fill=colour)
    picture.save(path, quality=85)


def cloth(rng, size, cell):
    """Random colours in a grid of cells, smooth between them: float array, an eighth as high and wide as a picture."""
    width, height = size
    noise = rng.integers(0, 256, (height // cell + 1, width // cell + 1, 3)).astype(np.uint8)
    return np.asarray(Image.fromarray(noise).resize((width // 8, height // 8), Image.Resampling.BICUBIC), float)


def corners(count, turn):
    """The corners of a shape with the area of a disc of radius 1, turned by ``turn`` radians: array (count, 2)."""
    angles = turn + 2 * math.pi * (np.arange(count) / count - 0.25 + (count == 4) / 8)
    radii = np.where((count == CLASSES['star']) & (np.arange(count) % 2 == 1), 0.45, 1)
    x, y = radii * np.cos(angles), radii * np.sin(angles)
    area = abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2
    return np.stack([x, y], axis=1) * math.sqrt(math.pi / area)


def draw_all(folder, size, count):
    """Draws ``count`` pictures, in as many processes as there are cores, which make way for other programs."""
    scenes, paths, seeds = count // len(CLASSES), [], []
    for seed in range(scenes):
        split = next(name for name, end in SPLITS.items() if seed < end * scenes)
        paths += [folder / split / name / f'{seed}.jpg' for name in CLASSES]
        seeds += [seed] * len(CLASSES)
    for parent in {path.parent for path in paths}:
        parent.mkdir(parents=True)
    with ProcessPoolExecutor(initializer=os.nice, initargs=(10,)) as pool:
        list(pool.map(draw, paths, itertools.repeat(size), seeds, chunksize=8))


class Process:
    """A script in a process of its own, and the most memory that it had without mapped files (RssAnon), in bytes."""

    def __init__(self, *command):
        self.start, self.memory = time.monotonic(), 0
        self.process = subprocess.Popen([sys.executable, *map(str, command)], cwd=ROOT, stdout=subprocess.PIPE,
                                        text=True)
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self):
        while self.process.poll() is None:
            try:
                lines = pathlib.Path(f'/proc/{self.process.pid}/status').read_text().splitlines()
            except OSError:
                return
            self.memory = max(self.memory, *(1024 * int(line.split()[1]) for line in lines
                                             if line.startswith('RssAnon')), 0)
            time.sleep(0.2)

    def first_line(self):
        """Waits for the first line of output; returns the seconds until then."""
        print(self.process.stdout.readline(), end='', flush=True)
        return time.monotonic() - self.start

    def wait(self):
        """Waits for the end and shows the output; returns the seconds until then."""
        for line in self.process.stdout:
            print(line, end='', flush=True)
        if self.process.wait() not in (0, 128 + signal.SIGTERM):
            raise ValueError(f'the script failed with exit code {self.process.returncode}')
        return time.monotonic() - self.start


def step(chosen, iterator, device):
    """A function that does one training step, with new scenes."""
    loss = make_loss(make_model(chosen))
    loss.to_device(device)
    optimizer = make_optimizer(chosen, loss)
    return lambda: optimizer.update(loss, *next(iterator))


def step_times(chosen, device, rounds):
    """Milliseconds of a training step on a few native pictures, so that they stay in memory, and on 64 x 64 pixels."""
    small = dataclasses.replace(chosen, fit='resize')
    rng, classes = np.random.default_rng(0), len(chosen.classes)
    images = rng.integers(0, 256, (FEW, chosen.channels, chosen.size, chosen.size)).astype(np.uint8)
    labels = np.arange(FEW, dtype=np.int32) % classes
    pictures, truths = (array[:FEW] for array in tasks.load_sources(chosen, 'train'))
    work = {'native': step(chosen, SceneIterator(pictures, truths, small.size, 0, small.batchsize), device),
            '64 x 64': step(small, SceneIterator(images, labels, small.size, 0, small.batchsize), device)}
    best = dict.fromkeys(work, math.inf)
    with chainer.using_config('type_check', False):
        for _ in range(rounds):
            for name, function in work.items():
                best[name] = min(best[name], 1e3 * seconds(function, device, least=1))
    return best


def differences(chosen, count=50):
    """The root mean square difference from the exact sensor, scale by scale, and of a glimpse's values from their mean.

    Both are in units of the picture's standard deviation.
    """
    images, _ = tasks.load_scenes(chosen, 'test')
    images = images[np.linspace(0, len(images) - 1, count).astype(int)]
    locations = np.random.default_rng(0).uniform(-1, 1, (count, 2)).astype(np.float32)
    shape = count, chosen.scales, chosen.channels, chosen.patch, chosen.patch
    seen = images.sensor(chosen)(locations).reshape(shape)
    exact = np.empty_like(seen)
    for i in range(count):
        pixels, row = images.store.level(images.indexes[i], 0), images.indexes[i]
        whole = (pixels - images.store.means[row, :, None, None]) / (images.store.deviations[row] + 255 * BLANK)
        exact[i] = glimpse_sensor(whole[None], locations[i:i + 1], chosen.patch, chosen.scales,
                                  chosen.factor).array.reshape(shape[1:])
    rms = np.sqrt(((seen - exact) ** 2).mean(axis=(0, 2, 3, 4)))
    return rms.tolist(), exact.std(axis=(0, 2, 3, 4)).tolist()


def main(argv=None):
    parser = command_line.PlainParser(__doc__)
    parser.add_argument('--count', type=int, default=3000, help='pictures (default: 3,000)')
    parser.add_argument('--folder', help='where the pictures, the store and the run go (default: a new folder in the '
                        'folder for temporary files)')
    parser.add_argument('--epoch', type=int, default=250, help='epochs to train on the large pictures (default: 250)')
    parser.add_argument('--rounds', type=int, default=5, help='how often each step is timed, alternately')
    parser.add_argument('--keep', action='store_true', help='delete nothing, and use what is there already')
    parser.add_argument('--gif', help='file for a picture of the gaze')
    parser.add_argument('--json', help='file for all figures')
    parser.add_argument('--difference', metavar='DIR', help='instead, only how much coarse patches of 8 x 8 pixels '
                        'differ from those of the exact sensor on the test pictures of this folder')
    arguments = parser.parse_args(argv)
    arguments.plot = None
    if arguments.difference:
        flags = config.from_flags(argparse.Namespace(dataset='folder', fit='native', images=arguments.difference,
                                                     patch=8, scales=4))
        for name, value in zip(('difference', 'spread'), differences(tasks.completed(flags), 400)):
            print(f'{name:22}', *(f'{each:.3f}' for each in value))
        return
    folder = pathlib.Path(arguments.folder or tempfile.mkdtemp(prefix='large-pictures-')).absolute()
    run, run_before, found = folder / 'run', folder / 'run-before', {'count': arguments.count}
    os.environ['RAM_CACHE'] = str(folder / 'cache')
    try:
        smaller, pictures = (folder / f'{width}' for width, _ in SIZES)
        for path, size in zip((smaller, pictures), SIZES):
            if not path.exists():
                start = time.monotonic()
                draw_all(path, size, arguments.count)
                found[f'draw s, {path.name}'] = time.monotonic() - start
        for out in run, run_before:
            shutil.rmtree(out, ignore_errors=True)
        found[f'training s, {smaller.name}'] = Process(
            'train.py', *FLAGS, '--images', smaller, '--epoch', FIRST, '--out', run_before).wait()
        train = ['train.py', *FLAGS, '--images', pictures, '--epoch', arguments.epoch,
                 '--init', run_before / 'model.npz']
        for name in 'first', 'second':  # with and without making the store
            started = Process(*train, '--out', folder / name)
            found[f'{name} start s'] = started.first_line()
            started.process.terminate()
            started.wait()
            shutil.rmtree(folder / name)
            found['memory GB'] = max(found.get('memory GB', 0), started.memory / 1e9)
        trained = Process(*train, '--out', run)
        found[f'training s, {pictures.name}'] = trained.wait()
        found['memory GB'] = max(found['memory GB'], trained.memory / 1e9)
        for policy in 'learned', 'random', 'center':
            Process('evaluate.py', run / 'model.npz', '--policy', policy).wait()
        Process('visualize.py', run / 'model.npz', '--out', pathlib.Path(arguments.gif or run / 'gaze.gif').absolute()
                ).wait()
        chosen, device = checkpoint.load_model(run / 'model.npz').config, command_line.device(-1)
        found['pictures GB'] = sum(path.stat().st_size for path in pictures.rglob('*.jpg')) / 1e9
        found['store GB'] = max(path.stat().st_size for path in (folder / 'cache').iterdir()) / 1e9
        times = step_times(chosen, device, arguments.rounds)
        found.update({f'step ms, {name}': value for name, value in times.items()})
        found['difference'], found['spread'] = differences(chosen)
        for name, value in found.items():
            print(f'{name:22}', *(f'{each:,.3f}' for each in (value if isinstance(value, list) else [value])))
        save(found, arguments, None)
    finally:
        if not arguments.keep:
            shutil.rmtree(folder)


if __name__ == '__main__':
    command_line.run(main)
