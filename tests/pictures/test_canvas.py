import numpy as np
import pytest
from PIL import ImageColor

from ram.pictures import canvas, drawing


def luminance(colour):
    """Relative luminance as WCAG 2 defines it."""
    shares = np.array(ImageColor.getrgb(colour)) / 255
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def contrast(one, other):
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_that_of_the_standard():
    assert contrast('black', 'white') == pytest.approx(21)
    assert contrast('#767676', 'white') == pytest.approx(4.54, abs=0.01)  # the lightest grey for text


@pytest.mark.parametrize('text, ground', [
    (drawing.INK, 'white'), (drawing.RIGHT, 'white'), (drawing.WRONG, 'white'), (drawing.INK, drawing.RIGHT_BAR),
    (drawing.INK, drawing.WRONG_BAR), (drawing.INK, drawing.OTHER), (drawing.INK, drawing.GAZE)])
def test_text_can_be_read_on_its_ground(text, ground):
    assert contrast(text, ground) >= 4.5


def test_text_can_be_read_on_a_phone():
    assert canvas.TEXT / 72 / canvas.WIDTH * 360 >= 12


def pixels(drawn):
    return np.asarray(drawn.picture())


def where(image, colour):
    """Rows and columns of the pixels that have exactly this colour."""
    return (image == ImageColor.getrgb(colour)).all(axis=2).nonzero()


@pytest.mark.parametrize('share', [0.25, 0.8, 1])
def test_a_bar_is_as_long_as_its_share(share):
    drawn = canvas.Canvas(1, 100)
    drawn.bar(1, 0.5, 2, '', share, drawing.WRONG_BAR)
    rows, columns = where(pixels(drawn), drawing.WRONG_BAR)
    assert columns.min() == 100 and columns.max() == pytest.approx(100 + 200 * share, abs=1)
    assert rows.min() >= 50 and rows.max() < 70


def test_text_begins_at_its_place_and_ends_within_its_width():
    drawn = canvas.Canvas(1, 100)
    drawn.write(1, 0.5, 'M' * 100, 2)
    rows, columns = (pixels(drawn).min(axis=2) < 128).nonzero()
    assert 98 <= columns.min() <= 104 and 250 < columns.max() <= 300
    assert 48 <= rows.min() and rows.max() <= 72


@pytest.mark.parametrize('name', ['10-no-passing-trucks', 'illicit', 'a'])
def test_a_name_is_cut_only_where_there_is_no_room(name):
    width = canvas.measured(name)
    assert canvas.fitted(name, width + 1e-6) == name
    shorter = canvas.fitted(name, 0.9 * width)
    assert shorter == name if name == 'a' else shorter.endswith('…') and name.startswith(shorter[:-1])
    assert name == 'a' or canvas.measured(shorter) <= 0.9 * width


def test_a_name_is_not_a_formula():
    """A name between two dollars looks like a formula to matplotlib, and one that is broken raises an error."""
    drawn = canvas.Canvas(1, 100)
    drawn.write(1, 0.5, r'$\frac{$', 2)
    assert (pixels(drawn) < 128).any()


def test_an_image_fills_its_square():
    drawn = canvas.Canvas(1, 100)
    drawn.image(1, 0.25, 0.5, np.array([[[1, 0], [0, 0]], [[0, 0], [0, 1]], [[0, 1], [0, 0]]], float))
    found = pixels(drawn)
    for colour, top, left in ('#ff0000', 25, 100), ('#0000ff', 25, 125), ('black', 50, 100), ('#00ff00', 50, 125):
        rows, columns = where(found[:, 50:], colour)
        assert (rows.min(), rows.max() + 1, columns.min() + 50, columns.max() + 51) == (top, top + 25, left, left + 25)


@pytest.mark.parametrize('count', [1, 4, 6, 8, 23])
def test_a_grid_is_as_wide_as_a_phone(count):
    columns, width = canvas.grid(count)
    assert 1 <= columns <= count and columns * width < canvas.WIDTH
    assert columns == count or columns == canvas.MOST


@pytest.mark.parametrize('width', [0.9, 1.45, 4])
@pytest.mark.parametrize('form', ['{} is a long name', 'a long name with the number {}'])
def test_names_fit_and_differ_and_are_not_cut_more_than_they_must(form, width):
    names = tuple(map(form.format, range(12))) + ('short',)
    found = canvas.names_within(names, width)
    assert len(set(found)) == len(names) and found[-1] == 'short'
    assert all(canvas.measured(name) <= width for name in found)
    assert all(short == name or canvas.measured(short) > width - 0.2 for short, name in zip(found, names))
