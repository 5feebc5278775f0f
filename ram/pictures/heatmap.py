"""Maps of where the first, the second, ... glimpse goes, over many images."""
import numpy as np
from matplotlib.patches import Rectangle

from datasets import DIGIT
from ram import tasks
from ram.pictures.canvas import DPI, GAP, LINE, WIDTH, Canvas, grid, measured
from ram.pictures.drawing import few_colours, file_for
from ram.random_streams import generator
from ram.reports import evaluation

FINEST = 60         # squares along a side of a map
COLOURS = 'magma'
BOX = '#4fd0ff'     # a colour that is not among them


def draw(model, arguments, device):
    """Instead of episodes, a map (PNG) of where each glimpse goes over the whole test set, in the image and around the
    digit

    Args and returns: as for :func:`ram.pictures.episodes.draw`.
    """
    config = model.config
    images, _ = tasks.load_scenes(config, model.unseen_split, arguments.data)
    images = tasks.send(device, images)
    locations = evaluation.fixations(model, images, generator(device, arguments.seed), arguments.policy)
    boxes = tasks.digit_boxes(config, model.unseen_split, len(images))
    return {file_for(arguments, '.png', 'heatmap'): heatmap(locations, config.size, *(boxes or ()))}


draw.unused = 'count',  # flags of visualize.py without effect


def heatmap(locations, size, centres=None, side=DIGIT, caption='Where each glimpse goes in the image'):
    """Where the first, the second, ... glimpse goes, over many images.

    Args:
        locations: float array (T, N, 2), columns (x, y) in [-1, 1]; NaN for a glimpse that is left out.
        size: side of the images in pixels.
        centres: float array (N, D, 2), columns (x, y), the centres in pixels of the D digits of each image.  If given,
            a second row of maps shows where the glimpses go relative to the nearest of them.
        side: side of a digit in pixels.
        caption: what is said above the maps.

    Returns:
        bytes of a PNG.
    """
    pixels = (locations + 1) / 2 * size
    rows = [(caption, pixels, (0, size), None)]
    if centres is not None:
        rows.append((f'Around the digit; the box is its {side} × {side} pixels', from_nearest(pixels, centres),
                     (-size / 2, size / 2), side))
    columns, width = grid(len(locations))
    line = LINE + width + GAP
    high = LINE + GAP + -(-len(locations) // columns) * line
    canvas = Canvas(len(rows) * high + LINE + 2 * GAP, DPI)
    for row, (label, points, span, box) in enumerate(rows):
        top = GAP / 2 + row * high
        canvas.write(GAP, top, label, WIDTH)
        for t, each in enumerate(points):
            x, y = GAP + t % columns * (width + GAP), top + LINE + t // columns * line
            canvas.write(x + width / 2, y, str(t + 1), width, align='center')
            draw_map(canvas.panel(x, y + LINE, width, width), density(each, span, min(size, FINEST)), span, box)
    draw_key(canvas, len(rows) * high + GAP)
    return few_colours(canvas.picture())


def from_nearest(points, centres):
    """Points (T, N, 2) relative to the nearest of the centres (N, D, 2): array (T, N, 2)."""
    away = points[:, :, None] - centres
    nearest = (away ** 2).sum(axis=3).argmin(axis=2)
    return np.take_along_axis(away, nearest[:, :, None, None], axis=2)[:, :, 0]


def draw_map(axes, counts, span, box):
    """One map, and in its middle a box with sides of so many pixels, or None."""
    axes.imshow(counts, cmap=COLOURS, extent=(*span, *span[::-1]), vmin=0, vmax=max(1, np.percentile(counts, 99.7)),
                interpolation='nearest')
    if box:
        axes.add_patch(Rectangle((-box / 2, -box / 2), box, box, fill=False, edgecolor=BOX, linewidth=1.2))


def draw_key(canvas, y):
    """What the colours mean in each map."""
    for x, align, text in (GAP, 'left', 'no glimpses'), (WIDTH - GAP, 'right', 'most glimpses'):
        canvas.write(x, y, text, WIDTH, align=align)
    left, right = 2 * GAP + measured('no glimpses'), WIDTH - 2 * GAP - measured('most glimpses')
    canvas.ground.imshow(np.linspace(0, 1, 256)[None], cmap=COLOURS, aspect='auto',
                         extent=(left, right, y + LINE - 0.03, y + 0.03))


def density(points, span, bins):
    """How many points fall into each square of a grid.

    Args:
        points: float array (N, 2), columns (x, y).
        span: least and greatest coordinate of the grid, of x and of y.
        bins: squares along a side.

    Returns:
        float array (bins, bins); row 0 is at the least y.
    """
    edges = np.linspace(*span, bins + 1)
    return np.histogram2d(points[:, 1], points[:, 0], bins=(edges, edges))[0]
