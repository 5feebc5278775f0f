"""The user's own pictures: a folder of class folders of PNG, JPEG, WebP, BMP, GIF or PPM files."""
import functools
import unicodedata
import warnings

import numpy as np
from PIL import ExifTags, Image, ImageOps, ImageStat, UnidentifiedImageError

from datasets import picture_cache, splits
from datasets.picture_store import Pictures

# The possible names of the folders of the splits.
SPLITS = {'train': ['train'], 'validation': ['val', 'validation'], 'test': ['test']}
FORMATS = ['PNG', 'JPEG', 'WEBP', 'BMP', 'GIF', 'PPM']
GREY = ('1', 'L', 'LA', 'La', 'I', 'F')


def split_folder(root, split):
    """The folder of a split, ``root / 'train'``, 'val', 'validation' or 'test', if it has folders in it; else None."""
    for name in SPLITS[split]:
        if (root / name).is_dir() and any(entry.is_dir() for entry in (root / name).iterdir()):
            return root / name
    return None


def class_files(root, split, group_by=''):
    r"""The files of a split by class.

    They are below ``root / 'train'``, 'val' and 'test', in a folder for each class.  If there is no 'train', the class
    folders are in ``root``.  If there is no 'val' or 'test', 15% of the files of each class, at least one, are set
    aside from 'train' for it.  A hash of their names chooses them, so they are always the same.  Files of a class
    that belong together, such as the frames of a video, are in the same split, and the share is as close to 15% as they
    allow.  Classes are split one by one: a video that shows two classes can be in two splits.

    Args:
        root: pathlib.Path.
        split: 'train', 'validation', 'train+validation' or 'test'.
        group_by: a regular expression that is searched in a file's path below its class's folder; files for which its
            first group matches the same text belong together.  Examples: ``(\d+)-`` for names such as 00012-3.jpg,
            ``(.+)/`` for a folder of each object.  If it is empty, or does not match, each file is on its own.

    Returns:
        dict of a sorted list of paths by the class's name, in the order of the names.

    Raises:
        FileNotFoundError: there is no such folder.
        ValueError: there is no class in it, or an empty one, or one that has too few files or groups to be split; or
            ``group_by`` is invalid, matches nothing, or has no effect.
    """
    if not root.is_dir():
        raise FileNotFoundError(f'there is no folder {root}: --images must name the folder of the class folders')
    if split == 'train+validation':
        parts = [{composed(name): paths for name, paths in class_files(root, part, group_by).items()}
                 for part in split.split('+')]
        return {name: sorted(file for part in parts for file in part.get(name, [])) for name in parts[0]}
    own = split_folder(root, split)
    if own and split != 'train':
        return _files(own)
    missing = [part for part in SPLITS if not split_folder(root, part)]
    if 'train' in missing and len(missing) < len(SPLITS):
        raise ValueError(f'{root} has no folder train, but folders of other splits')
    parent = split_folder(root, 'train') or root
    files, missing = _files(parent), [part for part in missing if part != 'train']
    if group_by and not missing:
        raise ValueError(f'--group-by {group_by!r} has no effect: {root} has folders for all three splits')
    groups_by_path = _group_names(files, parent, group_by) if group_by else {}
    for name, paths in files.items():
        groups = splits.groups_of(paths, groups_by_path)
        if len(groups) <= len(missing):
            together = f' in {len(groups)} group{"s" * (len(groups) > 1)} by {group_by!r}' if group_by else ''
            raise ValueError(f'class {name} in {root} has {len(paths)} pictures{together}; with none set apart by hand '
                             f'for {" and ".join(missing)}, at least {len(missing) + 1} '
                             f'{"groups " if group_by else ""}are needed')
        files[name] = splits.set_aside(groups, missing, name)[split]
    return files


def _group_names(files, parent, group_by):
    """The names of the groups of all files, by path, see :func:`class_files`; ValueError if none has one."""
    texts = {path: path.relative_to(parent / name).as_posix() for name, paths in files.items() for path in paths}
    names = dict(zip(texts, splits.group_names(group_by, list(texts.values()))))
    if not any(names.values()):
        raise ValueError(f'--group-by {group_by!r} matches none of the pictures in {parent}, such as '
                         f'{next(iter(texts.values()))}')
    return names


def _listed(folder):
    return {entry.name: sorted(path for path in entry.rglob('*') if path.is_file() and path.name[0] != '.')
            for entry in sorted(folder.iterdir()) if entry.is_dir() and entry.name[0] != '.'}


def _files(folder):
    files = _listed(folder)
    if not files:
        raise ValueError(f'{folder} has no folders in it: there must be one for each class, with its pictures')
    names = {}
    for name, paths in files.items():
        if not paths:
            raise ValueError(f'class {name} is empty: there is no file in {folder / name}')
        if names.setdefault(composed(name), name) != name:
            raise ValueError(f'{folder} has two classes {name}, whose names differ only in the encoding of accents: '
                             f'{ascii(names[composed(name)])} and {ascii(name)}; join or rename them')
    return files


def composed(name):
    """A class's name in the form in which names are compared: systems store an accent with its letter, or after it."""
    return unicodedata.normalize('NFC', name)


def all_files(root):
    """The files of all classes and splits in a folder, a list of paths in the order of their names."""
    parents = [parent for parent in (split_folder(root, split) for split in SPLITS) if parent] or [root]
    return sorted(path for parent in parents for paths in _listed(parent).values() for path in paths)


def describe(root, group_by=''):
    """The classes of a folder's training pictures, and whether they have colour.

    Args: as for :func:`class_files`.

    Returns:
        The classes' names, a tuple of str; and whether any picture is in colour.

    Raises: as :func:`class_files`; and ValueError if there is only one class.
    """
    files = class_files(root, 'train', group_by)
    if len(files) < 2:
        raise ValueError(f'{root} has only one class, {", ".join(files)}: at least two are needed')
    return tuple(files), any(_in_colour(path) for paths in files.values() for path in paths)


def load(root, split, classes, size, colour, fit='resize', group_by='', factor=2):
    """The pictures of a split, from the store of the whole folder, see ``datasets.picture_cache``.

    Args:
        root, split, group_by: see :func:`class_files`.
        classes: names of the classes; a picture's label is the index of its class.
        size: side of the resulting squares in pixels; without effect on native pictures.
        colour: whether they are RGB, or grey.
        fit: see :func:`fitted`; or 'native', for pictures of their own sizes.
        factor: ratio of the sides of successive levels of native pictures, see ``datasets.picture_store``.

    Returns:
        uint8 array (N, C, size, size), C = 3 or 1, or Pictures, if they are native; int32 array (N,); and a list of
        texts, one for each file that could not be read and is left out, with the reason.

    Raises: as :func:`class_files` and :func:`datasets.picture_cache.stored`; and ValueError if a class is not among
        ``classes``, or has no readable picture.
    """
    files = class_files(root, split, group_by)
    labels = {composed(name): label for label, name in enumerate(classes)}
    unknown = [name for name in files if composed(name) not in labels]
    if unknown:
        raise ValueError(f'{root} has a class {unknown[0]!r} that the training pictures do not have, which have '
                         f'{", ".join(classes)}')
    native, everything = fit == 'native', all_files(root)
    settings = dict(fit=fit, size=0 if native else size, channels=3 if colour else 1, factor=factor if native else 1)
    with warnings.catch_warnings():
        warnings.simplefilter('error', Image.DecompressionBombWarning)
        store, rows, reasons = picture_cache.stored(
            root, everything, settings, _measure if native else lambda path: (size, size),
            lambda path: _picture(path, size, colour, fit))
    places = {path: place for place, path in enumerate(everything)}
    paths = [(path, labels[composed(name)], places[path]) for name in files for path in files[name]]
    left_out = [f'{path}: {reasons[place]}' for path, _, place in paths if reasons[place]]
    labels = np.array([label for _, label, place in paths if not reasons[place]], np.int32)
    lost = {label for _, label, _ in paths} - set(labels.tolist())
    if lost:
        example = next(reasons[place] for _, label, place in paths if label == min(lost))
        raise ValueError(f'none of the {split} pictures of class {classes[min(lost)]} in {root} can be read: {example}')
    chosen = Pictures(store, rows[[place for _, _, place in paths if not reasons[place]]])
    return chosen if native else np.stack([chosen.reduced(i, size) for i in range(len(chosen))]), labels, left_out


def read(path, size, colour, fit='resize', fill=None):
    """A picture, as a square unless it is native.

    Args:
        path: the file.
        size, colour: as for :func:`load`.
        fit, fill: see :func:`fitted`; or 'native', for the picture in its own size.

    Returns:
        uint8 array (C, H, W), C = 3 or 1.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not a picture of a known format, is damaged, or absurdly large.
    """
    with warnings.catch_warnings():
        warnings.simplefilter('error', Image.DecompressionBombWarning)
        picture = _picture(path, size, colour, fit, fill)
    if isinstance(picture, str):
        raise ValueError(f'{path} is not a picture that can be read: {picture}')
    return np.asarray(picture).reshape(picture.height, picture.width, -1).transpose(2, 0, 1)


def _or_reason(function):
    """A function of a file that returns the reason, a str, if it fails because of what the file holds."""
    @functools.wraps(function)
    def careful(path, *arguments):
        try:
            return function(path, *arguments)
        except FileNotFoundError:
            raise
        except UnidentifiedImageError:
            return f'its format is not one of {", ".join(FORMATS)}'
        except Exception as error:  # Pillow raises all kinds of errors for damaged bytes
            return ' '.join(str(error).split()) or type(error).__name__
    return careful


@_or_reason
def _picture(path, size, colour, fit, fill=None):
    """The picture that :func:`read` reads, in mode RGB or L."""
    with Image.open(path, formats=FORMATS) as file:
        if fit != 'native':
            file.draft('RGB' if colour else 'L', (size, size))  # decodes a JPEG file at the size that is needed
        picture = opaque(ImageOps.exif_transpose(file))
        return (picture if fit == 'native' else fitted(picture, size, fit, fill)).convert('RGB' if colour else 'L')


@_or_reason
def _measure(path):
    """Height and width of a picture that stands upright, without decoding it."""
    with Image.open(path, formats=FORMATS) as file:
        turned = file.getexif().get(ExifTags.Base.Orientation) in (5, 6, 7, 8)
        return file.size if turned else file.size[::-1]


def opaque(picture):
    """A PIL picture in mode L or RGB: white where it is transparent, and with 16 bits per pixel reduced to 8."""
    if picture.mode.startswith('I'):
        return Image.fromarray((np.asarray(picture).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8))
    if 'transparency' in picture.info or picture.mode in ('LA', 'PA', 'RGBA'):
        layer = picture.convert('RGBA')
        return Image.alpha_composite(Image.new('RGBA', layer.size, 'white'), layer).convert('RGB')
    return picture.convert('L' if picture.mode in GREY else 'RGB')


def fitted(picture, size, fit='resize', fill=None):
    """A complete picture in the middle of a square, with its proportions kept.

    Args:
        picture: PIL picture in mode L or RGB.
        size: the square's side in pixels.
        fit: 'resize', as large as possible; or 'pad', in its own size, or as large as possible if that is too large.
        fill: the colour of the margin, in Pillow's form; by default the mean colour of the picture, so that the margin
            does not stand out.

    Returns:
        PIL picture of the same mode.
    """
    if fit == 'resize' or max(picture.size) > size:
        picture = ImageOps.contain(picture, (size, size), Image.Resampling.LANCZOS)
    square = Image.new(picture.mode, (size, size), mean_colour(picture) if fill is None else fill)
    square.paste(picture, ((size - picture.width) // 2, (size - picture.height) // 2))
    return square


def mean_colour(picture):
    """The mean of a PIL picture's pixels, as a colour of its mode."""
    mean = tuple(round(value) for value in ImageStat.Stat(picture).mean)
    return mean if len(mean) > 1 else mean[0]


def _in_colour(path):
    try:
        with Image.open(path, formats=FORMATS) as file:
            return not (file.mode in GREY or file.mode.startswith('I'))
    except Exception:  # it will be reported when it is read
        return False
