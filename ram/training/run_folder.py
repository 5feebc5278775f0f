"""The folder of a run: a new one, or an old one to resume."""
import contextlib
import dataclasses
import pathlib

from ram import checkpoint, config, safe_files, tasks

MAY_CHANGE = 'epoch', 'images'  # when a run is resumed


def new_run(arguments):
    """The Config of train.py's flags, and a new folder for the run.

    Raises:
        ValueError: a flag is out of range, or the folder holds a run already.
    """
    chosen = tasks.completed(config.from_flags(arguments))
    if arguments.init:
        checkpoint.load_model(arguments.init)  # an error, if any, comes before the folder exists
    name = arguments.preset or chosen.dataset
    out = _fresh(pathlib.Path(arguments.out) if arguments.out else _unused(pathlib.Path('result') / name))
    if arguments.init:  # kept with the run, which may be killed before its first snapshot
        _copy(arguments.init, out / checkpoint.INIT)
    return chosen, out


def old_run(arguments):
    """The Config of the run to resume, in which only a few values may change, and the folder to continue in.

    Raises:
        FileNotFoundError: there is no such run.
        ValueError: a flag changes a value that may not change.
    """
    run = pathlib.Path(arguments.resume)
    if arguments.init:
        raise ValueError('--init is for a new run, and --resume continues an old one')
    if not (run / checkpoint.CONFIG).exists():
        raise FileNotFoundError(f'{run} is no run that can be resumed: it has no {checkpoint.CONFIG}')
    old = config.Config.from_json((run / checkpoint.CONFIG).read_text())
    given = vars(config.PRESETS[arguments.preset]) if arguments.preset else {}
    given = {**given, **vars(arguments)}
    for field in dataclasses.fields(old):
        new, kept = given.get(field.name), getattr(old, field.name)
        if new is not None and new != kept and field.name not in MAY_CHANGE:
            raise ValueError(f'--{field.name.replace("_", "-")} {new}: the run in {run} has {kept}, and only --epoch '
                             'and --images may change when a run is resumed')
    out = run
    if arguments.out and pathlib.Path(arguments.out).resolve() != run.resolve():
        out = _fresh(pathlib.Path(arguments.out))
        for name in (*checkpoint.FILES, 'log'):
            if (run / name).exists() and name != checkpoint.CONFIG:
                _copy(run / name, out / name)
    return dataclasses.replace(old, **{name: given[name] for name in MAY_CHANGE if name in vars(arguments)}), out


@contextlib.contextmanager
def kept_if_begun(out):
    """A context that removes a run's folder again if the run never began in it, so that the command can be repeated.

    A run has begun once its Config is written.  Files that are not the run's are left, and the folder with them.
    """
    try:
        yield
    finally:
        if not (out / checkpoint.CONFIG).exists():
            with contextlib.suppress(OSError):
                for name in (*checkpoint.FILES, 'log', safe_files.LOCK):
                    (out / name).unlink(missing_ok=True)
                out.rmdir()


def _fresh(out):
    """Makes a folder for a run; ValueError if it holds one."""
    if any((out / name).exists() for name in (checkpoint.MODEL, checkpoint.SNAPSHOT, checkpoint.CONFIG)):
        raise ValueError(f'{out} holds a run already: resume it with --resume {out}, or choose another --out')
    out.mkdir(parents=True, exist_ok=True)
    (out / checkpoint.INIT).unlink(missing_ok=True)  # a run that was killed before it began may have left it
    return out


def _copy(source, target):
    content = pathlib.Path(source).read_bytes()
    with safe_files.replacing(target) as file:
        file.write(content)


def _unused(folder):
    """The first of folder, folder-2, folder-3, ... that does not exist."""
    number, candidate = 1, folder
    while candidate.exists():
        number += 1
        candidate = folder.with_name(f'{folder.name}-{number}')
    return candidate
