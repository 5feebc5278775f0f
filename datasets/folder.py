"""The user's own pictures: a folder of class folders, with or without folders of splits."""
import numpy as np

from datasets import picture_cache, picture_reading
from datasets.class_folders import SPLITS, Folder, composed, few
from datasets.picture_reading import LARGEST
from datasets.picture_remarks import remarks
from datasets.picture_store import Pictures


def class_files(root, split, group_by=''):
    r"""The files of a split by class.

    They are in the folders of the splits, such as ``root / 'train'``, 'val' and 'test', in a folder
    for each class.  If there is no folder of a split, the class folders are in ``root``.  If there
    is no 'val' or 'test', 15% of the files of each class, at least one, are set aside from 'train'
    for it.  A hash of their names chooses them, so they are always the same.  Files of a class that
    belong together, such as the frames of a video, are in the same split, and the share is as close
    to 15% as they allow.  Classes are split one by one: a video that shows two classes can be in
    two splits.

    Which files count is said in ``datasets.visible``.

    Args:
        root: pathlib.Path.
        split: 'train', 'validation', 'train+validation' or 'test'.
        group_by: a regular expression that is searched in a file's path below its class's folder;
            files for which its first group matches the same text belong together.  Examples:
            ``(\d+)-`` for names such as 00012-3.jpg, ``(.+)/`` for a folder of each object.  If it
            is empty, or does not match, each file is on its own.

    Returns:
        dict of a sorted list of paths by the class's name, in the order of the names.

    Raises:
        FileNotFoundError: there is no such folder.
        ValueError: there is no class in it, or an empty one, or one that has too few files or
            groups to be split; it is not clear which folders are those of the splits; or
            ``group_by`` is invalid, matches nothing, or has no effect.
    """
    return Folder(root, group_by).files(split)


def describe(root, group_by='', largest=LARGEST):
    """Checks all splits of a folder and finds its classes, and whether its pictures have colour.

    Args:
        root, group_by: as for :func:`class_files`.
        largest: see :func:`datasets.picture_reading.limit`.

    Returns:
        The names of the classes, a tuple of str; whether any training picture is in colour; and the
        number of training pictures.

    Raises: as :func:`class_files`; and ValueError if there is only one class, or another split has
        others.
    """
    folder = Folder(root, group_by)
    files = {split: folder.files(split) for split in SPLITS}
    classes = tuple(files['train'])
    if len(classes) < 2:
        raise ValueError(f'{root} has only one class, {", ".join(classes)}: at least two are needed')
    for split in SPLITS:
        _labels(folder, split, files[split], classes)
    paths = [path for paths in files['train'].values() for path in paths]
    return classes, picture_reading.any_in_colour(paths, largest), len(paths)


def _labels(folder, split, files, classes):
    """dict of the labels of a split's classes; ValueError if one is not among ``classes``."""
    labels = {composed(name): label for label, name in enumerate(classes)}
    unknown = [name for name in files if composed(name) not in labels]
    if unknown:
        raise ValueError(f'{folder.parent(split)} has a class {unknown[0]!r} that the training '
                         f'pictures do not have, which have {few(classes)}')
    return {name: labels[composed(name)] for name in files}


def load(root, split, classes, size, colour, fit='resize', group_by='', factor=2, largest=LARGEST):
    """The pictures of a split, from the store of the whole folder, see ``datasets.picture_cache``.

    Args:
        root, split, group_by: see :func:`class_files`.
        classes: names of the classes; a picture's label is the index of its class.
        size, colour, fit: see :func:`datasets.picture_reading.read`.
        factor: ratio of the sides of successive levels of native pictures, see
            ``datasets.picture_store``.
        largest: see :func:`datasets.picture_reading.limit`.

    Returns:
        uint8 array (N, C, size, size), C = 3 or 1, or Pictures, if they are native; int32 array
        (N,); and remarks for the user, a list of (str, list of str), a heading and its lines: which
        files cannot be read and are left out, which pictures are also in another class or split (of
        all splits if this is 'train'), how some were scaled.

    Raises: as :func:`class_files` and :func:`datasets.picture_cache.stored`; and ValueError if a
        class is not among ``classes``, or has no readable picture.
    """
    folder = Folder(root, group_by)
    files, native = folder.files(split), fit == 'native'
    labels = _labels(folder, split, files, classes)
    everything = folder.everything
    settings = dict(fit=fit, size=0 if native else size, channels=3 if colour else 1,
                    factor=factor if native else 1, largest=largest)
    measure = picture_reading.measure if native else lambda path: (size, size)
    with picture_reading.limit(largest):
        stored = picture_cache.stored(
            root, everything, settings, measure,
            lambda path: picture_reading.decoded(path, size, colour, fit))
    places = {path: place for place, path in enumerate(everything)}
    kept = [(labels[name], places[path]) for name, paths in files.items() for path in paths
            if not stored.reasons[places[path]]]
    found = np.array([label for label, _ in kept], np.int32)
    for part in SPLITS if split == 'train' else [split]:  # a run says at once what its test would say
        for name, paths in folder.files(part).items():
            reasons = [stored.reasons[places[path]] for path in paths]
            if all(reasons):
                raise ValueError(f'none of the {part} pictures of class {name} in {root} can be read: '
                                 f'{reasons[0]}')
    chosen = Pictures(stored.store, stored.rows[[place for _, place in kept]])
    images = chosen if native else np.stack(chosen.all_reduced(size))
    paths = [path for paths in files.values() for path in paths]
    compared = {part: folder.files(part) for part in (SPLITS if split == 'train' else [split])}
    return images, found, remarks(paths, split, stored, places, compared)
