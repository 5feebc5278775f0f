"""A progress bar for work that takes longer than two seconds."""
import sys

from tqdm import tqdm

from datasets import shown

SETTINGS = dict(  # of tqdm
    delay=2, miniters=1, leave=False, dynamic_ncols=True,
    bar_format='{desc} {percentage:3.0f}%|{bar}| {n_fmt} of {total_fmt} {unit}, {remaining} left')


def progress(what, total, unit, steps=None, **settings):
    """A bar on stderr that appears after two seconds and is removed at the end.  Without a terminal there is none.

    Args:
        what: what is done, the text before the bar.
        total: how many steps there are; None if that is not known.
        unit: what is counted, in the plural.
        steps: the steps, if the bar is an iterator; see :func:`stepwise`.
        settings: more of tqdm's arguments.

    Returns:
        A context manager whose ``update(n)`` counts n more steps.
    """
    settings = {'file': sys.stderr, **SETTINGS, **settings}
    return tqdm(steps, desc=what, total=total, unit=unit, disable=not shown.overwrites(settings['file']), **settings)


def stepwise(what, steps, unit):
    """An iterator of ``steps``, which have a length, that shows a bar as :func:`progress` does."""
    return progress(what, len(steps), unit, steps)


def say(text, file):
    """Writes a line to a file, which may be the terminal that shows a bar."""
    tqdm.write(text, file=file)
    file.flush()
