"""What the scripts share."""
import argparse
import importlib

import pytest

from ram import command_line
from tests.conftest import ROOT, assert_one_clear_line, script


@pytest.mark.parametrize('error, text', [
    (MemoryError('Unable to allocate 31.2 GiB'), 'error: out of memory: Unable to allocate 31.2 GiB\n'),
    (MemoryError(), 'error: out of memory\n'), (MemoryError('Out of memory allocating 9 bytes'),
                                                'error: Out of memory allocating 9 bytes\n'),
    (ValueError('two\nlines'), 'error: two\\nlines\n'), (OSError('no room'), 'error: no room\n')])
def test_an_error_that_the_user_can_mend_is_one_line(error, text, capsys):
    def main(argv):
        raise error

    with pytest.raises(SystemExit) as ended:
        command_line.run(main)
    assert ended.value.code == 2 and capsys.readouterr().err == text


SCRIPTS = [path.relative_to(ROOT).with_suffix('').as_posix() for folder in ('.', 'models', 'benchmarks')
           for path in sorted((ROOT / folder).glob('*.py')) if 'Parser(' in path.read_text()]


@pytest.mark.parametrize('name', SCRIPTS)
def test_no_script_takes_a_part_of_a_flag_for_the_flag(name, monkeypatch):
    class Parsed(Exception):
        pass

    def parse(parser, argv=None, namespace=None):
        assert not parser.allow_abbrev
        raise Parsed

    monkeypatch.setattr(argparse.ArgumentParser, 'parse_known_args', parse)
    try:
        main = importlib.import_module(name.replace('/', '.')).main
    except ImportError as error:
        pytest.skip(f'{error}')
    with pytest.raises(Parsed):
        main([])


def test_a_part_of_a_flag_is_unknown(tmp_path):
    result = script('train.py', '--ini', 'model.npz', '-o', tmp_path / 'run')
    assert_one_clear_line(result, '--ini')
    assert not (tmp_path / 'run').exists()
