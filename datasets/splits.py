"""Splits by a hash of names: always the same, and nearly the same after files are added."""
import hashlib
import json
import re
import subprocess
import sys

SHARE = 0.15    # the share of a class's files in each part that is set aside
LONGEST = 30    # seconds that the search for groups may take; the names of 200,000 files take less than one
SEARCH = """
import json, re, sys
pattern, texts = json.load(sys.stdin)
expression = re.compile(pattern)
json.dump([found and found[1] or '' for found in map(expression.search, texts)], sys.stdout)
"""


def compiled(pattern):
    """A regular expression for groups of files; ValueError if it is invalid, or has no group in parentheses."""
    try:
        expression = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f'--group-by must be a regular expression, not {pattern!r}: {error}') from None
    if not expression.groups:
        raise ValueError(rf"--group-by must have a group in parentheses, such as '(\d+)-', not {pattern!r}")
    return expression


def group_names(pattern, texts):
    """What the first group of a regular expression matches in each text.

    The pattern may come with a model of someone else's, and there are patterns, such as (a+)+$, that search a short
    text for years.  So another process searches, which can be ended.

    Args:
        pattern: a pattern that :func:`compiled` allows.
        texts: list of str.

    Returns:
        list of str, '' where the expression or its group does not match.

    Raises:
        ValueError: the pattern is not allowed, or the search takes more than LONGEST seconds.
    """
    compiled(pattern)
    try:
        found = subprocess.run([sys.executable, '-I', '-c', SEARCH], input=json.dumps([pattern, texts]),
                               capture_output=True, text=True, check=True, timeout=LONGEST)
    except subprocess.TimeoutExpired:
        raise ValueError(f'--group-by {pattern!r} takes more than {LONGEST} s for {len(texts)} files: it can match in '
                         'too many ways') from None
    except subprocess.CalledProcessError as error:
        reason = (error.stderr.strip().splitlines() or [f'exit code {error.returncode}'])[-1]
        raise ValueError(f'--group-by {pattern!r} cannot be searched for: {reason}') from None
    return json.loads(found.stdout)


def names_of_groups(pattern, paths, below):
    """The names of the groups of files.

    Args:
        pattern: as for :func:`group_names`; it is searched in each file's path below a folder.
        paths: list of pathlib.Path.
        below: function of a path that returns that folder.

    Returns:
        dict of str by path.

    Raises: as :func:`group_names`; and ValueError if the pattern matches none.
    """
    texts = [path.relative_to(below(path)).as_posix() for path in paths]
    names = dict(zip(paths, group_names(pattern, texts)))
    if not any(names.values()):
        raise ValueError(f'--group-by {pattern!r} matches none of the pictures, such as {texts[0]}')
    return names


def groups_of(paths, names):
    """Files that belong together.

    Args:
        paths: list of pathlib.Path.
        names: dict of the names of their groups, by path; a file without a name, or with '', is alone in a group that
            has the file's name.

    Returns:
        list of (name, list of paths), in the order of the first paths.
    """
    groups, named = [], {}
    for path in paths:
        name = names.get(path)
        if name and name in named:
            named[name].append(path)
        else:
            groups.append((name or path.name, [path]))
            if name:
                named[name] = groups[-1][1]
    return groups


def set_aside(groups, parts, salt, share=SHARE):
    """Splits groups into parts, in the order of a hash of their names; a group is never divided.

    The size of each part is as close to its share of all files as the groups allow: a part takes a group if that
    brings it closer.  Each part gets at least one group, and at least one is left.

    Args:
        groups: list of (name, list of paths), more than there are parts.
        parts: names of the parts.
        salt: a text that is hashed before a group's name.
        share: of all files, that of each part.

    Returns:
        dict of a sorted list of paths by part; the rest is under 'train'.
    """
    def order(group):  # names are not always text
        return hashlib.sha256(f'{salt}/{group[0]}'.encode('utf-8', 'surrogateescape')).digest()

    left = sorted(groups, key=order)
    wanted, result = max(1, round(share * sum(len(paths) for _, paths in groups))), {}
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
