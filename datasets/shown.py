r"""How a name that comes from a file, such as a path or a class, is shown.

A name may hold anything that a file system allows: a tab, a newline, a sequence that commands a terminal, marks that
turn the direction of writing, bytes that are no text.  What cannot be seen is shown as an escape, such as ``\x1b``.
"""
import codecs
import itertools
import json
import os
import unicodedata
from collections import Counter

ERRORS = 'shown'  # the name of the codecs error handler below
LEFT_TO_RIGHT = '\u200e'  # a mark without width
PLAIN = {'…': '~', '±': '+-', '×': 'x', '–': '-', '†': '*', '‡': '**'}  # for a console that lacks what we write


def text(name):
    r"""A name in a line of text: what is invisible becomes an escape, as does a byte that is not UTF-8 (``\xe9``).

    Characters are visible if ``str.isprintable`` says so; a space at the beginning or at the end is not.

    Args:
        name: str or path; or a message with names in it.

    Returns:
        str without line breaks.  It is for reading: a name with a backslash may look like the escape of another.
    """
    name = str(name)
    first, last = len(name) - len(name.lstrip(' ')), len(name.rstrip(' '))
    return ''.join(c if c.isprintable() and first <= i < last else escaped(c) for i, c in enumerate(name))


def escaped(character):
    """The escape of a character."""
    code = ord(character)
    if 0xdc80 <= code <= 0xdcff:  # Python's stand-in for a byte that is not UTF-8
        return f'\\x{code - 0xdc00:02x}'
    return '\\x20' if character == ' ' else character.encode('unicode_escape').decode('ascii')


def message(error):
    """An exception's message in one line; that of an OSError is its file and the reason."""
    said = str(error)
    if isinstance(error, OSError) and error.strerror:
        files = [os.fsdecode(name) for name in (error.filename, error.filename2)
                 if isinstance(name, (str, bytes, os.PathLike))]
        said = ': '.join([*files, error.strerror])
    return text(said.strip())


def field(name, encoding=None):
    """A name in a line of fields that tabs separate.

    Args:
        name: str or path.
        encoding: that of the stream; by default UTF-8.

    Returns:
        The name as it is; or, if something in it is invisible or the stream cannot hold it, as a JSON string in ASCII.
        Only these begin with a quotation mark, and ``json.loads`` reads them.
    """
    name = str(name)
    try:
        name.encode(encoding or 'utf-8')
        plain = name.isprintable() and not name.startswith('"')
    except UnicodeEncodeError:
        plain = False
    return name if plain else json.dumps(name)


def leveled(line):
    """A name within a text that goes on from left to right, even if the name goes from right to left."""
    turned = any(unicodedata.bidirectional(c) in ('R', 'AL') for c in line)
    return LEFT_TO_RIGHT + line + LEFT_TO_RIGHT if turned else line


def few(names, most=10):
    """A list of names in a message: the first of them, and how many more there are."""
    rest = len(names) - most
    return ', '.join(map(text, names[:most])) + (f' and {rest} more' if rest > 0 else '')


def width(line):
    """The columns that a text takes in a terminal: two for a Chinese character or an emoji, none for an accent."""
    return sum(0 if unicodedata.category(c) in ('Mn', 'Me') else 1 + (unicodedata.east_asian_width(c) in 'WF')
               for c in line)


def left(line, columns):
    """A text with spaces after it, to a number of columns."""
    return line + ' ' * (columns - width(line))


def right(line, columns):
    """A text with spaces before it, to a number of columns."""
    return ' ' * (columns - width(line)) + line


def labels(names, most, show=text):
    """Short names for a table or a picture, which differ as the names do.

    A name that is too long loses its end; or where it would look like another then, its beginning; else it is numbered.

    Args:
        names: sequence of different str.
        most: the largest width in columns, at least 8.
        show: the function that shows a name.

    Returns:
        list of different str.
    """
    full = [unicodedata.normalize('NFC', show(name)) for name in names]
    found = [cut(line, most) for line in full]
    found = [cut(line, most, end=False) if twice else label for line, label, twice in zip(full, found, _twice(found))]
    taken, numbers = set(found), itertools.count(1)
    for i, twice in enumerate(_twice(found)):
        if twice:
            ends = (f'~{number}' for number in numbers)
            found[i] = next(label for label in (cut(full[i], most - len(end)) + end for end in ends)
                            if label not in taken)
            taken.add(found[i])
    return found


def _twice(found):
    counts = Counter(found)
    return [counts[label] > 1 for label in found]


def cut(line, most, end=True):
    """A text without its end, or else its beginning, if it is wider than ``most`` columns, at least 1."""
    if width(line) <= most:
        return line
    while line and width(line) >= most:
        line = line[:-1] if end else line[1:]
    return line + '…' if end else '…' + line


def never_fail(*streams):
    """Makes streams such as stdout write something alike for each character that their encoding lacks."""
    for stream in streams:
        if hasattr(stream, 'reconfigure'):
            stream.reconfigure(errors=ERRORS)


def overwrites(stream):
    """Whether a stream's lines can be written over, as by a progress bar: those of a terminal, not of a log file."""
    return stream.isatty() and os.environ.get('TERM') != 'dumb'


def _replacement(error):
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return ''.join(PLAIN.get(c) or escaped(c) for c in error.object[error.start:error.end]), error.end


codecs.register_error(ERRORS, _replacement)
