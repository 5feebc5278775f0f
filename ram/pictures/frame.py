"""A frame of a moving picture: the image with the gaze, what the retina sees, and what the model thinks."""
from ram.pictures.canvas import GAP, LINE, WIDTH, Canvas
from ram.pictures.drawing import GAZE

DPI = 125
IMAGE = 2.62                        # side of the square that holds the image
RIGHT = IMAGE + 2 * GAP             # where the right column begins
COLUMN = WIDTH - RIGHT - GAP        # its width
LARGEST = 0.62                      # side of a patch
IN_A_ROW = 4                        # patches
HEIGHT = 3 * LINE + IMAGE + 3 * GAP


def frame(scene, t, title):
    """One frame of an episode.

    Args:
        scene: a Scene.
        t: the frame, from 0.
        title: text above the image.

    Returns:
        PIL image, RGB.
    """
    canvas, top = Canvas(HEIGHT, DPI), GAP + LINE
    canvas.write(GAP, GAP / 2, title, IMAGE)
    scene.draw_image(canvas.panel(GAP, top, IMAGE, IMAGE), t)
    for n, (text, colour) in enumerate(scene.words(t)):
        canvas.write(GAP, top + IMAGE * min(1, scene.shape) + GAP / 2 + n * LINE, text, IMAGE, colour, weight='bold')
    canvas.write(RIGHT, GAP / 2, 'What it sees', COLUMN)
    below = draw_retina(canvas, top, scene.retina[min(t, len(scene.retina) - 1)])
    for caption, bars in scene.thoughts(t):
        canvas.write(RIGHT, below, caption, COLUMN)
        for n, bar in enumerate(bars, 1):
            canvas.bar(RIGHT, below + n * LINE, COLUMN, *bar)
        below += (len(bars) + 1.5) * LINE
    return canvas.picture()


def draw_retina(canvas, top, patches):
    """The patches side by side, the finest first, in rows of four.  Returns where the next part begins."""
    columns = min(len(patches), IN_A_ROW)
    side = min(LARGEST, (COLUMN - (columns - 1) * GAP / 2) / columns)
    for k, patch in enumerate(patches):
        row, column = divmod(k, columns)
        place = RIGHT + column * (side + GAP / 2), top + row * (side + GAP / 2), side
        canvas.image(*place, patch)
        canvas.box(*place, GAZE)
    return top + (row + 1) * (side + GAP / 2)
