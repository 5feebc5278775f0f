"""What users are told of their files on stderr: the first ones, and how many more there are."""
import contextlib
import sys

from datasets import shown

MOST = 10


@contextlib.contextmanager
def first_few(show):
    """A context with a function that calls ``show`` with a text, the first MOST times.

    At its end, ``show`` is called with the number of texts that were not shown, if any.
    """
    count = 0

    def tell(text):
        nonlocal count
        count += 1
        if count <= MOST:
            show(text)

    yield tell
    if count > MOST:
        show(f'and {count - MOST:,} more')


def say(heading, lines=()):
    """Prints a heading, unless it is empty, and the first of its lines on stderr."""
    if heading:
        print(shown.text(heading) + ':' * bool(lines), file=sys.stderr)
    with first_few(lambda line: print(f'  {shown.text(line)}', file=sys.stderr)) as tell:
        for line in lines:
            tell(line)
