"""Tables of the user's, as CSV files: a damaged line is named, and does no harm to the others."""
import csv
import io

SEPARATORS = ',;\t'


def read(path, *columns):
    """Some columns of a CSV file.

    Its first line names the columns, in any order; other columns are ignored.  Commas, semicolons
    or tabs separate them.  Each line is a row: a field cannot go beyond the end of its line.  The
    text is UTF-8, or UTF-16 with a byte-order mark.  A byte that is not UTF-8 becomes Python's
    stand-in for it, as in the names of files.

    Args:
        path: pathlib.Path.
        columns: their names, in lower case.

    Returns:
        list of (where, fields), a str such as 'labels.csv, line 7', and a tuple of str without
        spaces around them; and the faults, a list of str, one for each line that cannot be read.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not such a text, or lacks a column.
    """
    lines = io.StringIO(_text(path), newline=None)
    heading = next(lines, '').rstrip('\n')
    named = {mark: _names(heading, mark) for mark in SEPARATORS}
    mark = next((mark for mark in SEPARATORS if set(columns) <= set(named[mark])), None)
    if mark is None:
        raise ValueError(f'{path} must begin with a line that names its columns, {",".join(columns)}, '
                         f'not with {heading[:80]!r}')
    places, rows, faults = [named[mark].index(name) for name in columns], [], []
    for number, line in enumerate(lines, 2):
        where = f'{path.name}, line {number}'
        try:
            fields = _fields(line.rstrip('\n'), mark)
        except csv.Error as error:
            faults.append(f'{where}: {error}')
            continue
        if len(fields) == len(named[mark]):
            rows.append((where, tuple(fields[place].strip() for place in places)))
        elif any(fields):
            faults.append(f'{where}: it has {len(fields)} fields, and the first line {len(named[mark])}')
    return rows, faults


def _text(path):
    content = path.read_bytes()
    if not content.startswith((b'\xff\xfe', b'\xfe\xff')):
        return content.decode('utf-8-sig', 'surrogateescape')
    try:
        return content.decode('utf-16')
    except UnicodeDecodeError as error:
        raise ValueError(f'{path} is not text: {error}') from None


def _names(heading, mark):
    try:
        return [name.strip().lower() for name in _fields(heading, mark)]
    except csv.Error:
        return []


def _fields(line, mark):
    return next(csv.reader([line], delimiter=mark, strict=True), [])
