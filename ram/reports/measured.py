"""The errors of all models in a folder, row by row of the paper's tables."""
import dataclasses
import pathlib
import sys

from datasets import shown
from datasets.progress import progress
from ram import checkpoint
from ram.registry import REPORTS
from ram.reports.published import row_of
from ram.reports.tables import mean_of_seeds


def measure_folder(folder, arguments, device):
    """Measures the models (*.npz) in a folder; says on stderr which of them belong in no row.

    Args:
        folder: the folder.
        arguments: what a report needs, see ``ram.reports.scene_report.SceneReport``.
        device: chainer device.

    Returns:
        dict by Row, as ``tables.make_tables`` takes it.

    Raises:
        FileNotFoundError: there is no model.
        ValueError: a file is no model, or two models that are no runs of one recipe would be in one row.
    """
    runs, paths = {}, sorted(pathlib.Path(folder).glob('*.npz'))
    if not paths:
        raise FileNotFoundError(f'there is no model (*.npz) in {folder}')
    for path in paths:
        model = checkpoint.load_model(path)
        row, seed = row_of(model.config), model.config.seed
        if row is None:
            print(f'{shown.text(path)} belongs in no row of the tables and is left out', file=sys.stderr)
        elif seed in runs.setdefault(row, {}):
            raise ValueError(f'{path}: another model in {folder} has the same row and seed: {row}, {seed}')
        else:
            check_seed(path, model, runs[row].values())
            runs[row][seed] = path, model
    with progress('measuring', sum(map(len, runs.values())), 'models') as bar:
        def measured(path, model):
            model.to_device(device)
            result = REPORTS[model.goal](model, arguments, device).result
            bar.update()
            return {**result, 'name': path.stem, 'epoch': model.config.epoch, 'init': model.provenance['init']}

        return {row: mean_of_seeds([measured(*found[seed]) for seed in sorted(found)]) for row, found in runs.items()}


def check_seed(path, model, others):
    """Raises ValueError if a model's training differs from that of others of its row in more than seed and epochs.

    Args:
        path, model: the model with its file.
        others: (path, model) of those.  A control leaves fields unused, so only models with a gaze are compared.
    """
    def recipe(model):
        return {**dataclasses.asdict(model.config), 'init': model.provenance['init'], 'seed': None, 'epoch': None}

    for other, one in others if model.gaze else ():
        known = recipe(one)
        changes = [f'{name} {value}' for name, value in recipe(model).items() if value != known[name]]
        if changes:
            raise ValueError(f'{path} differs from {other} in more than the seed, and would be in one row with it: it '
                             f'has {", ".join(changes)}')
