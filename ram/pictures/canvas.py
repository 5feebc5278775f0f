"""A figure whose parts are placed in inches, planned for the width of a phone."""
import functools

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Rectangle
from matplotlib.textpath import text_to_path

from datasets import shown
from ram.pictures.drawing import INK, OTHER, OUTSIDE, picture
from ram.pictures.lettering import labels

WIDTH = 4.8     # inches.  On a phone, 360 pixels wide, letters of TEXT points are 12.5 pixels high
TEXT = 12       # points
LINE = 0.2      # inches from a line to the next
GAP = 0.08      # inches between parts
DPI = 150       # of a picture that does not move
MOST = 8        # columns
WIDEST = 1.2    # inches, of a column
LONGEST = 40    # columns of a name, where there is room


class Canvas:
    """A white figure; x grows to the right and y downwards, from the top-left corner, in inches.

    Args:
        height: in inches.
        dpi: pixels an inch.
        width: in inches.
    """

    def __init__(self, height, dpi, width=WIDTH):
        self.figure = Figure(figsize=(width, height), dpi=dpi)
        self.ground = self.figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
        self.ground.set_axis_off()

    def panel(self, x, y, width, height):
        """Axes for a picture, without ticks, at the top left of a rectangle."""
        across, down = self.figure.get_size_inches()
        axes = self.figure.add_axes((x / across, 1 - (y + height) / down, width / across, height / down),
                                    anchor='NW', xticks=[], yticks=[], facecolor=OUTSIDE)
        axes.spines[:].set(color=OUTSIDE, linewidth=0.5)
        return axes

    def write(self, x, y, text, width, colour=INK, align='left', weight='normal'):
        """A line of text below y, cut if it is wider than ``width``; ``x`` is its left end, middle or right end."""
        self.ground.text(x, y + LINE / 2, fitted(text, width, weight), color=colour, fontsize=TEXT, weight=weight,
                         ha=align, va='center_baseline', parse_math=False)

    def image(self, x, y, side, pixels):
        """A square image, float array (C, g, g) in [0, 1]."""
        self.ground.imshow(colours(pixels), extent=(x, x + side, y + side, y), aspect='auto')

    def box(self, x, y, side, colour):
        """The outline of a square."""
        self.ground.add_patch(Rectangle((x, y), side, side, fill=False, edgecolor=colour, linewidth=1))

    def block(self, x, y, width, colour):
        """A line's height full of a colour."""
        self.ground.add_patch(Rectangle((x, y + 0.01), width, LINE - 0.02, color=colour, linewidth=0))

    def bar(self, x, y, width, name, share, colour):
        """A line that names something, with its share in percent, in front of a bar as long as the share.

        Args:
            x, y, width: where; the height is LINE.
            name: text.
            share: in [0, 1].
            colour: of the bar.
        """
        self.block(x, y, width * share, colour)
        percent = f'{share:.0%}'
        self.write(x + width - 0.03, y, percent, width, align='right')
        self.write(x + 0.03, y, name, width - 0.1 - measured(percent))

    def picture(self):
        """PIL image, RGB."""
        return picture(self.figure)


def plain(axes):
    """Axes of a diagram: letters that can be read on a phone, a light grid, and no line without a meaning."""
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.tick_params(labelsize=TEXT, color=OTHER, labelcolor=INK)
    axes.spines[['top', 'right']].set_visible(False)


def colours(pixels):
    """An image float (C, H, W) in [0, 1], C = 1 or 3, as matplotlib wants it: (H, W, 3)."""
    return np.broadcast_to(pixels.transpose(1, 2, 0), (*pixels.shape[1:], 3))


def grid(count):
    """How many of so many things are side by side, and their width in inches."""
    columns = min(count, MOST)
    return columns, min(WIDEST, (WIDTH - GAP) / columns - GAP)


def measured(text, weight='normal'):
    """The width of a text in inches."""
    font = FontProperties(size=TEXT, weight=weight)
    return text_to_path.get_text_width_height_descent(text, font, False)[0] / 72


def fitted(text, width, weight='normal'):
    """A text, cut if it is wider than ``width`` inches."""
    most = shown.width(text)
    while most > 1 and measured(shown.cut(text, most), weight) > width:
        most -= 1
    return shown.cut(text, most)


def names_within(names, width):
    """Names that fit into a width, cut no more than that they differ; see ``lettering.labels``.

    Args:
        names: sequence of different str.
        width: in inches; there is always room for eight columns.

    Returns:
        tuple of different str.
    """
    return _names_within(tuple(names), width, tuple(matplotlib.rcParams['font.family']))


@functools.lru_cache
def _names_within(names, width, families):
    found = tuple(fitted(name, width) for name in labels(names, LONGEST))
    if len(set(found)) == len(names):
        return found
    # They begin alike, so some lose their beginnings instead.
    most = LONGEST
    while most > 8 and max(map(measured, labels(names, most))) > width:
        most -= 1
    return labels(names, most)
