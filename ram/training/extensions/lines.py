"""A line on the screen for each epoch."""
import sys
import textwrap

from chainer import training
from chainer.training.extensions import util

from datasets import shown
from ram.training.extensions.quantities import as_text, words

BROKEN = 10  # letters after which a column's name goes on below
WIDE = 79    # letters in a line of the note


class Lines(training.Extension):
    """Prints the log of a run as a table, an epoch a line, with shares in percent; a resumed run's from its beginning.

    Args:
        keys: keys of the log, a column each.
        note: a line above the table.
    """
    name = 'lines'
    trigger = 1, 'epoch'
    priority = -5  # after the log

    def __init__(self, keys, note=''):
        self.keys, self.printed = keys, 0
        names = [textwrap.wrap(words(key), BROKEN) for key in keys]
        height = max(map(len, names))
        self.widths = [max(7, *map(len, parts)) for parts in names]
        self.head = textwrap.wrap(note, WIDE) + [self._line(cells) for cells in zip(*(
            [''] * (height - len(parts)) + parts for parts in names))]

    def _line(self, cells):
        return '  '.join(cell.rjust(width) for cell, width in zip(cells, self.widths)).rstrip()

    def __call__(self, trainer):
        entries = trainer.get_extension('LogReport').log
        lines = [self._line([as_text(key, entry[key]) if key in entry else '' for key in self.keys])
                 for entry in entries[self.printed:]]
        if not lines:
            return
        if shown.overwrites(sys.stdout):  # a progress bar is below
            util.ProgressBar(out=sys.stdout).erase_console()
        print(*([] if self.printed else self.head), *lines, sep='\n', flush=True)
        self.printed = len(entries)
