"""What the scripts share."""
import pytest

from ram import command_line


@pytest.mark.parametrize('error, text', [
    (MemoryError('Unable to allocate 31.2 GiB'), 'error: out of memory: Unable to allocate 31.2 GiB\n'),
    (MemoryError(), 'error: out of memory\n'), (MemoryError('Out of memory allocating 9 bytes'),
                                                'error: Out of memory allocating 9 bytes\n'),
    (ValueError('two\nlines'), 'error: two lines\n'), (OSError('no room'), 'error: no room\n')])
def test_an_error_that_the_user_can_mend_is_one_line(error, text, capsys):
    def main(argv):
        raise error

    with pytest.raises(SystemExit) as ended:
        command_line.run(main)
    assert ended.value.code == 2 and capsys.readouterr().err == text
