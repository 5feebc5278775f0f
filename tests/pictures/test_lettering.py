"""Names in matplotlib's pictures."""
import warnings

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from ram.pictures import drawing, lettering
from ram.pictures.canvas import Canvas

ONLY_STIX = '\u2323'  # a smile that STIXGeneral has, which comes with matplotlib, and DejaVu Sans has not
NAMES = ['$1_front', r'a\$b', '$a$ and $b', '_cat', '猫\u1200', ONLY_STIX, '😀', 'caf\udce9', '\x1b[31mred', 'a\nb',
         ' ', 'שלום', 'e\u0301', '%s {0} {{x}} \\', 'x' * 250, '</script>', '^']


def drawn(text, **settings):
    """The pixels of a text."""
    figure = Figure(figsize=(6, 0.5), dpi=60)
    figure.text(0.01, 0.3, text, parse_math=False, **settings)
    return np.asarray(drawing.picture(figure))


@pytest.mark.parametrize('name', NAMES)
def test_every_name_is_drawn_without_a_word_on_stderr(name):
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        for weight in lettering.WEIGHTS:
            label, = lettering.labels([name], 12)
            assert (drawn(f'says {label} (35%)', fontweight=weight) != drawn('says  (35%)', fontweight=weight)).any()


def test_dollars_are_drawn_as_they_are():
    canvases = [Canvas(0.3, 60) for _ in 'ab']
    for canvas, text in zip(canvases, ('$a$ costs', 'a costs')):
        canvas.write(0, 0, text, 3)
    one, other = (np.asarray(canvas.picture()) for canvas in canvases)
    assert (one != other).any()


def test_a_character_that_no_font_has_is_an_escape():
    assert lettering.labels(['\u1200', 'ok'], 12) == (r'\u1200', 'ok')


def test_another_font_helps_out():
    assert lettering.labels([ONLY_STIX], 12) == (r'\u2323',)
    before = matplotlib.rcParams['font.family']
    with lettering.fonts_for(['ok', ONLY_STIX]):
        label, = lettering.labels([ONLY_STIX], 12)
        assert label == ONLY_STIX
        assert drawn(label).min() < 100
    assert matplotlib.rcParams['font.family'] == before
    assert not lettering.fonts_with(set('\u1200'))


def test_what_follows_a_name_from_right_to_left_stays_behind_it():
    label, = lettering.labels(['שלום'], 12)
    part, whole = drawn(f'says {label}'), drawn(f'says {label} (35%)')
    ink = np.flatnonzero((part < 128).any(axis=(0, 2))).max()
    np.testing.assert_array_equal(whole[:, :ink], part[:, :ink])
