"""Whole house numbers: photographs with the box of each digit, as SVHN's Format 1 or as tables."""
import math
import pathlib
from dataclasses import dataclass

import numpy as np

from datasets import crops, digit_struct, labelled, picture_cache, picture_reading, splits, table
from datasets.kept import kept
from datasets.labelled import TABLE, Labelled
from datasets.picture_remarks import remarks
from datasets.picture_store import Pictures

PARTS = 'train', 'test', 'extra'
SHARE = 0.1     # of the training pictures, those for validation
BOXES = 'digits.csv'
PAGE = 'http://ufldl.stanford.edu/housenumbers/'


@dataclass
class Part:
    """The house numbers of a split that are in one folder.

    Attributes:
        folder: pathlib.Path.
        numbers: list of Labelled, those of the split, sorted by path.
        everything: list of Labelled, all in the folder.
        tables: list of pathlib.Path, the files that say what is in the pictures.
        faults: list of str, one for each number that is left out.
    """
    folder: pathlib.Path
    numbers: list
    everything: list
    tables: list
    faults: list


def parts(folder, split, extra=False):
    """The house numbers of a split; no picture is read.

    They are in ``folder / 'svhn'``, in folders train, test and extra with pictures and a digitStruct.mat,
    as SVHN's Format 1 is published: 33,402, 13,068 and 202,353 numbers.  If there is no such file, they are
    in ``folder / 'numbers'``, in folders train and test with pictures, a labels.csv (file, label: the
    number) and a digits.csv (file, label, left, top, width, height: a digit's box in pixels; the digits of
    a picture from left to right).  A tenth of the training numbers is the validation split; a hash of
    their names chooses them, so they are always the same.

    Args:
        folder: pathlib.Path of the data files.
        split: 'train', 'validation', 'train+validation' or 'test'.
        extra: whether the training split includes those of the folder extra.

    Returns:
        list of Part.  What is wrong with training numbers is not said for 'validation' again.

    Raises:
        FileNotFoundError: a file is missing.
        ValueError: a file is damaged, or fewer than two of its numbers can be used.
    """
    if split == 'test':
        return [_part(folder, 'test')]
    part = _part(folder, 'train')
    if split != 'train+validation':
        numbers = {picture.path: picture for picture in part.everything}
        divided = splits.set_aside(splits.groups_of(list(numbers), {}), ['validation'], 'numbers', SHARE)
        part.numbers = [numbers[path] for path in divided[split]]
    if split == 'validation':
        part.faults = []
        return [part]
    return [part, *([_part(folder, 'extra')] if extra else [])]


def _part(folder, name):
    """The Part with all numbers of a folder."""
    published, tables = folder / 'svhn', folder / 'numbers'
    own = tables.is_dir() and not any((published / part / digit_struct.FILE).exists() for part in PARTS)
    place = (tables if own else published) / name
    found, faults = (_of_tables if own else _published)(place)
    if len(found) < 2:
        why = f'; {faults[0]}' if faults else ''
        raise ValueError(f'{place} has {len(found)} numbers that can be used; at least 2 are needed{why}')
    files = (TABLE, BOXES) if own else (digit_struct.FILE,)
    return Part(place, found, found, [place / file for file in files], faults)


def _published(folder):
    """The numbers of a folder as SVHN's authors published it: list of Labelled, and faults."""
    path = folder / digit_struct.FILE
    if not path.is_file():
        raise FileNotFoundError(f'{path} is missing: unpack {folder.name}.tar.gz of {PAGE} in {folder.parent}, or '
                                'train with --digits fonts, which needs no data')
    numbers, faults = kept(path, digit_struct.read)
    found = {}
    for name, text, boxes in numbers:
        reason = labelled.obstacle(folder, name) or ('it is there twice' if name in found else '')
        if reason:
            faults = [*faults, f'{digit_struct.FILE}, {name}: {reason}']
        else:
            found[name] = Labelled(folder / name, text, tuple(map(tuple, boxes)))
    return sorted(found.values(), key=lambda picture: picture.path), faults


def _of_tables(folder):
    """The numbers of a folder with a labels.csv and a digits.csv: list of Labelled, and faults."""
    for name in TABLE, BOXES:
        if not (folder / name).is_file():
            raise FileNotFoundError(f'{folder / name} is missing')
    pictures, faults = labelled.read(folder)
    rows, others = table.read(folder / BOXES, 'file', 'label', 'left', 'top', 'width', 'height')
    digits, found = {}, []
    for where, (name, label, *box) in rows:
        digits.setdefault(folder / name, []).append((where, label, box))
    for picture in pictures:
        mine = digits.get(picture.path, [])
        reason = '' if picture.text.isascii() and picture.text.isdigit() else 'its label is not a number'
        if not reason and ''.join(label for _, label, _ in mine) != picture.text:
            reason = f'its label is {picture.text}, and {BOXES} has the digits {[label for _, label, _ in mine]}'
        boxes = [_box(box) for _, _, box in mine]
        if not reason and None in boxes:
            where, _, box = mine[boxes.index(None)]
            reason = f'{where}: {",".join(box)} is no box'
        if reason:
            faults = [*faults, f'{picture.path}: {reason}']
        else:
            found.append(Labelled(picture.path, picture.text, tuple(boxes)))
    return found, [*faults, *others]


def _box(fields):
    """A digit's box, four floats; None if it is none."""
    try:
        box = tuple(map(float, fields))
    except ValueError:
        return None
    return box if all(map(math.isfinite, box)) and min(box[2:]) > 0 else None


def load(folder, split, size, longest, margin=1.0, extra=False):
    """The house numbers of a split, each cut out of its photograph as a square, see :func:`datasets.crops.square`.

    Args:
        folder, split, extra: see :func:`parts`.
        size: side of the resulting squares in pixels.
        longest: the most digits of a number; those with more are left out.
        margin: side of the square that is cut out, in sides of the tight one.

    Returns:
        uint8 array (N, 3, size, size); list of N str, the numbers; and remarks for the user, a list of (str,
        list of str), a heading and its lines.

    Raises: as :func:`parts` and :func:`datasets.picture_cache.stored`; and ValueError if no number is left.
    """
    images, texts, told = [], [], []
    for part in parts(folder, split, extra):
        name = 'extra' if part.folder.name == 'extra' else split
        short, too_long = labelled.few_enough(part.numbers, longest, name)
        stored = _stored(part, size, margin)
        places = {picture.path: place for place, picture in enumerate(part.everything)}
        read = [picture for picture in short if not stored.reasons[places[picture.path]]]
        told += [(too_long, [])] * bool(too_long)
        told += remarks([picture.path for picture in short], name, stored, places, faults=part.faults)
        chosen = Pictures(stored.store, stored.rows[[places[picture.path] for picture in read]])
        images += chosen.all_reduced(size)
        texts += [picture.text for picture in read]
    if not images:
        raise ValueError(f'none of the {split} numbers in {folder} can be used'
                         + ''.join(f': {(lines or [heading])[0]}' for heading, lines in told[:1]))
    return np.stack(images), texts, told


def _stored(part, size, margin):
    """The store of the squares of a Part."""
    boxes = {picture.path: picture.boxes for picture in part.everything}

    def read(path):
        found = picture_reading.decoded(path, size, True, 'native')
        if isinstance(found, str):
            return found
        picture, white = found
        try:
            square = crops.square(boxes[path], *picture.size, margin, crops.place_of(path.name))
        except ValueError as error:
            return str(error)
        return crops.cropped(picture, *square, size), white

    settings = dict(what='numbers', size=size, margin=margin, channels=3, factor=1)
    with picture_reading.limit(picture_reading.LARGEST):
        return picture_cache.stored(part.folder, list(boxes), settings, lambda path: (size, size), read, part.tables)
