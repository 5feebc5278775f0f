#!/usr/bin/env python
"""Pictures that do not fit into memory: --fit native on pictures of 2,000 x 1,500 pixels that it draws itself.

    python benchmarks/large_pictures.py [--count 3000] [--folder DIR] [--epoch 60] [--json FILE] [--keep]
    python benchmarks/large_pictures.py --difference DIR

Each picture has one of four shapes, 60 to 100 pixels wide and each in its own colour, on a ground that becomes redder
towards it.  It trains a model, shows its gaze, and prints the time that the store takes, the time of a second start,
the largest resident memory without mapped files, the time of a step beside that on pictures of 64 x 64 pixels with the
same retina, and how much the coarse patches differ from those of the exact sensor.  The pictures and the store (for
3,000, 0.2 GB and 36 GB) are deleted at the end.

Its error says nothing about the gaze.  The ground is so plain that the mean with which the contrast is normalised gives
the shape's colour away, to a model that never looks at the shape.
"""
import argparse
import dataclasses
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
from ram import tasks
from ram.networks.glimpse_sensor import glimpse_sensor
from ram.networks.pixels import BLANK
from ram.registry import make_loss, make_model
from ram.training.optimizers import make_optimizer
from ram.training.scene_iterator import SceneIterator

ROOT = pathlib.Path(__file__).parent.parent
WIDTH, HEIGHT = 2000, 1500
CLASSES = {'triangle': (3, 'lime'), 'square': (4, 'white'), 'star': (10, 'blue'), 'disc': (60, 'black')}
FEW = 200       # pictures of which a step is timed
FLAGS = ['--dataset', 'folder', '--fit', 'native', '--patch', '12', '--scales', '7', '--glimpses', '6',
         '--glimpse-network', 'linear', '--sigma', '0.03', '--batchsize', '64']


def draw(path, seed):
    """Draws one picture, of the class that its folder is named after."""
    rng = np.random.default_rng(seed)
    radius = rng.integers(30, 51)
    x, y = rng.integers(radius, [WIDTH - radius, HEIGHT - radius])
    # A twentieth of the size is enough for what is smooth.
    down, across = np.mgrid[10:HEIGHT:20, 10:WIDTH:20]
    glow = np.exp(-((down - y) ** 2 + (across - x) ** 2) / (2 * 400 ** 2))[:, :, None] * [140, 20, 0]
    ground = (rng.uniform(30, 70, 3) + glow).astype(np.uint8)
    picture = Image.fromarray(ground).resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR)
    corners, colour = CLASSES[path.parent.name]
    radii = [radius * (0.45 if corners == 10 and k % 2 else 1) for k in range(corners)]
    angles = [2 * math.pi * (k / corners - 0.25 + (corners == 4) / 8) for k in range(corners)]
    ImageDraw.Draw(picture).polygon([(x + r * math.cos(a), y + r * math.sin(a)) for r, a in zip(radii, angles)],
                                    fill=colour)
    picture.save(path, quality=85)


def draw_all(folder, count):
    """Draws ``count`` pictures, in as many processes as there are cores, which make way for other programs."""
    paths = [folder / name / f'{i}.jpg' for i in range(count // len(CLASSES)) for name in CLASSES]
    for name in CLASSES:
        (folder / name).mkdir(parents=True)
    with ProcessPoolExecutor(initializer=os.nice, initargs=(10,)) as pool:
        list(pool.map(draw, paths, range(count), chunksize=8))


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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--count', type=int, default=3000, help='pictures (default: 3,000)')
    parser.add_argument('--folder', help='where the pictures, the store and the run go (default: a new folder in the '
                        'folder for temporary files)')
    parser.add_argument('--epoch', type=int, default=60, help='epochs to train (default: 60)')
    parser.add_argument('--rounds', type=int, default=5, help='how often each step is timed, in turns')
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
    pictures, run, found = folder / 'pictures', folder / 'run', {'count': arguments.count}
    os.environ['RAM_CACHE'] = str(folder / 'cache')
    try:
        if not pictures.exists():
            start = time.monotonic()
            draw_all(pictures, arguments.count)
            found['draw s'] = time.monotonic() - start
        shutil.rmtree(run, ignore_errors=True)
        train = ['train.py', *FLAGS, '--images', pictures, '--epoch', arguments.epoch]
        for name in 'first', 'second':  # with and without making the store
            started = Process(*train, '--out', folder / name)
            found[f'{name} start s'] = started.first_line()
            started.process.terminate()
            started.wait()
            shutil.rmtree(folder / name)
            found['memory GB'] = max(found.get('memory GB', 0), started.memory / 1e9)
        trained = Process(*train, '--out', run)
        found['training s'] = trained.wait()
        found['memory GB'] = max(found['memory GB'], trained.memory / 1e9)
        Process('evaluate.py', run / 'model.npz').wait()
        Process('visualize.py', run / 'model.npz', '--out', pathlib.Path(arguments.gif or run / 'gaze.gif').absolute()
                ).wait()
        chosen, device = checkpoint.load_model(run / 'model.npz').config, command_line.device(-1)
        found['pictures GB'] = sum(path.stat().st_size for path in pictures.rglob('*.jpg')) / 1e9
        found['store GB'] = sum(path.stat().st_size for path in (folder / 'cache').iterdir()) / 1e9
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
