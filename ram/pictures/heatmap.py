"""Maps of where the first, the second, ... glimpse goes, over many images."""
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from datasets import DIGIT
from ram import tasks
from ram.pictures.drawing import GAZE, file_for, png
from ram.random_streams import generator
from ram.reports import evaluation


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


def heatmap(locations, size, centres=None, side=DIGIT):
    """Where the first, the second, ... glimpse goes, over many images.

    Args:
        locations: float array (T, N, 2), columns (x, y) in [-1, 1].
        size: side of the images in pixels.
        centres: float array (N, 2), columns (x, y), the digits' centres in pixels.  If given, a second row of maps
            shows where the glimpses go relative to them.
        side: side of a digit in pixels.

    Returns:
        bytes of a PNG.
    """
    pixels = (locations + 1) / 2 * size
    rows = [('in the image', pixels, (0, size))]
    if centres is not None:
        rows.append(('around the digit', pixels - centres, (-size / 2, size / 2)))
    figure = Figure(figsize=(1.5 * len(locations) + 0.5, 1.65 * len(rows) + 0.2), dpi=100, layout='constrained')
    grid = figure.subplots(len(rows), len(locations), squeeze=False)
    for row, (label, points, span) in enumerate(rows):
        for t, axes in enumerate(grid[row]):
            counts = density(points[t], span, min(size, 60))
            axes.imshow(counts, cmap='magma', extent=(*span, *span[::-1]), vmin=0,
                        vmax=max(1, np.percentile(counts, 99.7)), interpolation='nearest')
            axes.set_xticks([])
            axes.set_yticks([])
            if row == 1:
                axes.add_patch(Rectangle((-side / 2, -side / 2), side, side, fill=False, edgecolor=GAZE, lw=1))
            else:
                axes.set_title(f'glimpse {t + 1}', fontsize=9)
        grid[row, 0].set_ylabel(label, fontsize=9)
    return png(figure)


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
