import pytest

from datasets import table

ROWS = [('a.png', '12'), ('dir/b c.png', '0,5'), ('é.png', 'é')]


@pytest.mark.parametrize('encoding', ['utf-8', 'utf-8-sig', 'utf-16'])
@pytest.mark.parametrize('end', ['\n', '\r\n', '\r'])
@pytest.mark.parametrize('mark', [',', ';', '\t'])
def test_tables_as_programs_write_them(tmp_path, encoding, end, mark):
    """With other columns between, quotes, blank lines, and spaces around."""
    lines = [mark.join(['Label', 'note', ' FILE '])] + [
        mark.join([f'"{label}"', '', f'{name} ']) for name, label in ROWS] + ['', mark * 2]
    (tmp_path / 'x.csv').write_bytes(end.join(lines).encode(encoding))
    rows, faults = table.read(tmp_path / 'x.csv', 'file', 'label')
    assert rows == [(f'x.csv, line {line}', row) for line, row in enumerate([*ROWS, ('', '')], 2) if line != 5] + [
        ('x.csv, line 6', ('', ''))] and not faults


def test_damage_stays_in_its_line(tmp_path):
    (tmp_path / 'x.csv').write_bytes(b'file,label\na,1\n"b,2\nc,3\n"d"e,4\nf\ng,7,8\nh,\xff\n')
    rows, faults = table.read(tmp_path / 'x.csv', 'file', 'label')
    assert [fields for _, fields in rows] == [('a', '1'), ('c', '3'), ('h', '\udcff')]
    assert [fault.split(':')[0] for fault in faults] == [f'x.csv, line {line}' for line in (3, 5, 6, 7)]
    assert 'it has 1 fields, and the first line 2' in faults[2]


@pytest.mark.parametrize('content', [b'', b'a.png,12\n', b'file,text\na.png,12\n', b'"file,label\n', b'\xff\xfe1'])
def test_files_that_are_no_such_tables(tmp_path, content):
    (tmp_path / 'x.csv').write_bytes(content)
    with pytest.raises(ValueError, match='x.csv (must begin .* its columns, file,label|is not text)'):
        table.read(tmp_path / 'x.csv', 'file', 'label')
