"""Whole episodes on a sheet: a row for each scene, a column for each glimpse."""
import numpy as np

from ram.pictures.canvas import DPI, GAP, LINE, WIDTH, Canvas, grid, measured, names_within
from ram.pictures.drawing import GAZE, few_colours

TALLEST = 1.5       # an image over its width; one that is taller is drawn narrower
LEGEND = ('Each column is a glimpse: where it looks, what', 'its retina sees, and its answer.')


def contact_sheet(scenes):
    """A PNG of whole episodes.

    Args:
        scenes: list of Scenes of one model.

    Returns:
        bytes.
    """
    return few_colours(Sheet(scenes).canvas.picture())


class Sheet:
    """The sheet while it is drawn; arguments as above.

    Attributes:
        canvas: the Canvas.
        side: the width of a column in inches.
        shape: the height of the place for an image over its width.
        names: of the classes, as they fit below a column.
        two: whether an answer and its truth have a line each, as long names need.
        lines: of text below a column: a name and its probability in one line, or, where that is too wide, in two.
    """

    def __init__(self, scenes):
        columns, self.side = grid(max(map(len, scenes)))
        self.shape = min(TALLEST, max(scene.shape for scene in scenes))
        self.names = names_within(scenes[0].outputs, self.side)
        widest = max(map(measured, self.names)) + measured('100%')
        self.lines = 1 if widest + GAP < self.side else 2
        below = self.side * (self.shape + 1) + self.lines * LINE + 3 * GAP
        titles = [scene.words(len(scene) - 1) for scene in scenes]
        self.two = any(measured(joined(words), 'bold') > WIDTH - 2 * GAP for words in titles)
        head = (1 + self.two) * LINE + GAP / 2
        first = len(LEGEND) * LINE + 2 * GAP
        tops = np.cumsum([first, *(head + -(-len(scene) // columns) * below + GAP for scene in scenes)])
        self.canvas = Canvas(tops[-1], DPI)
        for n, line in enumerate(LEGEND):
            self.canvas.write(GAP, GAP / 2 + n * LINE, line, WIDTH)
        for n, scene in enumerate(scenes):
            top = tops[n]
            self.draw_words(titles[n], top)
            for t in range(len(scene)):
                row, column = divmod(t, columns)
                self.draw_glimpse(scene, t, GAP + column * (self.side + GAP), top + head + row * below)

    def draw_words(self, words, y):
        """The last answer, and whether it is right; in the colour of the latter."""
        colour = words[-1][1]
        for n, line in enumerate([text for text, _ in words] if self.two else [joined(words)]):
            self.canvas.write(GAP, y + n * LINE, line, WIDTH - 2 * GAP, colour, weight='bold')

    def draw_glimpse(self, scene, t, x, y):
        """The image with the gaze, below it the retina, the finest patch in the middle, and below that the answer."""
        scene.draw_image(self.canvas.panel(x, y, self.side, self.side * self.shape), t, self.side / 1.4)
        y += self.side * self.shape + GAP / 2
        for patch, (_, _, side) in reversed(list(zip(scene.retina[t], scene.patches(t)))):
            side *= self.side / (scene.config.patch * scene.config.factor ** (scene.config.scales - 1))
            middle = (self.side - side) / 2
            self.canvas.image(x + middle, y + middle, side, patch)
        self.canvas.box(x, y, self.side, GAZE)
        y += self.side + GAP / 2
        _, share, colour = scene.bar(scene.answer(t), t)
        name = self.names[scene.answer(t)]
        if self.lines == 2:
            self.canvas.write(x, y, name, self.side)
            name, y = '', y + LINE
        self.canvas.bar(x, y, self.side, name, share, colour)


def joined(words):
    """Words of a Scene in one line."""
    return ' '.join(f'{text}.' for text, _ in words)
