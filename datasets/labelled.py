"""Pictures with a text each, such as a number, as a table beside them says: labels.csv."""
import os
import pathlib
import unicodedata
from dataclasses import dataclass

import numpy as np

from datasets import table, visible

TABLE = 'labels.csv'
PADDING = -1


@dataclass(frozen=True)
class Labelled:
    """A picture's file and its text.

    Attributes:
        path: pathlib.Path.
        text: str, at least one character.
        boxes: tuple of (left, top, width, height) in pixels, one for each character; () if unknown.
    """
    path: pathlib.Path
    text: str
    boxes: tuple = ()


def read(folder):
    """The pictures that ``folder / 'labels.csv'`` lists, in its columns ``file`` and ``label``.

    A file's path is that below the folder.  A label is a text in one line that can be seen, without
    spaces around it, in Unicode's composed form (NFC), in which an accented letter is one character.

    Returns:
        list of Labelled, sorted by path; and the faults, a list of str, one for each row that is
        left out.

    Raises: as :func:`datasets.table.read`.
    """
    rows, faults = table.read(folder / TABLE, 'file', 'label')
    texts, where = {}, {}
    for place, (name, label) in rows:
        text = unicodedata.normalize('NFC', label)
        reason = obstacle(folder, name) or _fault(text)
        if reason:
            faults.append(f'{place}: {reason}')
        else:
            texts.setdefault(folder / name, []).append(text)
            where.setdefault(folder / name, []).append(place.rpartition(' ')[2])
    for path, found in texts.items():
        if len(found) > 1:
            same = len(set(found)) == 1
            faults.append(f'{TABLE}, lines {" and ".join(where[path])}: {path.name} is there {len(found)} times, '
                          + ('and counts once' if same else 'with different labels, and is left out'))
    return [Labelled(path, found[0]) for path, found in sorted(texts.items()) if len(set(found)) == 1], faults


def obstacle(folder, name):
    """Why the name of a file in a table leads to no file below the folder, a str; '' if it leads to one."""
    pure = pathlib.PurePath(name)
    if not name or pure.is_absolute() or '..' in pure.parts:
        return f'its file must be a path below the folder, not {name!r}'
    path = folder / name
    return visible.obstacle(path) or ('' if os.path.isfile(path) else f'there is no file {path}')


def _fault(text):
    """What is wrong with a label, a str; '' if nothing."""
    odd = [character for character in text if not character.isprintable()]
    if odd:
        return f'its label has the character {odd[0]!r}, which cannot be seen'
    return '' if text else 'its label is empty'


def encoded(texts, classes, longest):
    """Texts as labels.

    Args:
        texts: list of N str, each of at most ``longest`` characters, all of them among ``classes``.
        classes: the characters, in the order of their labels.
        longest: int.

    Returns:
        int32 array (N, longest + 1): the characters' indices in ``classes`` from left to right,
        then the end, which is ``len(classes)``, then PADDING.
    """
    index = {character: label for label, character in enumerate(classes)}
    labels = np.full((len(texts), longest + 1), PADDING, np.int32)
    for row, text in zip(labels, texts):
        row[:len(text) + 1] = [index[character] for character in text] + [len(classes)]
    return labels


def few_enough(pictures, longest, split):
    """The pictures whose text has at most ``longest`` characters, and a remark about the others, or ''."""
    kept = [picture for picture in pictures if len(picture.text) <= longest]
    left_out = len(pictures) - len(kept)
    return kept, (f'{left_out:,} of {len(pictures):,} {split} pictures have more than {longest} '
                  f'character{"s" * (longest != 1)} (--longest) and are left out') if left_out else ''
