"""What the scripts share."""
import argparse
import importlib
import os
import shlex
import subprocess
import sys

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


@pytest.mark.parametrize('output, code, errors', [
    ('/dev/full', 2, 'error: No space left on device\n'), ('&-', 0, '')])
def test_output_that_cannot_be_written(output, code, errors):
    """On a full disk, and where stdout is closed."""
    program = "from ram import command_line; command_line.run(lambda argv: print('x'))"
    result = subprocess.run(f'{shlex.quote(sys.executable)} -c "$PROGRAM" >{output}', shell=True, cwd=ROOT, text=True,
                            stderr=subprocess.PIPE, env={**os.environ, 'PROGRAM': program})
    assert (result.returncode, result.stderr) == (code, errors)


@pytest.mark.parametrize('name, arguments, flag', [
    ('train.py', ['--resume', ''], '-r/--resume'), ('train.py', ['--init='], '--init'),
    ('train.py', ['--out', '', '--dataset', 'catch'], '-o/--out'), ('train.py', ['--images', ''], '--images'),
    ('evaluate.py', ['model.npz', '--predict', 'a.png', ''], '--predict'),
    ('evaluate.py', ['model.npz', '--data', ''], '--data'), ('visualize.py', ['model.npz', '--image', ''], '--image'),
    ('models/tables.py', [''], 'folder')])
def test_a_value_that_is_empty_is_refused(name, arguments, flag):
    """As a variable of the shell that is not set: `train.py --resume "$RUN"` would begin another run."""
    assert_one_clear_line(script(name, *arguments), f'{flag} has an empty value')


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


@pytest.mark.parametrize('name', ['train', 'evaluate', 'visualize', 'models.tables'])
def test_the_help_begins_with_examples_that_are_right(name):
    """The commands can be parsed, and name the script by its path."""
    path, module = f'{name.replace(".", "/")}.py', importlib.import_module(name)
    result = script(path, '--help', COLUMNS='80')
    beginning, usage, _ = result.stdout.partition('usage: ')
    commands = [shlex.split(line) for line in beginning.splitlines() if line.startswith('  python ')]
    assert result.returncode == 0 and result.stderr == '' and usage and len(commands) > 1
    assert all(len(line) < 80 for line in result.stdout.splitlines())
    for _, called, *flags in commands:
        assert called == path and module.parse(flags)


def test_help_comes_before_complaints():
    assert script('evaluate.py', '--surprise', '--help').returncode == 0
    assert_one_clear_line(script('evaluate.py', '--surprise'), '--surprise', '--help')
