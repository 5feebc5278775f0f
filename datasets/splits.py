"""Splits by a hash of names: always the same, and nearly the same after files are added."""
import hashlib
import re

SHARE = 0.15    # the share of a class's files in each part that is set aside


def compiled(pattern):
    """A regular expression for groups of files; ValueError if it is invalid, or has no group in parentheses."""
    try:
        expression = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f'--group-by must be a regular expression, not {pattern!r}: {error}') from None
    if not expression.groups:
        raise ValueError(rf"--group-by must have a group in parentheses, such as '(\d+)-', not {pattern!r}")
    return expression


def groups_of(paths, folder, expression=None):
    """Files that belong together.

    Args:
        paths: list of pathlib.Path.
        folder: the folder that contains them, at any depth.
        expression: the result of :func:`compiled`.  It is searched in a file's path below ``folder``, with / between
            folders, and its first group is the name of the group.  None if each file is its own group.

    Returns:
        list of (name, list of paths), in the order of the first paths; a file without a match is alone in a group that
        has the file's name.  And the number of files with a match.
    """
    groups, named = [], {}
    for path in paths:
        found = expression and expression.search(path.relative_to(folder).as_posix())
        if found and found[1]:
            if found[1] not in named:
                groups.append((found[1], []))
                named[found[1]] = groups[-1][1]
            named[found[1]].append(path)
        else:
            groups.append((path.name, [path]))
    return groups, sum(map(len, named.values()))


def set_aside(groups, parts, salt):
    """Splits groups into parts, in the order of a hash of their names; a group is never divided.

    The size of each part is as close to SHARE of all files as the groups allow: a part takes a group if that brings
    it closer.  Each part gets at least one group, and at least one is left.

    Args:
        groups: list of (name, list of paths), more than there are parts.
        parts: names of the parts.
        salt: a text that is hashed before a group's name.

    Returns:
        dict of a sorted list of paths by part; the rest is under 'train'.
    """
    def order(group):  # names are not always text
        return hashlib.sha256(f'{salt}/{group[0]}'.encode('utf-8', 'surrogateescape')).digest()

    left = sorted(groups, key=order)
    wanted, result = max(1, round(SHARE * sum(len(paths) for _, paths in groups))), {}
    for place, part in enumerate(parts):
        taken, rest, size = [], [], 0
        for group in left:
            nearer = abs(size + len(group[1]) - wanted) <= wanted - size
            if nearer and len(left) - len(taken) > len(parts) - place:
                taken.append(group)
                size += len(group[1])
            else:
                rest.append(group)
        if not taken:
            taken = [min(rest, key=lambda group: len(group[1]))]
            rest.remove(taken[0])
        left = rest
        result[part] = sorted(path for _, paths in taken for path in paths)
    return {**result, 'train': sorted(path for _, paths in left for path in paths)}
