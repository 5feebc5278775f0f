"""The log of a run: its file, and its lines on the screen."""
import json
import pathlib
import sys

from chainer.training import extensions

from datasets import shown
from ram import safe_files

FILE = 'log'
ERASE = '\033[J'  # erases the progress bar below the cursor


class Log(extensions.LogReport):
    """Chainer's LogReport, whose file is written as all of a run's are, so that an error names the file itself."""
    default_name = 'LogReport'  # Chainer's other extensions look for it, and older snapshots have it

    def __init__(self):
        super().__init__(log_name=None)

    def __call__(self, trainer):
        before = len(self.log)
        super().__call__(trainer)
        if len(self.log) > before:
            with safe_files.replacing(pathlib.Path(trainer.out) / FILE, 'w') as file:
                json.dump(self.log, file, indent=4)


class Printed:
    """Stdout for Chainer's PrintReport, which erases a progress bar before each line, even in a file."""

    def write(self, text):
        sys.stdout.write(text if shown.overwrites(sys.stdout) else text.replace(ERASE, ''))

    def flush(self):
        sys.stdout.flush()
