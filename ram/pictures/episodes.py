"""Episodes as pictures: where the model looked, what its retina covered, and what it thought after each glimpse."""
import chainer
import chainer.functions as F
import numpy as np
from chainer.backends import cuda
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from datasets.picture_store import Pictures
from ram import tasks
from ram.networks.glimpse_sensor import patch_corners
from ram.networks.pixels import to_float
from ram.pictures.drawing import GAZE, OTHER, RIGHT, WRONG, animation, file_for, picture, png, scene_indices
from ram.random_streams import generator
from ram.reports.text import shortened

BARS = 10            # largest number of classes drawn, besides the true one
MOST_PIXELS = 512    # a side of a picture as it is drawn; larger ones are reduced
LONGEST = 12         # letters of a class's name that are drawn
WIDE = 28            # letters that fit below a picture of the contact sheet


def draw(model, arguments, device):
    """The default pictures of visualize.py: the GIF and the contact sheet, by path.

    Args:
        model: a model with a gaze, on the device.
        arguments: those of visualize.py.
        device: chainer device.

    Returns:
        dict of bytes by pathlib.Path.
    """
    images, truths = chosen_scenes(model, arguments)
    episodes = watch(model, images, truths, generator(device, arguments.seed), arguments.policy or model.config.policy)
    return {file_for(arguments, '.gif'): gif(episodes), file_for(arguments, '.png'): contact_sheet(episodes)}


def chosen_scenes(model, arguments):
    """The images uint8 (N, C, size, size), or native Pictures, and truths (N, or None) that the flags choose."""
    config = model.config
    if arguments.image:
        return tasks.read_pictures(config, arguments.image), None
    images, labels = tasks.load_scenes(config, model.unseen_split, arguments.data)
    index = scene_indices(arguments.index, arguments.count, len(images), np.random.default_rng(arguments.seed))
    return images[index], labels[index]


class Scene:
    """One image with its episode, ready to draw.

    Args:
        image: float array (C, H, W) in [0, 1], C = 1 or 3.
        locations: float array (T, 2), columns (x, y) in [-1, 1].
        probabilities: float array (T, classes), after each glimpse.
        truth: the true class, or None if it is unknown.
        config: the Config that gives the retina.
        size: height and width in pixels; by default those of ``image``, which may be a reduced form.
    """

    def __init__(self, image, locations, probabilities, truth, config, size=None):
        self.image, self.probabilities, self.truth, self.config = image, probabilities, truth, config
        self.locations = locations
        # The classes with a bar: all, or if there are many, those that are likeliest at the end, and the truth.
        shown = {*probabilities[-1].argsort()[::-1][:BARS].tolist(), *([] if truth is None else [truth])}
        self.shown = sorted(shown)
        self.height, self.width = size or image.shape[-2:]
        self.path = (locations + 1) / 2 * [self.width, self.height]
        # Around the image, in pixels: wide enough for every patch of the episode that reaches outside.
        self.margin = 1 + max(max(-left, -top, left + side - self.width, top + side - self.height, 0)
                              for t in range(len(locations)) for left, top, side in self.patches(t))

    def patches(self, t):
        """(left, top, side) in pixels of each scale's square at glimpse t, exactly where the sensor cropped."""
        for k in range(self.config.scales):
            side = self.config.patch * self.config.factor ** k
            top, left = patch_corners(self.locations[t:t + 1], self.height, self.width, side)
            yield int(left[0]), int(top[0]), side

    def draw_image(self, axes, t):
        """The image, the squares of glimpse t, and the path up to it."""
        # In pixel edges: (0, 0) is the top-left corner of the image.
        axes.imshow(self.image.transpose(1, 2, 0).squeeze(), cmap='gray', vmin=0, vmax=1,
                    extent=(0, self.width, self.height, 0), interpolation='nearest')
        axes.set_xlim(-self.margin, self.width + self.margin)
        axes.set_ylim(self.height + self.margin, -self.margin)
        axes.set_facecolor('#3b4252')
        axes.set_xticks([])
        axes.set_yticks([])
        for left, top, side in self.patches(t):
            axes.add_patch(Rectangle((left, top), side, side, fill=False, edgecolor=GAZE, linewidth=1.4))
        x, y = self.path[:t + 1].T
        axes.plot(x, y, color=GAZE, linewidth=1.2, alpha=0.8)
        axes.plot(x[:-1], y[:-1], 'o', color=GAZE, markersize=3, alpha=0.8)
        axes.plot(x[-1], y[-1], 'o', color=GAZE, markersize=6, markeredgecolor='black')

    def draw_bars(self, axes, t):
        """The probabilities after glimpse t, the true class in its own colour."""
        answer = int(self.probabilities[t].argmax())
        colours = [RIGHT if c == self.truth else WRONG if c == answer and self.truth is not None else OTHER
                   for c in self.shown]
        axes.bar(range(len(self.shown)), self.probabilities[t, self.shown], color=colours)
        axes.set_xlim(-0.6, len(self.shown) - 0.4)
        axes.set_ylim(0, 1)
        axes.set_yticks([0, 0.5, 1])
        names = [short(self.config.classes[c]) for c in self.shown]
        long = max(map(len, names)) > 2
        slanted = dict(rotation=45, ha='right', rotation_mode='anchor')
        axes.set_xticks(range(len(names)), names, **(slanted if long else {}))
        axes.tick_params(labelsize=8)
        for label, c in zip(axes.get_xticklabels(), self.shown):
            if c == self.truth:
                label.set_color(RIGHT)
                label.set_fontweight('bold')
        axes.spines[['top', 'right']].set_visible(False)

    def verdict(self, t):
        """The answer after glimpse t, its colour, and the truth, as (text, colour)."""
        answer = int(self.probabilities[t].argmax())
        text = f'says {short(self.config.classes[answer])} ({self.probabilities[t, answer]:.0%})'
        if self.truth is None:
            return text, 'black'
        return f'{text}, is {short(self.config.classes[self.truth])}', RIGHT if answer == self.truth else WRONG


def short(name):
    """A class's name, shortened if it is long."""
    return shortened(name, LONGEST)


def watch(model, images, truths, rng, policy='learned'):
    """Rolls a model out, and collects its episodes for drawing.

    Args:
        model: a model with ``rollout`` and ``classify``.
        images: uint8 array (N, C, H, W), or native Pictures, on the CPU.
        truths: int array (N,), or None.
        rng: generator of the model's device; draws the first locations.
        policy: see ``RecurrentAttentionModel.rollout``.

    Returns:
        list of N Scenes.
    """
    with chainer.using_config('train', False), chainer.no_backprop_mode():
        episode = model.rollout(tasks.send(model.device, images), rng, policy)
        probabilities = F.softmax(model.classify(episode.states), axis=2).array
    locations, probabilities = cuda.to_cpu(episode.locations), cuda.to_cpu(probabilities)
    return same_scale([
        scene_of(images, i, locations[:, i], probabilities[:, i], None if truths is None else int(truths[i]),
                 model.config) for i in range(len(images))])


def scene_of(images, i, *rest):
    """The Scene of image i of a uint8 array (N, C, H, W), or of native Pictures; ``rest`` are its other arguments."""
    if isinstance(images, Pictures):
        return Scene(to_float(images.reduced(i, MOST_PIXELS)), *rest, images.size(i))
    return Scene(to_float(images[i]), *rest)


def same_scale(scenes):
    """The Scenes, with the largest margin of them all."""
    for scene in scenes:
        scene.margin = max(other.margin for other in scenes)
    return scenes


def frame(scenes, t):
    """One frame: the scenes side by side at glimpse t, the bars below them.

    Returns:
        PIL image, RGB.
    """
    figure = Figure(figsize=(3.0 * len(scenes) + 0.3, 4.6), dpi=80, layout='constrained')
    axes = figure.subplots(2, len(scenes), squeeze=False, height_ratios=[3, 1])
    steps = len(scenes[0].locations)
    figure.suptitle(f'glimpse {t + 1} of {steps}', fontsize=11)
    for scene, (above, below) in zip(scenes, axes.T):
        scene.draw_image(above, t)
        text, colour = scene.verdict(t)
        above.set_title(text, fontsize=10, color=colour)
        scene.draw_bars(below, t)
    axes[1, 0].set_ylabel('probability', fontsize=9)
    for below in axes[1, 1:]:
        below.set_yticklabels([])
    return picture(figure)


def gif(scenes, milliseconds=700):
    """An animated GIF with a frame for each glimpse; the last one is shown three times as long.

    Args:
        scenes: list of Scenes with the same number of glimpses.
        milliseconds: how long a frame is shown.

    Returns:
        bytes.
    """
    frames = [frame(scenes, t) for t in range(len(scenes[0].locations))]
    return animation(frames, [milliseconds] * (len(frames) - 1) + [3 * milliseconds])


def contact_sheet(scenes):
    """A PNG of whole episodes: a row for each scene, a column for each glimpse, the answer under each.

    Returns:
        bytes.
    """
    steps = len(scenes[0].locations)
    figure = Figure(figsize=(2.2 * steps + 0.2, 2.45 * len(scenes) + 0.3), dpi=80, layout='constrained')
    axes = figure.subplots(len(scenes), steps, squeeze=False)
    for scene, row in zip(scenes, axes):
        for t, cell in enumerate(row):
            scene.draw_image(cell, t)
            text, colour = scene.verdict(t)
            text = text if len(text) <= WIDE else text.replace(', is ', ',\nis ')
            cell.set_xlabel(text, fontsize=8, color=colour)
    for t, cell in enumerate(axes[0]):
        cell.set_title(f'glimpse {t + 1}', fontsize=9)
    return png(figure)
