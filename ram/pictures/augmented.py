"""Training scenes as the model saw them in training."""
import io

import chainer
import numpy as np
from chainer.backends import cuda
from PIL import Image

from datasets import scenes
from datasets.picture_store import Pictures
from ram import tasks
from ram.networks.native_sensor import NativeSensor
from ram.pictures.drawing import file_for
from ram.random_streams import generator
from ram.registry import DATASETS

TIMES = 8       # how often each source is shown
GAP = 3         # pixels between scenes, at their own size
SMALLEST = 64   # side of a scene on the sheet, in pixels


def draw(model, arguments, device):
    """Instead of episodes, a sheet (PNG) of training scenes: in each row one without changes, then with the random
    changes of training; pictures that keep their own sizes are shown as a sensor sees them whole

    Args and returns: as for :func:`ram.pictures.episodes.draw`; it accepts controls, too.
    """
    config = model.config
    if config.fit == 'native':
        device = chainer.get_device('@numpy')  # where pictures of different sizes are read one by one
    sources, _ = tasks.load_sources(config, model.training_split, arguments.data)
    count = min(arguments.count, len(sources))
    chosen = np.random.default_rng(arguments.seed).choice(len(sources), count, replace=False)
    rng, sources, chosen = generator(device, arguments.seed), tasks.send(device, sources), device.send(chosen)
    if DATASETS[config.dataset].objects > 1:
        chosen = scenes.with_others(rng, chosen, len(sources), DATASETS[config.dataset].objects)
    columns = [scenes.fresh_scenes(device.xp, rng, sources, chosen, config.size, config.clutter, *changes)
               for changes in [(), *[(config.shift, config.augmentation)] * TIMES]]
    table = np.stack([whole(column) for column in columns], axis=1)
    return {file_for(arguments, '.png', 'augmented'): sheet(table)}


draw.gaze = False  # the model needs no gaze
draw.unused = 'policy',  # flags of visualize.py without effect


def whole(images):
    """Images as one array on the CPU: uint8 (N, C, H, W), or native Pictures, which are made at most SMALLEST pixels
    wide and high, in the middle of black squares."""
    if not isinstance(images, Pictures):
        return cuda.to_cpu(images)
    squares, factor, middle = [], images.store.factor, np.zeros((1, 2), np.float32)
    for i in range(len(images)):
        sensor = NativeSensor(images[i:i + 1], SMALLEST, images.level(i, SMALLEST) + 1, factor)
        squares.append(sensor(middle)[0, -images.store.channels:])
    return np.rint(255 * np.stack(squares)).astype(np.uint8)


def sheet(images):
    """A table of images, the first column apart from the others.

    Args:
        images: uint8 array (rows, columns, C, H, W).

    Returns:
        bytes of a PNG.
    """
    rows, columns, channels, height, width = images.shape
    larger = max(1, -(-SMALLEST // height))
    table = np.full((rows, height + GAP, columns, width + GAP, channels), 255, np.uint8)
    table[:, :height, :, :width] = images.transpose(0, 3, 1, 4, 2)
    table = table.reshape(rows * (height + GAP), columns * (width + GAP), channels)
    table = np.insert(table, [width + GAP] * (2 * GAP), 255, axis=1)[:-GAP, :-GAP]
    table = table.repeat(larger, axis=0).repeat(larger, axis=1)
    file = io.BytesIO()
    Image.fromarray(table.squeeze(2) if channels == 1 else table).save(file, 'PNG')
    return file.getvalue()
