"""Names in matplotlib's pictures, whose font lacks most of the world's characters.

What draws them must have ``parse_math=False``, since dollars may enclose anything.
"""
import contextlib
import functools

import matplotlib
from matplotlib.font_manager import FontProperties, findfont, fontManager
from matplotlib.ft2font import FT2Font

from datasets import shown

BOXES = 'Last Resort'  # how the names of fonts begin that have a box for every character
WEIGHTS = 'normal', 'bold'


def labels(names, most):
    """Short names to be drawn, see :func:`datasets.shown.labels`; a character that the fonts lack becomes an escape.

    Args:
        names: sequence of different str.
        most: the largest width in columns.

    Returns:
        tuple of str for matplotlib's texts.
    """
    return _labels(tuple(names), most, tuple(matplotlib.rcParams['font.family']))


@functools.lru_cache
def _labels(names, most, families):
    without = lacking(families, set(''.join(map(shown.text, names))))

    def show(name):
        return ''.join(shown.escaped(c) if c in without else c for c in shown.text(name))

    return tuple(shown.leveled(label) for label in shown.labels(names, most, show))


@contextlib.contextmanager
def fonts_for(names):
    """A context in which other installed fonts draw what matplotlib's lacks of some names, and TeX draws nothing."""
    families = matplotlib.rcParams['font.family']
    others = fonts_with(lacking(families, set(''.join(map(shown.text, names)))))
    with matplotlib.rc_context({'font.family': [*families, *others], 'text.usetex': False}):
        yield


def fonts_with(characters):
    """Families of installed fonts that have, in all their weights, as many as possible of these characters."""
    covered = {}
    for entry in fontManager.ttflist if characters else ():
        if entry.style == 'normal' and not entry.name.startswith(BOXES):
            with contextlib.suppress(OSError, RuntimeError):  # FreeType cannot read it, or it is no longer there
                covered[entry.name] = covered.get(entry.name, characters) - _without(entry.fname, characters)
    chosen, left = [], set(characters)
    while covered and left:
        best = max(covered, key=lambda family: len(covered[family] & left))
        if not covered[best] & left:
            break
        chosen.append(best)
        left -= covered[best]
    return chosen


def lacking(families, characters):
    """The characters that some families of fonts, tried in turn, cannot draw in each of WEIGHTS."""
    result = set()
    for weight in WEIGHTS:
        left = set(characters)
        for family in families:
            with contextlib.suppress(ValueError):  # there is no such family
                left = _without(findfont(FontProperties(family=family, weight=weight), fallback_to_default=False), left)
        result |= left
    return result


def _without(path, characters):
    font = FT2Font(path)
    return {c for c in characters if not font.get_char_index(ord(c))}
