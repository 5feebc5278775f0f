"""The description of a run: its Config, what it started from, its data, its machine, and how far it is.

It is one file in the folder of the run.  train.py writes it, and all that continues or judges the run reads it.
"""
import dataclasses
import hashlib
import json
import os
import pathlib
import shlex
from dataclasses import dataclass

from datasets import data_folder
from ram import checkpoint, provenance, safe_files
from ram.config import Config
from ram.training.extensions.log import FILE as LOG

FILE = 'run.json'
# In the folder of a run of an older version: its Config, and the command that began it.
OLDER_CONFIG, OLDER_COMMAND = 'config.json', 'command.txt'
# The flags of train.py that say where and how a run is done, not what it does, and their types.
MACHINE = dict(gpu=int, graph=bool, data=str, cache=str, snapshot=str, communicator=str)


@dataclass(frozen=True)
class Run:
    """What a run is, and how far it is.

    Attributes:
        config: the Config.
        command: the command that began it, for people to read.
        init: the name of the model that it started from; '' for random weights.
        init_sha256: the SHA-256 of that model's file; '' for random weights, or if it is unknown.
        data: the fingerprint of its data, see ``ram.tasks.fingerprint``; empty if it is unknown.
        machine: the values of the flags in MACHINE, by name; absolute paths.  The folder of the data is there even if
            it was named by $RAM_DATA, or by nothing: the run may be resumed in another place.
        processes: how many train together; 0 if that is unknown.
        iteration: that of its last snapshot; 0 if none was written yet.
        finished: whether it came to the end of its epochs.

    Raises:
        ValueError: a value has the wrong type.
    """
    config: Config
    command: str
    init: str = ''
    init_sha256: str = ''
    data: dict = dataclasses.field(default_factory=dict)
    machine: dict = dataclasses.field(default_factory=dict)
    processes: int = 0
    iteration: int = 0
    finished: bool = False

    def __post_init__(self):
        for field in dataclasses.fields(self):
            if not isinstance(getattr(self, field.name), field.type):
                raise ValueError(f'{field.name} is {getattr(self, field.name)!r}')
        for name, value in self.machine.items():
            if name not in MACHINE or not isinstance(value, MACHINE[name] | None):
                raise ValueError(f'machine has {name} {value!r}')
        for classes in self.data.values():
            for name, (count, digest) in classes.items():
                if not (isinstance(count, int) and isinstance(digest, str)):
                    raise ValueError(f'data has {name} {count!r}, {digest!r}')

    def write(self, folder):
        """Writes the description into the folder of the run."""
        lines = [f'{json.dumps(name)}: {json.dumps(value)}' for name, value in dataclasses.asdict(self).items()]
        with safe_files.replacing(pathlib.Path(folder) / FILE, 'w') as file:
            file.write('{' + ',\n '.join(lines) + '}\n')

    @property
    def flags(self):
        """``machine``, without the folder of the data if it is not on this machine."""
        return {name: value for name, value in self.machine.items() if name != 'data' or value and os.path.isdir(value)}

    def resume(self, folder):
        """The command that resumes the run in a folder."""
        several = ['mpiexec', '-n', str(self.processes)] if self.machine.get('communicator') else []
        return shlex.join([*several, 'python', 'train.py', '--resume', str(folder)])


def machine(arguments):
    """The value of ``Run.machine`` for train.py's arguments."""
    flags = {name: getattr(arguments, name) for name in MACHINE}
    data = data_folder(flags['data'])
    places = {'data': data if flags['data'] or data.is_dir() else None, 'cache': flags['cache']}
    return {**flags, **{name: os.path.abspath(place) for name, place in places.items() if place}}


def origin(model):
    """What a run that starts from a model's file, or from none, has as its ``init`` and ``init_sha256``: a dict."""
    return {'init': checkpoint.name_of(model) if model else '',
            'init_sha256': _sha256(checkpoint.model_file(model)) if model else ''}


def held(folder):
    """Whether a folder holds a run, of this version or an older one."""
    return any((pathlib.Path(folder) / name).exists() for name in (FILE, OLDER_CONFIG))


def read(folder):
    """The Run in a folder.

    Raises:
        FileNotFoundError: the folder holds no run.
        ValueError: its description is damaged.
    """
    folder = pathlib.Path(folder)
    if not held(folder):
        raise FileNotFoundError(f'{folder} holds no run: it has no {FILE}')
    path = folder / (FILE if (folder / FILE).exists() else OLDER_CONFIG)
    try:
        if path.name == OLDER_CONFIG:
            return _older(folder, Config.from_json(path.read_bytes()))
        values = json.loads(path.read_bytes())
        return Run(**{**values, 'config': Config.from_json(json.dumps(values['config']))})
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise ValueError(f'{path} does not describe a run: {error}') from None


def _older(folder, config):
    """The Run of an older version, whose command says the rest; what of its data and its progress is unknown."""
    command = folder / OLDER_COMMAND
    command = command.read_text('utf-8', 'surrogateescape').strip() if command.exists() else ''
    flags, init = provenance.flags(command), folder / checkpoint.INIT
    began = any((folder / name).exists() for name in (checkpoint.SNAPSHOT, checkpoint.MODEL, LOG))
    return Run(config, command, provenance.started_from(command), _sha256(init) if init.exists() else '',
               machine={name: flags[name] for name in MACHINE if name in flags}, iteration=int(began))


def _sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def changes(before, now):
    """What is different in the data of a run, as texts.

    Args:
        before, now: fingerprints, see ``ram.tasks.fingerprint``; a split that one of them lacks is not compared.

    Returns:
        list of str, one for each split that changed.
    """
    texts = []
    for split in (split for split in before if split in now):
        old, new = before[split], now[split]
        counts = [new.get(name, (0,))[0] - old.get(name, (0,))[0] for name in {**old, **new}]
        more, fewer = sum(count for count in counts if count > 0), -sum(count for count in counts if count < 0)
        others = sum(name in new and old[name][0] == new[name][0] and old[name] != new[name] for name in old)
        parts = [text for count, text in ((more, f'{more} more'), (fewer, f'{fewer} fewer'),
                                          (others, f'others in {others} of {len(old)} classes')) if count]
        if parts:
            texts.append(f'{split}: {", ".join(parts)}')
    return texts
