"""Training scenes as the model saw them in training."""
import io

import numpy as np
from chainer.backends import cuda
from PIL import Image

from datasets import scenes
from ram import tasks
from ram.pictures.drawing import file_for
from ram.random_streams import generator
from ram.registry import DATASETS

TIMES = 8       # how often each source is shown
GAP = 3         # pixels between scenes, at their own size
SMALLEST = 64   # side of a scene on the sheet, in pixels


def draw(model, arguments, device):
    """Instead of episodes, a sheet (PNG) of training scenes: in each row one without changes, then with the random
    changes of training

    Args and returns: as for :func:`ram.pictures.episodes.draw`; it accepts controls, too.
    """
    config, xp = model.config, device.xp
    if config.fit == 'native':
        raise ValueError(f'{arguments.model} learned from native pictures, which are not augmented')
    sources, _ = tasks.load_sources(config, model.training_split, arguments.data)
    count = min(arguments.count, len(sources))
    chosen = np.random.default_rng(arguments.seed).choice(len(sources), count, replace=False)
    rng, sources, chosen = generator(device, arguments.seed), device.send(sources), device.send(chosen)
    if DATASETS[config.dataset].objects > 1:
        chosen = scenes.with_others(rng, chosen, len(sources), DATASETS[config.dataset].objects)
    plain = scenes.fresh_scenes(xp, rng, sources, chosen, config.size, config.clutter)
    columns = [plain] + [scenes.fresh_scenes(xp, rng, sources, chosen, config.size, config.clutter, config.shift,
                                             config.augmentation) for _ in range(TIMES)]
    table = np.stack([cuda.to_cpu(column) for column in columns], axis=1)
    return {file_for(arguments, '.png', 'augmented'): sheet(table)}


draw.gaze = False  # the model needs no gaze
draw.unused = 'policy',  # flags of visualize.py without effect


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
