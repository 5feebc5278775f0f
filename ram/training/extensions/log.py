"""The log of a run, a file."""
import json
import pathlib

from chainer.training import extensions

from ram import safe_files

FILE = 'log'


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
