"""The published errors in results/published.csv, and which of them were measured in the same way as ours."""
import csv
import pathlib
from dataclasses import dataclass
from typing import NamedTuple

from ram.registry import DATASETS, MODELS

PATH = pathlib.Path(__file__).parents[2] / 'results' / 'published.csv'
PAPER = 'NIPS 2014'
TITLES = {'mnist28': 'Table 1a: 28 x 28 MNIST', 'translated60': 'Table 1b: 60 x 60 translated MNIST',
          'cluttered60': 'Table 2a: 60 x 60 cluttered translated MNIST',
          'cluttered100': 'Table 2b: 100 x 100 cluttered translated MNIST',
          'pairs100': 'Beyond the paper: which two digits, 100 x 100',
          'addition100': 'Beyond the paper: the sum of two digits, 100 x 100',
          'svhn32': 'Beyond the paper: SVHN', 'svhn64': 'Beyond the paper: SVHN on 64 x 64 streets',
          'street32': 'Beyond the paper: street digits (a stand-in for SVHN)',
          'street64': 'Beyond the paper: street digits (a stand-in for SVHN) on 64 x 64 streets'}
USUAL_START = 'random first glimpse'
# These notes leave it open whether the protocol is ours.  Such figures count as comparable, and show their note.
DOUBTFUL = {'mean of 10 noisy runs', 'averaging at test not stated'}


class Row(NamedTuple):
    """What a figure belongs to; figures of one Row can be compared if they have the same protocol.

    Attributes:
        task: the task as in the column of the file, such as 'cluttered60'.
        model: 'ram', 'ram random locations', 'conv 2 layers' and so on.
        glimpses: int; None for a control.
        start: where the first glimpse goes, such as USUAL_START; '' for a control.
    """
    task: str
    model: str
    glimpses: int | None
    start: str

    @property
    def attends(self):
        """Whether the model learns where to look."""
        return self.glimpses is not None and ' locations' not in self.model


@dataclass(frozen=True)
class Published:
    """A published error.

    Attributes:
        source: who published it.
        row: its Row.
        retina: (patch, scales), as texts; empty texts for a control, and where they are not stated.
        error: the test error in percent.
        protocol: how it was measured: where the first glimpse goes, then notes.
    """
    source: str
    row: Row
    retina: tuple
    error: float
    protocol: str

    @property
    def notes(self):
        """What the protocol says besides the first glimpse, a text; '' if nothing."""
        return self.protocol.removeprefix(self.row.start).lstrip(';, ')

    @property
    def single_pass(self):
        """Whether each image was looked at once, as far as is known, and nothing else differs from the paper."""
        return not self.notes or self.notes in DOUBTFUL


def read(path=PATH):
    """The published errors: list of Published."""
    with open(path, newline='') as file:
        return [Published(
            line['source'],
            Row(line['task'], line['model'], int(line['glimpses']) if line['glimpses'] else None,
                line['protocol'].replace(';', ',').split(', ')[0]),
            (line['patch'], line['scales']), float(line['test_error_percent']), line['protocol'])
            for line in csv.DictReader(file)]


def retinas(figures):
    """The paper's retina for each task: dict of (patch, scales) by task."""
    return {figure.row.task: figure.retina for figure in figures if figure.source == PAPER and figure.row.attends}


def row_of(config):
    """The Row of a model of ours; None if its task is in no table, or its retina or digits are not the paper's."""
    task, model = DATASETS[config.dataset].table(config), MODELS[config.model].row(config)
    return Row(task, *model) if task in TITLES and model else None


def comparable(figures, row):
    """The published figures of a Row of ours that have its protocol.

    They are of the same model, with as many glimpses, the same first glimpse and the paper's retina, and each image was
    looked at once.
    """
    retina = retinas(figures).get(row.task)
    return [figure for figure in figures if figure.row == row and figure.single_pass
            and (row.glimpses is None or figure.retina == retina)]


def related(figures, row):
    """The published figures of any protocol: for a model that chooses where to look, of all such models."""
    def same(other):
        if (other.task, other.glimpses) != (row.task, row.glimpses):
            return False
        return other.attends if row.attends else other.model == row.model
    return [figure for figure in figures if same(figure.row)]


def lowest(figures):
    """The figure with the lowest error, the first of equal ones; None if there is none."""
    return min(figures, key=lambda figure: figure.error, default=None)
