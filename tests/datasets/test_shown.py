"""How names are shown: nothing invisible, nothing that commands a terminal, nothing that fails."""
import io
import json
import os

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from datasets import shown

# What a file system may give: every character but NUL and '/', and stand-ins for bytes that are not UTF-8.
NAMES = st.text(st.one_of(st.characters(blacklist_characters='\0/'), st.sampled_from('\udce9\udc80 \t\n\x1b\u202e$"…'),
                          st.characters(min_codepoint=0xdc80, max_codepoint=0xdcff)), min_size=1, max_size=30)


@pytest.mark.parametrize('name, expected', [
    ('dog', 'dog'), ('Straße 1', 'Straße 1'), ('猫', '猫'), ('😀', '😀'), ('שלום', 'שלום'), (r'C:\cats', r'C:\cats'),
    ('a\tb\nc', r'a\tb\nc'), ('\x1b[31mred', r'\x1b[31mred'), ('caf\udce9', r'caf\xe9'), ('a\u202eb', r'a\u202eb'),
    (' ', r'\x20'), ('  a  b ', r'\x20\x20a  b\x20'), ('a\xa0b', r'a\xa0b'), ('\x85', r'\x85'), ('\ud800', r'\ud800')])
def test_what_is_invisible_is_an_escape(name, expected):
    assert shown.text(name) == expected


@given(NAMES)
def test_a_line_is_visible_and_stays_a_line(name):
    line = shown.text(name)
    assert line.isprintable() and line == line.strip() and line.encode('utf-8')


def test_the_name_of_a_real_file_that_is_no_text(tmp_path):
    os.mkdir(os.fsencode(tmp_path) + b'/caf\xe9')
    found, = tmp_path.iterdir()
    assert shown.text(found) == f'{tmp_path}/caf\\xe9'


@pytest.mark.parametrize('error, expected', [
    (FileNotFoundError(2, 'No such file', '/a\nb'), r'/a\nb: No such file'),
    (OSError(18, 'Cross-device link', 'a', None, 'b'), 'a: b: Cross-device link'), (OSError('no room'), 'no room'),
    (OSError(28, 'No space left on device'), 'No space left on device'),
    (PermissionError(13, 'Permission denied', b'/caf\xe9'), r'/caf\xe9: Permission denied'),
    (OSError(5, 'Input/output error', 3), 'Input/output error'),
    (ValueError('\x1b[2Jname  with two spaces\n'), r'\x1b[2Jname  with two spaces')])
def test_messages_name_the_file(error, expected):
    assert shown.message(error) == expected


@given(NAMES, st.sampled_from([None, 'ascii', 'cp850', 'utf-8']))
@example('"quoted"', None)
def test_a_field_can_be_read_back(name, encoding):
    field = shown.field(name, encoding)
    assert '\t' not in field and len(field.splitlines()) == 1 and field.encode(encoding or 'utf-8')
    assert (json.loads(field) if field.startswith('"') else field) == name


def test_a_usual_name_is_a_field_as_it_is():
    for name in 'a b.png', r'C:\cats\1.png', "o'clock", 'Straße', '猫.png', 'say "cheese".png', '{x}%s':
        assert shown.field(name) == name
    assert shown.field('Straße', 'ascii') == r'"Stra\u00dfe"'


@given(st.lists(NAMES, min_size=2, max_size=12, unique=True), st.sampled_from([6, 12, 40]))
@example(['speed_limit_30', 'speed_limit_50', 'speed_limit_sign_30'], 6)
@example(['a\x1b', 'a\\x1b'], 6)
@example(['é', 'e\u0301'], 6)
@example(['aaaaaaaa~1', 'aaaaaaaaaaaaaaaa', 'aaaaaaaaaaaaaaaaa'], 8)
def test_labels_are_short_and_differ(names, most):
    labels = shown.labels(names, most)
    assert len(set(labels)) == len(names) and max(map(shown.width, labels)) <= most


def test_labels_keep_what_tells_them_apart():
    assert shown.labels(['cat', 'speed_limit_30', 'speed_limit_50'], 6) == ['cat', '…it_30', '…it_50']
    assert shown.labels(['elephant', 'tiger'], 6) == ['eleph…', 'tiger']
    assert shown.labels(['x' * 300 + 'a' + 'x' * 300, 'x' * 601], 8) == ['xxxxx…~1', 'xxxxx…~2']


def test_columns_of_a_terminal():
    assert [shown.width(line) for line in ('abc', '中文', '😀', 'e\u0301', '')] == [3, 4, 2, 1, 0]
    assert [shown.left('中', 4), shown.right('中', 4), shown.left('long', 2)] == ['中  ', '  中', 'long']


def test_a_name_from_right_to_left_turns_nothing_else():
    """The words of a text keep their order if a strong character from left to right stands before and after it."""
    assert shown.leveled('cat') == 'cat' and shown.leveled('猫 1') == '猫 1'
    for name in 'שלום', 'مرحبا 1':
        assert shown.leveled(name) == f'\u200e{name}\u200e'


def test_few_of_many_names():
    assert shown.few(['a', 'b\n'], 2) == r'a, b\n' and shown.few(list('abcd'), 2) == 'a, b and 2 more'


@pytest.mark.parametrize('encoding, expected', [
    ('ascii', '5~ 3 +- 1, 2 x 2, caf\\xe9, \\u732b, \\xe9\n'),
    ('cp850', '5~ 3 ± 1, 2 × 2, caf\\xe9, \\u732b, é\n'),
    ('utf-8', '5… 3 ± 1, 2 × 2, caf\\xe9, 猫, é\n')])
def test_a_console_never_loses_a_line(encoding, expected):
    console = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    shown.never_fail(console, io.StringIO())  # what is no console has no encoding
    print('5… 3 ± 1, 2 × 2, caf\udce9, 猫, é', file=console, flush=True)
    assert console.buffer.getvalue().decode(encoding) == expected


def test_only_a_terminal_overwrites(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setenv('TERM', 'xterm')
    assert shown.overwrites(Terminal()) and not shown.overwrites(io.StringIO())
    monkeypatch.setenv('TERM', 'dumb')
    assert not shown.overwrites(Terminal())
