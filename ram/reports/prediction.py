"""The answers of a model for the user's own pictures."""
import pathlib

from datasets import visible
from datasets.progress import progress
from ram import tasks
from ram.registry import PREDICTIONS
from ram.reports import evaluation, stopping

BATCH = 500
NATIVE_BATCH = 16   # of pictures that keep their own size


def files_of(paths):
    """The named files, and the files in named folders, in order; of folders those that count in ``datasets.visible``.

    Args:
        paths: list of str.

    Returns:
        list of pathlib.Path.

    Raises:
        ValueError: a folder has no file in it.
    """
    files = []
    for path in map(pathlib.Path, paths):
        if path.is_dir():
            found = visible.files(path)
            if not found:
                raise ValueError(f'--predict {path}: there is no file in this folder')
            files += found
        else:
            files.append(path)
    return files


def predictions(model, files, make_rng, seed=0, repeats=10, policy=None, unreadable=lambda text: None,
                scaled=lambda white: None, as_is=False, until=None):
    """Classifies or reads files, batch by batch.

    Args:
        model: a model.
        files: list of pathlib.Path.
        make_rng, seed, repeats, policy: as for :func:`ram.reports.evaluation.evaluate`.
        unreadable: called with a text for each file that cannot be read: its name and the reason.
        scaled: called for each other file, see :func:`datasets.picture_reading.read`.
        as_is: see :func:`ram.tasks.read_picture`.
        until: the probability, a mean too, at which the looks at a picture stop; None for all glimpses.

    Yields:
        dicts: 'file', a str; what ``ram.registry.PREDICTIONS`` says of its probabilities, the means over the draws of
        the first location: 'class' or 'text', the likeliest one, a str, and its 'probability'; and 'glimpses', the
        number of them, if ``until`` is given.
    """
    rng = make_rng(seed)
    batch = NATIVE_BATCH if model.config.fit == 'native' else BATCH
    with progress('predicting', len(files), 'files') as bar:
        for start in range(0, len(files), batch):
            names, pictures = [], []
            for file in files[start:start + batch]:
                try:
                    pictures.append(tasks.read_picture(model.config, file, scaled, as_is))
                    names.append(str(file))
                except OSError as error:
                    unreadable(f'{file}: {error.strerror}')
                except ValueError as error:
                    unreadable(str(error))
                bar.update()
            if names:
                images = tasks.send(model.device, tasks.joined(model.config, pictures))
                glimpses = [{}] * len(names)
                if until is None:
                    chances = evaluation.probabilities(model, images, rng, repeats, policy)
                else:
                    chances = evaluation.probabilities_by_glimpse(model, images, rng, repeats, policy)
                    counts, chances = stopping.stop(chances, until)
                    glimpses = [{'glimpses': int(count)} for count in counts]
                for name, answer, count in zip(names, PREDICTIONS[model.goal](chances, model.config), glimpses):
                    yield {'file': name, **answer, **count}


def likeliest_class(chances, config):
    """The likeliest classes.

    Args:
        chances: float32 array (N, classes).
        config: the Config.

    Returns:
        list of dicts: 'class', its name, and 'probability'.
    """
    return [{'class': config.classes[int(chance.argmax())], 'probability': float(chance.max())} for chance in chances]
