"""The folder of a run: a new one, or an old one to resume."""
import contextlib
import dataclasses
import pathlib

from ram import checkpoint, config, safe_files, tasks
from ram.training.extensions import log

MAY_CHANGE = 'epoch', 'images'  # when a run is resumed
WRITTEN = *checkpoint.FILES, log.FILE, 'loss.png', 'error.png'  # all that safe_files.replacing writes into the folder


def new_run(arguments):
    """The Config of train.py's flags, the folder for the run, and None, since it continues no other.

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
    _check_unused(out, arguments.init)
    return chosen, out, None


def old_run(arguments):
    """The Config of the run to resume, in which only a few values may change, the folder to continue in, and its own.

    Raises:
        FileNotFoundError: there is no such run.
        ValueError: a flag changes a value that may not change.
    """
    run = pathlib.Path(arguments.resume)
    if arguments.init:
        raise ValueError('--init is for a new run, and --resume continues an old one')
    if not (run / checkpoint.CONFIG).exists():
        raise FileNotFoundError(f'cannot resume {run}: it has no {checkpoint.CONFIG}')
    old = config.Config.from_json((run / checkpoint.CONFIG).read_bytes())
    given = vars(arguments)
    if arguments.preset:  # the rest of a preset may depend on other flags, or on the data
        preset = config.PRESETS[arguments.preset]
        given = {'dataset': preset.dataset, 'model': preset.model, **given}
    for field in dataclasses.fields(old):
        new, kept = given.get(field.name), getattr(old, field.name)
        if new is not None and new != kept and field.name not in MAY_CHANGE:
            raise ValueError(f'--{field.name.replace("_", "-")} {new}: the run in {run} has {kept}, and only --epoch '
                             'and --images may change when a run is resumed')
    out = pathlib.Path(arguments.out) if arguments.out else run
    safe_files.check_folder(out, f'--out {out}' if arguments.out else f'--resume {run}', new=True)
    if out.resolve() == run.resolve():
        out = run
    else:
        _check_unused(out)
    return dataclasses.replace(old, **{name: given[name] for name in MAY_CHANGE if name in vars(arguments)}), out, run


def model_to_start_from(run, arguments):
    """The file of the model that a run starts from; None for random weights, or where a snapshot is continued.

    Args:
        run: the folder of the run that is resumed, or None.
        arguments: those of train.py.
    """
    if run is None:
        return arguments.init
    starts = (run / checkpoint.INIT).exists() and not (run / checkpoint.SNAPSHOT).exists()
    return run / checkpoint.INIT if starts else None


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
def entered(out, run, arguments):
    """A context in which a run has its folder for itself, with the files that it starts from.

    If an error ends it before the run's Config is written, these files are removed: the command can be repeated.

    Args:
        out: the folder; it must exist.
        run: the folder of the run that is resumed, or None.
        arguments: those of train.py.

    Raises:
        ValueError: another process has the folder, or another run has begun in it.
    """
    copied = []
    with safe_files.alone_in(out, WRITTEN):
        try:
            if out != run:
                _check_unused(out, arguments.init)
                if run:
                    names = [name for name in (*checkpoint.FILES, log.FILE) if name != checkpoint.CONFIG]
                    files = {run / name: out / name for name in names if (run / name).exists()}
                else:  # a model to start from is kept with the run, which may be killed before its first snapshot
                    files = {pathlib.Path(arguments.init): out / checkpoint.INIT} if arguments.init else {}
                for source, target in files.items():
                    if not target.exists():
                        _copy(source, target)
                        copied.append(target)
            yield
        except BaseException:
            if not (out / checkpoint.CONFIG).exists():
                for target in copied:
                    target.unlink(missing_ok=True)
            raise


def _check_unused(out, init=None):
    """Raises ValueError if the folder holds files of a run, except for the model that this one starts from."""
    if (out / checkpoint.CONFIG).exists():
        raise ValueError(f'{out} holds a run already: resume it with --resume {out}, or choose another --out')
    for file in out / checkpoint.MODEL, out / checkpoint.SNAPSHOT, out / checkpoint.INIT:
        same = file.name == checkpoint.INIT and init and file.exists() and (
            file.read_bytes() == pathlib.Path(init).read_bytes())
        if file.exists() and not same:
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
