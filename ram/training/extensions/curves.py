"""Pictures of the loss and the error of a run over the epochs."""
import pathlib
import time

from chainer import training
from matplotlib.figure import Figure

from ram import safe_files
from ram.pictures.drawing import png

SECONDS = 30  # between two drawings: in a small run, drawing takes as long as an epoch


class Curves(training.Extension):
    """Draws keys of the log over the epochs into pictures, at most every half minute and at the end.

    Args:
        pictures: for each picture, by the name of its file, a list of keys of the log.
    """
    name = 'curves'
    trigger = 1, 'epoch'
    priority = -10  # after the log

    def __init__(self, **pictures):
        self.pictures, self.log, self.out, self.drawn, self.shown = pictures, [], None, -SECONDS, 0

    def __call__(self, trainer):
        self.log, self.out = trainer.get_extension('LogReport').log, pathlib.Path(trainer.out)
        if time.monotonic() - self.drawn >= SECONDS:
            self.draw()

    def finalize(self):
        if self.shown < len(self.log):
            self.draw()

    def draw(self):
        """Writes the pictures."""
        self.drawn, self.shown = time.monotonic(), len(self.log)
        for name, keys in self.pictures.items():
            figure = Figure(figsize=(6.4, 4.2), layout='constrained')
            axes = figure.subplots()
            for key in keys:
                entries = [entry for entry in self.log if key in entry]
                points = zip(*((entry['epoch'], entry[key]) for entry in entries))
                axes.plot(*points, marker='.', label=key)
            axes.set_xlabel('epoch')
            axes.grid(alpha=0.3)
            axes.legend()
            with safe_files.replacing(self.out / f'{name}.png') as file:
                file.write(png(figure))
