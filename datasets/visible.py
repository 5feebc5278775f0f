"""Which files and folders count: all but hidden ones, and what systems and tools leave behind.

Only names below the folder that the user names are judged: that folder may be hidden, or in a
hidden one.
"""
import os
import pathlib

# Hidden names begin with a dot.  These do not, and hold thumbnails, settings, or what was deleted.
LITTER = frozenset({
    # macOS
    '__macosx', 'icon\r', 'network trash folder', 'temporary items',
    # Windows
    'thumbs.db', 'ehthumbs.db', 'ehthumbs_vista.db', 'desktop.ini', '$recycle.bin', 'recycler',
    'system volume information', 'found.000',
    # network storage by Synology and QNAP
    '@eadir', '#recycle', '#snapshot', '@tmp', '@recycle', '@recently-snapshot', '@__thumb',
    # others
    'lost+found', '__pycache__', 'picasa.ini', 'zbthumbnail.info'})


def is_visible(name):
    """Whether a file or folder of this name counts."""
    return not name.startswith('.') and name.casefold() not in LITTER


def folders(parent):
    """The folders in a folder, and links to folders: a list of pathlib.Path, sorted.

    Raises:
        ValueError: a link leads nowhere, or to a folder that contains it.
    """
    seen = [path for path in sorted(parent.iterdir()) if is_visible(path.name)]
    for path in seen:
        around = path.is_symlink() and _contains(os.path.realpath(path), os.path.realpath(parent))
        if around or not path.exists():
            raise ValueError(f'{path} cannot be followed: {obstacle(path)}')
    return [path for path in seen if path.is_dir()]


def has_folders(parent):
    """Whether there is a folder in a folder, or a link to one."""
    return any(is_visible(path.name) and path.is_dir() for path in parent.iterdir())


def files(folder):
    """The files in a folder, at any depth.

    Links are followed.  A file that can be reached in several ways counts once.  What cannot be
    followed or read is in the list, too, so that it is named when its turn comes, see
    :func:`obstacle`: links that lead nowhere or to a folder around this one, folders that may not
    be read, and what is neither a file nor a folder.

    Args:
        folder: pathlib.Path.

    Returns:
        list of pathlib.Path, sorted.

    Raises:
        OSError: the folder itself cannot be read.
    """
    top = os.path.realpath(folder)
    found, links, seen = {}, [], {top}  # found: a path by the real one

    def walk(place, real):
        entered = [(place, real)]
        while entered:
            place, real = entered.pop()
            try:
                with os.scandir(place) as entries:
                    entries = sorted(entries, key=lambda entry: entry.name)
            except OSError:
                if real == top:
                    raise
                found[real] = place
                continue
            for entry in entries:
                inside = os.path.join(real, entry.name)
                if not is_visible(entry.name):
                    continue
                if entry.is_symlink():
                    links.append(entry.path)
                elif not entry.is_dir():
                    found.setdefault(inside, entry.path)
                elif inside not in seen:
                    seen.add(inside)
                    entered.append((entry.path, inside))

    walk(os.fspath(folder), top)
    for link in links:  # it grows: a folder behind a link may have links, too
        target = os.path.realpath(link)
        if not os.path.exists(target) or target != top and _contains(target, top):
            found[link] = link
        elif not os.path.isdir(target):
            found.setdefault(target, link)
        elif target not in seen:
            seen.add(target)
            walk(link, target)
    return sorted(map(pathlib.Path, found.values()))


def state(path):
    """The os.stat_result of a file, or of what is listed in place of one, such as a broken link."""
    try:
        return os.stat(path)
    except OSError:
        return os.lstat(path)


def obstacle(path):
    """Why a path leads to no file, a str; '' if it leads to one, or if there is nothing."""
    if os.path.isfile(path) or not os.path.lexists(path):
        return ''
    if not os.path.exists(path):
        return 'it is a broken link'
    if not os.path.isdir(path):
        return 'it is neither a file nor a folder'
    try:
        os.scandir(path).close()
    except OSError as error:
        return f'it is a folder that cannot be read: {error.strerror}'
    return 'it is a link to a folder that contains it' if os.path.islink(path) else 'it is a folder'


def is_within(path, folder):
    """Whether a file or folder, which need not exist, counts as one in a folder, at any depth."""
    top, place = os.path.realpath(folder), os.path.realpath(path)
    inside = place != top and _contains(top, place)
    return inside and all(map(is_visible, pathlib.Path(place).relative_to(top).parts))


def _contains(folder, path):
    """Whether a folder is, or contains, a path; both are real paths."""
    return os.path.join(path, '').startswith(os.path.join(folder, ''))
