"""Pictures of the loss and the error of a run over the epochs."""
import pathlib
import textwrap
import time

from chainer import training
from matplotlib.figure import Figure

from ram import safe_files
from ram.pictures.drawing import png
from ram.training.extensions.quantities import is_share, words

LETTERS = 80  # in a line of the note
SECONDS = 30  # between two drawings: in a small run, drawing takes as long as an epoch


class Curves(training.Extension):
    """Draws keys of the log over the epochs into pictures, at most every half minute and at the end.

    Args:
        note: a line below a picture of shares.
        pictures: for each picture, by the name of its file, a list of keys of the log, either shares or none.
    """
    name = 'curves'
    trigger = 1, 'epoch'
    priority = -10  # after the log

    def __init__(self, note='', **pictures):
        self.note, self.pictures, self.log, self.out, self.drawn, self.shown = note, pictures, [], None, -SECONDS, 0

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
        for title, keys in self.pictures.items():
            figure = Figure(figsize=(6.4, 4.2), layout='constrained')
            axes = figure.subplots()
            share = is_share(keys[0])
            for key in keys:
                entries = [entry for entry in self.log if key in entry]
                axes.plot([entry['epoch'] for entry in entries],
                          [entry[key] * (100 if share else 1) for entry in entries], marker='.',
                          label=words(key).removesuffix(f' {title}'))
            axes.set(xlabel='epoch', ylabel=f'{title}, %' if share else title)
            axes.xaxis.get_major_locator().set_params(integer=True)
            axes.grid(alpha=0.3)
            axes.legend()
            if share:
                axes.set_ylim(bottom=0)
                figure.supxlabel('\n'.join(textwrap.wrap(self.note, LETTERS)), fontsize=9)
            with safe_files.replacing(self.out / f'{title}.png') as file:
                file.write(png(figure))
