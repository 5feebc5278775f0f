"""A folder of class folders: which of its files are of which class and split."""
import functools
import unicodedata

from datasets import picture_reading, splits, visible

# The names of the folders of the splits, in any case.
SPLITS = {'train': ('train', 'training'), 'validation': ('val', 'valid', 'validation'),
          'test': ('test', 'testing')}
NAMES = {name: split for split, names in SPLITS.items() for name in names}
FEW = 10    # names of classes in a message
ASKED = '--images must name the folder of the class folders'


class Folder:
    """A folder of class folders as it is now: its files are listed once.

    Args:
        root, group_by: as for :func:`datasets.folder.class_files`.

    Attributes:
        root, group_by: as above.
        own: dict of the folders of the splits, those that have folders in them, by split.

    Raises: as :func:`datasets.folder.class_files`.
    """

    def __init__(self, root, group_by=''):
        check_folder(root, ASKED)
        self.root, self.group_by = root, group_by
        self.own = split_folders(root, visible.has_folders)
        named = [path for path in visible.folders(root) if path.name.casefold() in NAMES]
        beside = [path for path in visible.folders(root) if path not in named]
        alike = [path.name for path in beside if visible.has_folders(path)]
        if alike and list(self.own) == ['train']:
            raise ValueError(f'{self.own["train"]} may be a split or a class, since {few(alike)} '
                             'beside it also has folders: rename it if it is a class, else move the '
                             'others away')
        if not self.own and len(named) > 1 and not beside:
            raise ValueError(f'{root} has the folders {" and ".join(path.name for path in named)}, '
                             'as for splits, but there is no folder in them: each needs one for '
                             'each class')

    @functools.cached_property
    def listed(self):
        """The files as they lie: dict of dicts of lists of paths, by split, by class.

        If no split has a folder of its own, all are under 'train'.  A class may have no files.
        """
        return {split: {path.name: visible.files(path) for path in visible.folders(parent)}
                for split, parent in (self.own or {'train': self.root}).items()}

    @property
    def everything(self):
        """The files of all classes and splits, a list of paths in the order of their names."""
        return sorted(path for files in self.listed.values() for paths in files.values()
                      for path in paths)

    @property
    def remarks(self):
        """What is perhaps not read as it is meant: a list of (heading, list of paths)."""
        loose = [path for parent in (self.root, *self.own.values()) for path in parent.iterdir()
                 if visible.is_visible(path.name) and picture_reading.named_as_picture(path)
                 and not path.is_dir()]
        folders = [path for path in visible.folders(self.root) if path not in self.own.values()]
        classes = [path for path in folders if path.name.casefold() in NAMES and not self.own]
        unread = sorted(loose + (folders if self.own else []))
        alone = [path for path, name in self._group_names.items() if not name]
        known = self.listed.get('train', {})
        absent = [self.parent(split) / name for split in self.own for name in known
                  if composed(name) not in map(composed, self.listed[split])]
        return [(heading, paths) for heading, paths in [
            ('taken for classes, not for splits, since there are no folders in them', classes),
            ('not read, since they are in no class folder', unread),
            ('missing, so that nothing is known of these classes there', absent),
            (f'{len(alone):,} of {len(self._group_names):,} pictures are not matched by --group-by '
             f'{self.group_by!r}, so that each is on its own', alone)] if paths]

    def files(self, split):
        """The files of a split by class; split, returns and raises as for :func:`datasets.folder.class_files`."""
        if split == 'train+validation':
            parts = [{composed(name): paths for name, paths in self.files(part).items()}
                     for part in split.split('+')]
            return {name: sorted(file for part in parts for file in part.get(name, []))
                    for name in parts[0]}
        if split in self.own and split != 'train':
            return self._checked(split)
        return {name: parts[split] for name, parts in self._divided.items()}

    @functools.cached_property
    def _divided(self):
        """'train' and what is set aside from it: dict of dicts of lists of paths, by class, by split."""
        if self.own and 'train' not in self.own:
            there = ' and '.join(path.name for path in self.own.values())
            raise ValueError(f'{self.root} has no folder train with class folders in it, but {there}, '
                             'taken for a split since there are folders in it: rename it if it is a '
                             'class, else make a folder train')
        files = self._checked('train')
        missing = [part for part in SPLITS if part not in self.own and part != 'train']
        if self.group_by and not missing:
            raise ValueError(f'--group-by {self.group_by!r} has no effect: {self.root} has folders '
                             'for all three splits')
        divided, names = {}, self._group_names
        for name, paths in files.items():
            groups = splits.groups_of(paths, names)
            if len(groups) <= len(missing):
                together = f' in {len(groups)} group{"s" * (len(groups) > 1)} by {self.group_by!r}'
                raise ValueError(f'class {name} in {self.root} has {len(paths)} pictures'
                                 f'{together if self.group_by else ""}; with none set apart by hand '
                                 f'for {" and ".join(missing)}, at least {len(missing) + 1} '
                                 f'{"groups " if self.group_by else ""}are needed')
            divided[name] = splits.set_aside(groups, missing, name)
        return divided

    def parent(self, split):
        """The folder of the class folders of a split that is not set aside from another."""
        return self.own.get(split, self.root)

    def _checked(self, split):
        """The files listed for a split; ValueError if it has no classes or one is empty."""
        files, parent = self.listed[split], self.parent(split)
        if not files:
            raise ValueError(f'{parent} has no folders in it: there must be one for each class, with '
                             'its pictures')
        names = {}
        for name, paths in files.items():
            if not paths:
                raise ValueError(f'class {name} is empty: there is no file in {parent / name}')
            if names.setdefault(composed(name), name) != name:
                raise ValueError(f'{parent} has two classes {name}, whose names differ only in the '
                                 f'encoding of accents: {ascii(names[composed(name)])} and '
                                 f'{ascii(name)}; join or rename them')
        return files

    @functools.cached_property
    def _group_names(self):
        """The names of the groups of the files of 'train', by path; ValueError if none has one."""
        if not self.group_by:
            return {}
        parent = self.parent('train')
        classes = {path: parent / name for name, paths in self._checked('train').items() for path in paths}
        return splits.names_of_groups(self.group_by, list(classes), classes.get)


def check_folder(root, asked):
    """Raises an error that ends with what is asked for, unless ``root`` is a folder."""
    if root.is_file():
        raise ValueError(f'{root} is a file: {asked}')
    if not root.is_dir():
        raise FileNotFoundError(f'there is no folder {root}: {asked}')


def split_folders(root, counts):
    """The folders of the splits in ``root``, by split; ``counts`` says of a path whether it is more than a name."""
    found = {}
    for path in visible.folders(root):
        split = NAMES.get(path.name.casefold())
        if split and counts(path) and found.setdefault(split, path) != path:
            raise ValueError(f'{root} has two folders for the split {split}, {found[split].name} and '
                             f'{path.name}: leave one of them there')
    return found


def composed(name):
    """A class's name in the form in which names are compared.

    Systems store an accent with its letter, or after it.
    """
    return unicodedata.normalize('NFC', name)


def few(names):
    """Names in a message: the first ones, and how many more there are."""
    more = f' and {len(names) - FEW:,} more' if len(names) > FEW else ''
    return ', '.join(names[:FEW]) + more
