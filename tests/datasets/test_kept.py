import os

import pytest

from datasets import kept


def test_a_file_is_read_again_only_if_it_or_what_is_kept_changes(tmp_path, monkeypatch):
    monkeypatch.setenv('RAM_CACHE', str(tmp_path / 'cache'))
    path, calls = tmp_path / 'x', []

    def read(path):
        calls.append(path)
        return [path.read_text(), len(calls)]

    path.write_text('one')
    assert [kept.kept(path, read) for _ in range(3)] == [['one', 1]] * 3
    os.utime(path, (1, 1))
    assert kept.kept(path, read) == kept.kept(path, read) == ['one', 2]
    place, = (tmp_path / 'cache').iterdir()
    for damaged in place.read_bytes().replace(b'one', b'two'), b'', b'\xff', place.read_bytes()[:-1]:
        place.write_bytes(damaged)
        assert kept.kept(path, read)[0] == 'one'
    assert len(calls) == 6
    monkeypatch.setenv('RAM_CACHE', str(path))
    with pytest.raises(OSError, match='cannot be kept in --cache'):
        kept.kept(path, read)
