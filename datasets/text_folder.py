"""The user's own pictures of texts, such as numbers of meters: folders with a labels.csv each."""
import functools
import os

import numpy as np

from datasets import labelled, picture_cache, picture_reading, splits, visible
from datasets.class_folders import NAMES, SPLITS, check_folder, few, split_folders
from datasets.labelled import TABLE
from datasets.picture_reading import LARGEST
from datasets.picture_remarks import remarks
from datasets.picture_store import Pictures

MOST = 32   # characters of the longest text that is read
ASKED = f'--images must name a folder with {TABLE} in it, or in its folders train, val and test'


class TextFolder:
    """A folder of pictures with texts, as it is now: its tables are read once.

    Each folder of a split, such as ``root / 'train'``, 'val' and 'test', has a labels.csv, see
    ``datasets.labelled``.  If none has, there is one in ``root`` itself.  If there is none for 'val'
    or 'test', 15% of the training pictures are set aside for it.  A hash of their names chooses
    them, so they are always the same.

    Args:
        root: pathlib.Path.
        group_by: a regular expression that is searched in a file's path below the folder of its
            table; files for which its first group matches the same text, such as the photographs of
            one meter, are in the same split.

    Attributes:
        own: dict of the folders of the tables by split; only 'train' if the table is in ``root``.

    Raises:
        FileNotFoundError: there is no such folder.
        ValueError: there is no table in it, or two of one split; ``group_by`` is invalid.
        OSError: a table cannot be read.
    """

    def __init__(self, root, group_by=''):
        check_folder(root, ASKED)
        self.root, self.group_by = root, group_by
        self.own = split_folders(root, lambda path: (path / TABLE).exists())
        if not self.own:
            if not (root / TABLE).exists():
                raise ValueError(f'there is no {TABLE} in {root}: {ASKED}')
            self.own = {'train': root}
        self._tables = {split: labelled.read(folder) for split, folder in self.own.items()}

    @property
    def everything(self):
        """The files of all splits, a list of pathlib.Path."""
        return sorted(picture.path for pictures, _ in self._tables.values() for picture in pictures)

    @property
    def remarks(self):
        """What is perhaps not read as it is meant: a list of (heading, list of paths)."""
        alone, listed = self.own == {'train': self.root}, set(map(os.path.realpath, self.everything))
        places = [self.root] if alone else [
            path for path in visible.folders(self.root) if path.name.casefold() in NAMES]
        unread = [path for place in places for path in visible.files(place)
                  if picture_reading.named_as_picture(path) and os.path.realpath(path) not in listed]
        above = [path for path in [self.root / TABLE] if path.exists() and not alone]
        return [(heading, paths) for heading, paths in [
            ('not read, since the folders of the splits have tables of their own', above),
            (f'not read, since no {TABLE} has a label for them that can be used ({len(unread):,})', unread)]
            if paths]

    def faults(self, split):
        """What is left out of the tables of a split, a list of str."""
        return [fault for part in split.split('+') for fault in self._tables.get(part, ((), ()))[1]]

    def pictures(self, split):
        """The pictures of a split.

        Args:
            split: 'train', 'validation', 'train+validation' or 'test'.

        Returns:
            list of Labelled, sorted by path, at least one.

        Raises:
            ValueError: there is none, or too few to be split; or ``group_by`` matches nothing, or
                has no effect.
        """
        if '+' in split:
            parts = (picture for part in split.split('+') for picture in self.pictures(part))
            return sorted(parts, key=lambda picture: picture.path)
        return self._checked(split) if split in self.own and split != 'train' else self._divided[split]

    def _checked(self, split):
        found, faults = self._tables[split]
        if not found:
            why = f'; {faults[0]}' if faults else ''
            raise ValueError(f'{self.own[split] / TABLE} lists no picture that can be used{why}')
        return found

    @functools.cached_property
    def _divided(self):
        """'train' and what is set aside from it: dict of lists of Labelled, by split."""
        if 'train' not in self.own:
            raise ValueError(f'{self.root} has no folder train with a {TABLE}, but '
                             f'{" and ".join(path.name for path in self.own.values())}')
        found = {picture.path: picture for picture in self._checked('train')}
        missing = [part for part in SPLITS if part not in self.own]
        if self.group_by and not missing:
            raise ValueError(f'--group-by {self.group_by!r} has no effect: {self.root} has a {TABLE} for all three '
                             'splits')
        named = splits.names_of_groups(self.group_by, list(found), lambda path: self.own['train']) \
            if self.group_by else {}
        groups = splits.groups_of(list(found), named)
        if len(groups) <= len(missing):
            together = f' in {len(groups)} group{"s" * (len(groups) > 1)} by {self.group_by!r}' if self.group_by else ''
            raise ValueError(f'{self.own["train"] / TABLE} lists {len(found)} pictures{together}; with none set apart '
                             f'by hand for {" and ".join(missing)}, at least {len(missing) + 1} are needed')
        return {split: [found[path] for path in paths]
                for split, paths in splits.set_aside(groups, missing, 'text').items()}


def describe(root, group_by='', largest=LARGEST, longest=0):
    """Checks all splits of a folder, and finds what its training pictures have.

    Args:
        root, group_by: see :class:`TextFolder`.
        largest: see :func:`datasets.picture_reading.limit`.
        longest: the most characters of a text that counts; 0 for MOST.

    Returns:
        The characters of the training texts, a sorted tuple of str; the number of those of the
        longest; whether any of these pictures is in colour; and their number.

    Raises: as :class:`TextFolder`; and ValueError if there are not two characters.
    """
    folder = TextFolder(root, group_by)
    found = {split: folder.pictures(split) for split in SPLITS}['train']
    kept, _ = labelled.few_enough(found, longest or MOST, 'train')
    if not kept:
        raise ValueError(f'none of the texts of the training pictures in {root} has at most {longest or MOST} '
                         'characters (--longest)')
    classes = tuple(sorted(set(''.join(picture.text for picture in kept))))
    if len(classes) < 2:
        raise ValueError(f'the texts of the training pictures in {root} have only one character, {classes[0]!r}: '
                         'at least two are needed')
    colour = picture_reading.any_in_colour([picture.path for picture in kept], largest)
    return classes, max(len(picture.text) for picture in kept), colour, len(kept)


def load(root, split, classes, longest, size, colour, fit='resize', group_by='', largest=LARGEST):
    """The pictures of a split, from the store of the whole folder, see ``datasets.picture_cache``.

    Args:
        root, split, group_by: see :class:`TextFolder`.
        classes: the characters that are known.
        longest: the most characters of a text.
        size, colour, fit: see :func:`datasets.picture_reading.read`; ``fit`` is not 'native'.
        largest: see :func:`datasets.picture_reading.limit`.

    Returns:
        uint8 array (N, C, size, size), C = 3 or 1; int32 array (N, longest + 1), see
        :func:`datasets.labelled.encoded`; and remarks for the user, a list of (str, list of str), a
        heading and its lines.

    Raises: as :class:`TextFolder` and :func:`datasets.picture_cache.stored`; and ValueError if no
        picture is left, of the test either if the split is 'train'.
    """
    folder = TextFolder(root, group_by)
    everything = folder.everything
    settings = dict(what='text', fit=fit, size=size, channels=3 if colour else 1, factor=1, largest=largest)
    with picture_reading.limit(largest):
        stored = picture_cache.stored(root, everything, settings, lambda path: (size, size),
                                      lambda path: picture_reading.decoded(path, size, colour, fit))
    places = {path: place for place, path in enumerate(everything)}
    parts = SPLITS if split == 'train' else [split]  # a run says at once what its test would say
    compared = {part: _by_text(folder.pictures(part)) for part in parts}
    usable = {part: _usable(folder, part, classes, longest, stored, places, compared if part == split else None)
              for part in parts}
    kept, told = usable[split]
    chosen = Pictures(stored.store, stored.rows[[places[picture.path] for picture in kept]])
    images = np.stack(chosen.all_reduced(size))
    return images, labelled.encoded([picture.text for picture in kept], classes, longest), told


def _usable(folder, split, classes, longest, stored, places, compared):
    """The Labelled of a split that can be used, and the remarks; ValueError if there is none."""
    short, too_long = labelled.few_enough(folder.pictures(split), longest, split)
    unknown = [f'{picture.path}: {picture.text!r} has {odd[0]!r}' for picture in short
               if (odd := sorted(set(picture.text) - set(classes)))]
    known = [picture for picture in short if set(picture.text) <= set(classes)]
    kept = [picture for picture in known if not stored.reasons[places[picture.path]]]
    told = [(too_long, []), (unknown and f'{split} pictures with characters that the training pictures do not have, '
                             f'which have {few(classes)}; they are left out ({len(unknown):,})', unknown),
            *remarks([picture.path for picture in known], split, stored, places, compared, folder.faults(split))]
    told = [(heading, lines) for heading, lines in told if heading]
    if not kept:
        heading, lines = next(iter(told), ('', []))
        raise ValueError(f'none of the {split} pictures in {folder.root} can be used: {(lines or [heading])[0]}')
    return kept, told


def _by_text(pictures):
    found = {}
    for picture in pictures:
        found.setdefault(picture.text, []).append(picture.path)
    return found
