"""One image with its episode: where the model looked, what its retina covered, and what it thought."""
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from ram.networks.glimpse_sensor import patch_corners
from ram.pictures.canvas import LONGEST, colours, names_within
from ram.pictures.drawing import GAZE, INK, OTHER, RIGHT, RIGHT_BAR, WRONG, WRONG_BAR
from ram.pictures.lettering import labels
from ram.registry import MODELS

ROWS = 10       # largest number of classes that have a bar
NAME = 1.36     # inches for a class's name in front of a bar


class Scene:
    """An episode, ready to draw.

    Args:
        image: float array (C, H, W) in [0, 1], C = 1 or 3.
        locations: float array (T, 2), columns (x, y) in [-1, 1].
        retina: float array (T, K, C, g, g) in [0, 1], what the sensor saw.
        probabilities: float array (T, classes), after each glimpse.
        truth: the true class, or None if it is unknown.
        config: the Config that gives the retina and the classes.
        size: height and width in pixels; by default those of ``image``, which may be a reduced form.

    Attributes:
        outputs: the names of what the probabilities are of.
        rows: the largest number of them that have a bar.
    """
    rows = ROWS

    def __init__(self, image, locations, retina, probabilities, truth, config, size=None):
        self.image, self.locations, self.retina, self.probabilities = image, locations, retina, probabilities
        self.truth, self.config = truth, config
        self.outputs = MODELS[config.model].outputs(config)
        self.names, self.short = labels(self.outputs, LONGEST), names_within(self.outputs, NAME)
        self.height, self.width = size or image.shape[-2:]
        self.path = (locations + 1) / 2 * [self.width, self.height]
        # What is shown, in pixels: the image, and as much outside as the finest patches of the episode reach.
        fine = [next(iter(self.patches(t))) for t in range(len(locations))]
        self.left, self.top = (min(0, *(patch[axis] for patch in fine)) for axis in (0, 1))
        self.right, self.bottom = (max(length, *(patch[axis] + patch[2] for patch in fine))
                                   for axis, length in enumerate((self.width, self.height)))
        self.shape = (self.bottom - self.top) / (self.right - self.left)

    @staticmethod
    def mistakes(logits, labels):
        """Which answers of an Episode are wrong: bool array (B,); both arguments are on the CPU."""
        return logits.argmax(axis=1) != labels

    def __len__(self):
        """The number of frames."""
        return len(self.locations)

    def title(self, number, t):
        """Words above frame t of the scene with this number, from 1."""
        return f'Scene {number}: glimpse {t + 1} of {len(self)}'

    def patches(self, t):
        """(left, top, side) in pixels of each scale's square at glimpse t, exactly where the sensor cropped."""
        for k in range(self.config.scales):
            side = self.config.patch * self.config.factor ** k
            top, left = patch_corners(self.locations[t:t + 1], self.height, self.width, side)
            yield int(left[0]), int(top[0]), side

    def draw_image(self, axes, t, thick=1):
        """The image, the squares of glimpse t, cut where the picture ends, and the path up to it.

        Args:
            axes: matplotlib Axes.
            t: the glimpse, from 0.
            thick: scales the lines.
        """
        # In pixel edges: (0, 0) is the top-left corner of the image.
        axes.imshow(colours(self.image), extent=(0, self.width, self.height, 0))
        axes.set_xlim(self.left, self.right)
        axes.set_ylim(self.bottom, self.top)
        edge = [withStroke(linewidth=2.6 * thick, foreground='black', alpha=0.7)]  # so that lines are seen on white
        for left, top, side in self.patches(t):
            axes.add_patch(Rectangle((left, top), side, side, fill=False, edgecolor=GAZE, linewidth=1.6 * thick,
                                     path_effects=edge))
        x, y = self.path[:t + 1].T
        axes.plot(x, y, color=GAZE, linewidth=1.2 * thick, path_effects=edge)
        axes.plot(x[:-1], y[:-1], 'o', color=GAZE, markersize=3 * thick, markeredgewidth=thick)
        axes.plot(x[-1], y[-1], 'o', color=GAZE, markersize=7 * thick, markeredgecolor='black', markeredgewidth=thick)

    def answer(self, t):
        """The class that is likeliest after glimpse t: int."""
        return int(self.probabilities[t].argmax())

    def wanted(self, t):
        """The right answer after glimpse t: int, or None if it is unknown."""
        return self.truth

    def bar(self, c, t):
        """What it thinks of class c after glimpse t: (name, probability, colour)."""
        wanted = self.wanted(t)
        colour = RIGHT_BAR if c == wanted else OTHER
        if wanted is not None and c == self.answer(t) != wanted:
            colour = WRONG_BAR
        return self.short[c], float(self.probabilities[t, c]), colour

    def thoughts(self, t):
        """Captions with bars: what it thinks after glimpse t.

        Of many classes there are bars for those that are likeliest when it answers, and for the truth.

        Returns:
            list of (caption, list of (name, share, colour)).
        """
        wanted = self.wanted(t)
        likeliest = [c for c in self.probabilities[self.answered(t)].argsort()[::-1].tolist() if c != wanted]
        shown = ([] if wanted is None else [wanted]) + likeliest
        return [('What it thinks', [self.bar(c, t) for c in sorted(shown[:self.rows])])]

    def answered(self, t):
        """The glimpse that ends with the answer to which glimpse t belongs, from 0."""
        return len(self.probabilities) - 1

    def words(self, t):
        """The answer after glimpse t, and whether it is right: list of (text, colour)."""
        answer = self.answer(t)
        said = f'{"Answer" if t == len(self) - 1 else "So far"}: {self.names[answer]}', INK
        if self.truth is None:
            return [said]
        wrong = f'Wrong: it is {self.names[self.truth]}', WRONG
        return [said, ('Right', RIGHT) if answer == self.truth else wrong]
