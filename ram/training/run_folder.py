"""The folder of a run: a new one, or an old one to resume."""
import contextlib
import dataclasses
import filecmp
import os
import pathlib
import sys

from datasets import shown, visible
from ram import checkpoint, config, safe_files, tasks
from ram.registry import DATASETS
from ram.training import run as description
from ram.training.run import LOG, Run

MAY_CHANGE = 'epoch', 'images'  # when a run is resumed
WRITTEN = description.FILE, *checkpoint.FILES, LOG, 'loss.png', 'error.png'  # by safe_files.replacing


def new_run(arguments, command, processes):
    """The Run of train.py's flags, and the folder for it.

    Args:
        arguments: train.py's.
        command: the command line.
        processes: how many train together.

    Raises:
        ValueError: a flag is out of range, or the folder holds a run already.
    """
    safe_files.check_folder(arguments.out or 'result', f'--out {arguments.out}' if arguments.out else '', new=True)
    chosen = tasks.completed(config.from_flags(arguments))
    if arguments.init:
        arguments.init = checkpoint.model_file(arguments.init)
        checkpoint.load_model(arguments.init)
    name = arguments.preset or chosen.dataset
    out = pathlib.Path(arguments.out) if arguments.out else _unused(pathlib.Path('result') / name)
    _check_new(out, arguments, chosen)
    return Run(chosen, command, **description.origin(arguments.init), data=tasks.fingerprint(chosen, arguments.data),
               machine=description.machine(arguments), processes=processes), out


def old_run(old, arguments, processes):
    """A Run as it is resumed, with the few values that may change, and the folder to continue in.

    If its data have changed, it says so on stderr.

    Args:
        old: the Run in the folder of ``--resume``.
        arguments, processes: as for :func:`new_run`.

    Raises:
        FileNotFoundError: the folder lacks the snapshot that it had.
        ValueError: a flag, the number of processes or the classes in the data differ from the run's.
    """
    folder = pathlib.Path(arguments.resume)
    if arguments.init:
        raise ValueError('--init is for a new run, and --resume continues an old one')
    chosen = _changed(old.config, arguments, folder)
    if old.processes not in (0, processes):
        raise ValueError(f'the run in {folder} needs as many processes as it had, {old.processes}, not {processes}: '
                         f'{old.resume(folder)}')
    if old.iteration and not (folder / checkpoint.SNAPSHOT).exists():
        raise FileNotFoundError(f'{folder / checkpoint.SNAPSHOT} is missing, without which the run would begin again: '
                                f'put it back, or {_another(folder)}')
    out = pathlib.Path(arguments.out) if arguments.out else folder
    safe_files.check_folder(out, f'--out {out}' if arguments.out else f'--resume {folder}', new=True)
    if out.resolve() == folder.resolve():
        out = folder
    else:
        _check_new(out, arguments, chosen)
    return dataclasses.replace(old, config=chosen, data=_compared(old, chosen, arguments, folder), processes=processes,
                               machine=description.machine(arguments), finished=False), out


def _changed(old, arguments, folder):
    """A Config with the flags that may change; ValueError if others would."""
    given = vars(arguments)
    if arguments.preset:  # the rest of a preset may depend on other flags, or on the data
        preset = config.PRESETS[arguments.preset]
        given = {'dataset': preset.dataset, 'model': preset.model, **given}
    for field in dataclasses.fields(old):
        new, kept = given.get(field.name), getattr(old, field.name)
        if new is not None and new != kept and field.name not in MAY_CHANGE:
            raise ValueError(f'--{field.name.replace("_", "-")} {new}: the run in {folder} has {kept}, and only '
                             '--epoch and --images may change when a run is resumed')
    return dataclasses.replace(old, **{name: given[name] for name in MAY_CHANGE if name in given})


def _compared(old, chosen, arguments, folder):
    """The fingerprint of the data as they are; ValueError if they have other classes than the run has learned."""
    data = tasks.fingerprint(chosen, arguments.data)
    classes = DATASETS[chosen.dataset].classes or list(next(iter(data.values())))
    lost, new = ([name for name in one if name not in other]
                 for one, other in ((chosen.classes, classes), (classes, chosen.classes)))
    if lost or new:
        what = f'no longer has the class {lost[0]!r}' if lost else f'has the new class {new[0]!r}'
        raise ValueError(f'{chosen.images} {what}, and the run in {folder} keeps its classes: {_another(folder)}')
    texts = description.changes(old.data, data)
    if os.path.realpath(chosen.images) != os.path.realpath(old.config.images):
        texts.insert(0, f'they are in {chosen.images}, not in {old.config.images}')
    if texts:
        print(shown.text(f'the pictures of {folder} have changed: {"; ".join(texts)}'), file=sys.stderr)
    return data


def _another(folder):
    """The advice to start a new run instead of resuming the one in a folder, from its model if there is one."""
    model = folder / checkpoint.MODEL
    return f'start a new run with {f"--init {model} " if model.exists() else ""}--out OTHER'


def model_to_start_from(arguments):
    """The file of the model that a run starts from; None for random weights, or where a snapshot is continued.

    Args:
        arguments: those of train.py.
    """
    if not arguments.resume:
        return arguments.init
    init, snapshot = (pathlib.Path(arguments.resume) / name for name in (checkpoint.INIT, checkpoint.SNAPSHOT))
    return init if init.exists() and not snapshot.exists() else None


@contextlib.contextmanager
def making(out):
    """A context with the folder ``out``.  If it made the folder and no run begins there, it removes it again."""
    new = not out.exists()
    out.mkdir(parents=True, exist_ok=True)
    try:
        yield
    finally:
        if new and {path.name for path in out.iterdir()} <= {safe_files.LOCK}:
            (out / safe_files.LOCK).unlink(missing_ok=True)
            out.rmdir()


@contextlib.contextmanager
def entered(out, arguments):
    """A context in which a run has its folder for itself, with the files that it starts from.

    If an error ends it before the run is described there, these files are removed: the command can be repeated.  So it
    can if the process is killed, since a file that is already there may be the one that would be copied.

    Args:
        out: the folder; it must exist.
        arguments: those of train.py.

    Raises:
        ValueError: another process has the folder, or another run has begun in it.
    """
    copied, files = [], _files_to_start_from(arguments)
    with safe_files.alone_in(out, WRITTEN):
        try:
            if not arguments.resume or out != pathlib.Path(arguments.resume):
                _check_unused(out, files)
                for name, source in files.items():
                    if not (out / name).exists():
                        copied.append(out / name)
                        _copy(source, out / name)
            yield
        except BaseException:
            if not description.held(out):
                for target in copied:
                    target.unlink(missing_ok=True)
            raise


def _files_to_start_from(arguments):
    """The files that are copied into the folder of a run before it begins, a dict by the name that they get there.

    A model to start from is kept with the run, which may be killed before its first snapshot.
    """
    if arguments.resume:
        old = pathlib.Path(arguments.resume)
        return {name: old / name for name in (*checkpoint.FILES, LOG) if (old / name).exists()}
    return {checkpoint.INIT: pathlib.Path(arguments.init)} if arguments.init else {}


def _check_new(out, arguments, chosen):
    """Raises ValueError if a folder cannot be that of a new run, which has a Config."""
    if chosen.images and visible.is_within(out, chosen.images):
        raise ValueError(f'{out} is in the folder of the pictures, --images {chosen.images}, where it would be taken '
                         'for a class: choose another --out')
    _check_unused(out, _files_to_start_from(arguments))


def _check_unused(out, files):
    """Raises ValueError if a folder holds a run, or a file that a run would replace, unless it is a copy of its own.

    Args:
        out: the folder.
        files: the result of :func:`_files_to_start_from`.
    """
    if description.held(out):
        raise ValueError(f'{out} holds a run already: resume it with --resume {out}, or choose another --out')
    for name in WRITTEN:
        file = out / name
        if file.exists() and not (name in files and filecmp.cmp(file, files[name], shallow=False)):
            raise ValueError(f'{file} would be overwritten: choose another --out')


def _copy(source, target):
    content = source.read_bytes()
    with safe_files.replacing(target) as file:
        file.write(content)


def _unused(folder):
    """The first of folder, folder-2, folder-3, ... that does not exist."""
    number, candidate = 1, folder
    while candidate.exists():
        number += 1
        candidate = folder.with_name(f'{folder.name}-{number}')
    return candidate
