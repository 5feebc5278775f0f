"""The task of a Config: its sources, its fixed scenes, its classes."""
import os

import numpy as np

from datasets import bit_depth, scenes
from datasets.picture_store import Pictures, PictureStore
from ram.config import Config
from ram.networks.native_sensor import NativePictures
from ram.registry import DATASETS, MODELS
from ram.tasks.remarks import say

# Seeds of the fixed scenes: the same for every run, and independent of its own seed.
SEEDS = {'validation': 1_000_001, 'test': 1_000_002, 'train+validation': 1_000_003}


def _task(config):
    if not isinstance(config, Config):
        raise ValueError('a task is described by a Config, such as model.config, not by something of type '
                         f'{type(config).__qualname__}')
    return DATASETS[config.dataset]


def completed(config):
    """The Config, completed from the data: for a folder of pictures, with their classes and whether they have colour.

    Raises: as :func:`datasets.folder.describe`.
    """
    return _task(config).completed(config)


def load_sources(config, split, folder=None):
    """The sources of a task's scenes.  Pictures that cannot be read are listed on stderr.

    Args:
        config: the Config.
        split: 'train', 'validation', 'train+validation' or 'test'.
        folder: folder of the data files, see :func:`datasets.data_folder`.

    Returns:
        uint8 array, digits (N, d, d) or pictures (N, C, d, d), or native Pictures; and int32 array (N,).  See
        ``scenes.fresh_scenes``.
    """
    return _task(config).sources(config, split, folder)


def fingerprint(config, folder=None):
    """What a run learns from and is validated with, in a form that changes when the data do.

    Args:
        config, folder: as for :func:`load_sources`.

    Returns:
        dict by split, each a dict by class of its number of pictures and a digest of them; see ``Task.fingerprint``.
    """
    task = _task(config)
    return {split: task.fingerprint(config, split, folder)
            for split in (MODELS[config.model].training_split, 'validation')}


def load_scenes(config, split, folder=None):
    """The fixed scenes of a split: one for each source, the same for every model of the task.

    Args:
        config, folder: as for :func:`load_sources`.
        split: 'validation', 'test' or 'train+validation'.

    Returns:
        uint8 array (N, C, size, size), or native Pictures; and int32 array (N,).
    """
    sources, labels = load_sources(config, split, folder)
    task = _task(config)
    if task.objects > 1:
        labels = task.answers(labels[_fixed_layout(config, split, len(labels)).source])
    return scenes.fixed_scenes(sources, config.size, config.clutter, SEEDS[split], task.objects), labels


def _fixed_layout(config, split, count):
    """The Layout of a split's fixed scenes; None if the scenes are the sources themselves."""
    task = _task(config)
    if not (moving := task.moving(config)):
        return None
    side, pieces = moving
    return scenes.fixed_layout(count, config.size, pieces, SEEDS[split], side, task.objects)


def send(device, images):
    """Images on a chainer device: an array; or Pictures, whose store stays where it is if it does not fit on a GPU."""
    return images.on(device.xp) if isinstance(images, Pictures) else device.send(images)


def preparation(config, as_is=False):
    """What :func:`read_picture` does with a picture besides fitting it, as a sentence; '' if nothing.

    Raises:
        ValueError: ``as_is`` has no effect.
    """
    how = _task(config).preparation
    if as_is and not how:
        raise ValueError(f'--as-is is for models of digits; one of {config.dataset} takes pictures as they are')
    return '' if as_is or not how else f'pictures are prepared {how} (--as-is takes them as they are)'


def read_picture(config, path, scaled=lambda white: None, as_is=False):
    """The user's picture as a scene of the task.

    A digit is prepared as MNIST's were, see ``datasets.digit_picture``, and put into the middle of a black scene.
    Other pictures are fitted as a whole; the margin has their mean colour, as in training.

    Args:
        config: the Config of a model.
        path: the file.
        scaled: see :func:`datasets.picture_reading.read`.
        as_is: whether a digit is not prepared, but fitted as a whole, with a black margin.

    Returns:
        uint8 array (C, size, size), or (C, H, W) if the task's pictures are native.

    Raises: as :func:`datasets.picture_reading.read`; and ValueError if there is no digit in the picture.
    """
    return _task(config).picture(config, path, scaled, as_is)


def read_pictures(config, *paths, as_is=False):
    """The user's pictures as a model of the task takes them, on the CPU.  Says on stderr what was done with them.

        model = ram.checkpoint.load_model('model.npz')
        model.predict(ram.tasks.read_pictures(model.config, 'one.png', 'two.jpg'))

    Args:
        config: the model's Config.
        paths: the files, at least one.
        as_is: see :func:`read_picture`.

    Returns:
        uint8 array (N, C, size, size), or native Pictures.  ``send(model.device, ...)`` sends them to a model on a GPU.

    Raises: as :func:`read_picture`; and ValueError if there is no path, or something else than a path.
    """
    odd = [f'of type {type(path).__qualname__}' for path in paths if not isinstance(path, str | os.PathLike)]
    if odd or not paths:
        raise ValueError(f'read_pictures(model.config, *paths) takes paths of files, at least one, not '
                         f'{odd[0] if odd else "none"}')
    whites, done = [], preparation(config, as_is)
    images = joined(config, [read_picture(config, path, whites.append, as_is) for path in paths])
    say(done)
    say(bit_depth.summary(whites, 'pictures'))
    return images


def joined(config, images):
    """A list of the results of :func:`read_picture` as a batch: uint8 array (N, C, size, size), or native Pictures."""
    if config.fit == 'native':
        return NativePictures(PictureStore.of(images, config.factor), np.arange(len(images)))
    return np.stack(images)


def digit_boxes(config, split, count):
    """The positions of the digits in a split's fixed scenes.

    Returns:
        float array (count, D, 2), the centres of a scene's D digits in pixels, columns (x, y), and their side in
        pixels; or None if all are at the same place.
    """
    layout = _fixed_layout(config, split, count)
    if layout is None:
        return None
    side, _ = _task(config).moving(config)
    return layout.corner[..., ::-1] + side / 2, side
