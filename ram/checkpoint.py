"""The files that training writes: self-describing models, and snapshots to resume from."""
import dataclasses
import json
import os
import pathlib

import numpy as np
from chainer.serializers import DictionarySerializer, NpzDeserializer

from ram import provenance, safe_files
from ram.config import Config
from ram.registry import DATASETS, make_model

# In the folder of a run; INIT is the model that it started from, if any.
SNAPSHOT, MODEL, INIT = FILES = 'snapshot.npz', 'model.npz', 'init.npz'
NONE = 'keys of None'
ANSWERS = '/logits/W', '/logits/b'  # how the names of the parameters end that have a row for each answer


def save_model(path, model, made=None, half=False):
    """Writes model.npz: the weights; under 'config' the whole Config as JSON; under 'origin' the provenance.

    Args:
        path: the file.
        model: the model.
        made: dict of str by str, see :func:`ram.provenance.current`.
        half: whether to write the weights as float16, which halves the file.  A weight changes by at most 2^-11 of its
            size, or 2^-25 if it is below 2^-14.  If one is beyond float16's range, all are written as float32.

    Raises:
        FloatingPointError: a weight is not finite; nothing is written.
    """
    serializer = DictionarySerializer()
    serializer.save(model)
    weights = serializer.target
    check_finite(weights)
    if half:
        with np.errstate(over='ignore'):
            rounded = {name: array.astype(np.float16) for name, array in weights.items()}
        if all(np.isfinite(array).all() for array in rounded.values()):
            weights = rounded
    safe_files.write(path, {**weights, 'config': np.array(model.config.to_json()),
                            'origin': np.array(json.dumps(made or {}))})


def model_file(path):
    """The file of a model, a pathlib.Path: ``path``, or if that is the folder of a run, its best model."""
    if not isinstance(path, str | os.PathLike):
        raise ValueError('a model is named by the path of its file, or of the folder of its run, not by something of '
                         f'type {type(path).__qualname__}')
    path = pathlib.Path(path)
    return path / MODEL if path.is_dir() else path


def name_of(path):
    """The name of a model: that of its file, or of the run's folder if the file is model.npz, as all runs have it."""
    path = model_file(path)
    return path.resolve().parent.name if path.name == MODEL else path.name.removesuffix('.npz')


def load_model(path, images=None, largest=None):
    """Reads a model that :func:`save_model` wrote.

    It also reads a file of weights that the archived repository wrote.

    Args:
        path: the file, or the folder of a run.
        images: for a model of the datasets folder and text, where the pictures are now, if not where its Config says.
        largest: for such a model, the megapixels of the largest pictures to be read, if others than its Config says.

    Returns:
        The model, on the CPU; its Config is ``model.config``, and ``model.provenance`` is a dict, see
        :mod:`ram.provenance`, of which 'init' is always known.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is not such a model, or its weights disagree with its Config.
    """
    path = model_file(path)
    arrays = safe_files.read(path)
    try:
        config = archived_config(arrays)
        if not config:
            if 'config' not in arrays:
                raise ValueError('it holds no Config')
            config = Config.from_json(str(arrays.pop('config')))
        made = provenance.from_json(str(arrays.pop('origin', '{}')))
        if config.largest_layer > sum(array.size for array in arrays.values()):
            raise ValueError('it does not fit its Config, which needs more weights than the file has')
        model = make_model(config)
    except ValueError as error:
        raise ValueError(f'{path} is not a model: {error}') from None
    load_weights(path, model, arrays)
    model.provenance = made
    changes = {name: value for name, value in (('images', images), ('largest', largest)) if value is not None}
    if changes:
        own = [name for name, task in DATASETS.items() if 'images' not in task.unused]
        if config.dataset not in own:
            raise ValueError(f'{path} is a model of {config.dataset}; {" and ".join(changes)} are for those of the '
                             f'datasets {" and ".join(own)}')
        model.config = dataclasses.replace(config, **changes)
    return model


def load_weights(path, model, arrays):
    """Copies arrays into a model's parameters; float16 becomes float32.

    Raises:
        ValueError: names, shapes or types disagree, or a weight is infinite or NaN; the message names ``path``.
    """
    serializer = DictionarySerializer()
    serializer.save(model)
    expected = serializer.target
    if set(arrays) != set(expected):
        odd = sorted(set(arrays) ^ set(expected))
        raise ValueError(f'{path} does not fit its Config: {odd[0]} is '
                         f'{"missing" if odd[0] in expected else "unknown"}')
    arrays = {name: array.astype(np.float32) if array.dtype == np.float16 else array for name, array in arrays.items()}
    for name, array in arrays.items():
        if array.shape != expected[name].shape or array.dtype != expected[name].dtype:
            raise ValueError(f'{path} does not fit its Config: {name} is {array.dtype} {array.shape}, '
                             f'not {expected[name].dtype} {expected[name].shape}')
        if not np.isfinite(array).all():
            raise ValueError(f'{path} has weights that are infinite or NaN, in {name}: its answers mean nothing')
    NpzDeserializer(arrays).load(model)


def start_from(path, model):
    """Copies the weights of another model into a model, where their sizes fit, before it is trained.

    A layer of answers that has another size gets the weights of those answers that have the same name in both models,
    such as the ten digits of a model that reads whole numbers.

    Args:
        path: the other model's file, see :func:`load_model`.
        model: the model.

    Returns:
        list of the names of the parameters that do not fit, and do not change; or how many of their rows do not.

    Raises: as :func:`load_model`; and ValueError if nothing fits.
    """
    other = load_model(path)
    given, afresh = dict(other.namedparams()), []
    places = {name: row for row, name in enumerate(other.outputs(other.config))}
    rows = [(row, places[name]) for row, name in enumerate(model.outputs(model.config)) if name in places]
    for name, parameter in model.namedparams():
        known = given.get(name)
        if known is not None and known.shape == parameter.shape:
            parameter.copydata(known)
        elif known is not None and rows and name.endswith(ANSWERS) and known.shape[1:] == parameter.shape[1:]:
            for row, old in rows:
                parameter.array[row] = known.array[old]
            afresh.append(f'{name.lstrip("/")} ({len(parameter.array) - len(rows)} of {len(parameter.array)} rows)')
        else:
            afresh.append(name.lstrip('/'))
    if len(afresh) == len(list(model.params())):
        raise ValueError(f'{path} has no weights of the right sizes')
    return afresh


def check_finite(arrays):
    """Raises FloatingPointError, which names one of the arrays (dict by name), if they are not all finite."""
    for name, array in arrays.items():
        if array.dtype.kind != 'f':
            continue
        # A single number may be infinite, as the best error before any validation.
        wrong = np.isnan(array) if array.ndim == 0 else ~np.isfinite(array)
        if wrong.any():
            raise FloatingPointError(f'{name.rpartition(":main/")[2]} is not finite')


def save_snapshot(path, trainer):
    """Writes everything that a run needs to continue as if it had never stopped.

    Raises:
        FloatingPointError: a weight, or another array, is not finite; nothing is written.
    """
    serializer = DictionarySerializer()
    serializer.save(trainer)
    arrays = {key: value for key, value in serializer.target.items() if value.dtype != object}
    check_finite(arrays)
    nothing = sorted(set(serializer.target) - set(arrays))
    safe_files.write(path, {**arrays, NONE: np.array('\n'.join(nothing))})


def load_snapshot(path, trainer, arrays=None):
    """Loads a file of :func:`save_snapshot` into a trainer that was built alike; raises as :func:`load_model`.

    Args:
        path: the file.
        trainer: the trainer.
        arrays: the arrays of the file, if it was read already, see :func:`ram.safe_files.read`.
    """
    arrays = dict(arrays or safe_files.read(path))
    if NONE not in arrays:
        raise ValueError(f'{path} is not a snapshot')
    arrays.update({key: np.asarray(None) for key in str(arrays.pop(NONE)).split('\n') if key})
    try:
        check_finite(arrays)
        _SameShapes(_of_this_version(arrays)).load(trainer)
        done, drawn = trainer.updater.iteration, trainer.updater.get_iterator('main').iteration
        if done != drawn:
            raise ValueError(f'it is of iteration {done}, but after {drawn} batches')
    except FloatingPointError as error:  # older versions wrote such snapshots
        raise ValueError(f'{path} cannot be continued: {error}') from None
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(f'{path} is not a snapshot of this run: {error}') from None


class _SameShapes(NpzDeserializer):
    """Chainer's reader of arrays by name; it refuses other shapes, which NumPy would stretch without a word."""

    def __getitem__(self, key):
        return _SameShapes(self.npz, f'{self.path}{key.strip("/")}/')

    def __call__(self, key, value):
        name = self.path + key.lstrip('/')
        array = self.npz[name]
        if array[()] is not None and hasattr(value, 'shape') and array.shape != value.shape:
            raise ValueError(f'{name} is {array.shape}, not {value.shape}')
        return super().__call__(key, value)


def _of_this_version(arrays):
    """The arrays of a snapshot, under the names of this version.

    Older versions, and runs on a GPU, did not store the number of threads; older ones, how long the gaze has been
    stuck.  An older version did not store the number
    of batches.  One before it kept the state of each process's generator.
    Now random numbers depend on the iteration alone, so such a run goes on with other numbers than it would have drawn
    then.
    """
    batches, states = 'updater/iterator:main/iteration', 'extensions/snapshot/states'
    arrays = {'extensions/threads/threads': np.asarray(0), 'extensions/stuck_gaze/epochs': np.asarray(0), **arrays}
    if 'updater/iteration' in arrays:
        arrays = {batches: arrays['updater/iteration'], **arrays}
    if states not in arrays:
        return arrays
    triggers = {key.replace('/PlotReport/', '/curves/'): value for key, value in arrays.items()
                if key.startswith('extension_triggers/PlotReport/')}
    return {**arrays, **triggers, 'extensions/snapshot/processes': np.asarray(len(json.loads(str(arrays[states]))))}


def archived_config(arrays):
    """The Config of a weight file that the archived repository wrote; None if the arrays are not such a file.

    Args:
        arrays: dict of the file's arrays by name.
    """
    layout = {f'{name}/{part}' for name in ('ll1', 'lrho1', 'lh1', 'lh2', 'lstm/upward', 'ly', 'll', 'lb')
              for part in 'Wb'} | {'lstm/lateral/W'}
    if set(arrays) != layout or arrays['lrho1/W'].ndim != 2 or arrays['lh2/b'].ndim != 1:
        return None
    unit, retina = arrays['lrho1/W'].shape
    return Config(dataset='mnist', model='archived', size=28, patch=int(retina ** 0.5), scales=1, sigma=0.03,
                  unit=unit, hidden=len(arrays['lh2/b']))
