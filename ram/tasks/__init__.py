"""The task of a Config: its sources, its fixed scenes, its classes."""
import numpy as np

from datasets import scenes
from datasets.picture_store import Pictures, PictureStore
from ram.networks.native_sensor import NativePictures
from ram.registry import DATASETS

# Seeds of the fixed scenes: the same for every run, and independent of its own seed.
SEEDS = {'validation': 1_000_001, 'test': 1_000_002, 'train+validation': 1_000_003}


def completed(config):
    """The Config, completed from the data: for a folder of pictures, with their classes and whether they have colour.

    Raises: as :func:`datasets.folder.describe`.
    """
    return DATASETS[config.dataset].completed(config)


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
    return DATASETS[config.dataset].sources(config, split, folder)


def load_scenes(config, split, folder=None):
    """The fixed scenes of a split: one for each source, the same for every model of the task.

    Args:
        config, folder: as for :func:`load_sources`.
        split: 'validation', 'test' or 'train+validation'.

    Returns:
        uint8 array (N, C, size, size), or native Pictures; and int32 array (N,).
    """
    sources, labels = load_sources(config, split, folder)
    return scenes.fixed_scenes(sources, config.size, config.clutter, SEEDS[split]), labels


def send(device, images):
    """Images on a chainer device: an array; or Pictures, whose store stays where it is if it does not fit on a GPU."""
    return images.on(device.xp) if isinstance(images, Pictures) else device.send(images)


def read_picture(config, path, as_is=False):
    """The user's picture as a scene of the task.

    A digit is prepared as MNIST's were, see ``datasets.digit_picture``, and put into the middle of a black scene.
    Other pictures are fitted as a whole; the margin has their mean colour, as in training.

    Args:
        config: the Config of a model.
        path: the file.
        as_is: whether a digit is not prepared, but fitted as a whole, with a black margin.

    Returns:
        uint8 array (C, size, size), or (C, H, W) if the task's pictures are native.

    Raises: as :func:`datasets.folder.read`; and ValueError if there is no digit in the picture.
    """
    return DATASETS[config.dataset].picture(config, path, as_is)


def joined(config, images):
    """A list of the results of :func:`read_picture` as a batch: uint8 array (N, C, size, size), or native Pictures."""
    if config.fit == 'native':
        return NativePictures(PictureStore.of(images, config.factor), np.arange(len(images)))
    return np.stack(images)


def digit_boxes(config, split, count):
    """The positions of the digits in a split's fixed scenes.

    Returns:
        float array (count, 2), their centres in pixels, columns (x, y), and their side in pixels; or None if all are at
        the same place.
    """
    moving = DATASETS[config.dataset].moving(config)
    if moving is None:
        return None
    side, pieces = moving
    corners = scenes.fixed_layout(count, config.size, pieces, SEEDS[split], side).corner
    return corners[:, ::-1] + side / 2, side
