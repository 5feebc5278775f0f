#!/usr/bin/env python
"""Trains the models of the paper's tables: python models/make.py [--list] [NAME ...]; without names, all of these.

The models of photographs are trained only if they are named, since not everybody has their data.  Other flags, as
--flag=value, are handed to train.py.  An interrupted run is resumed, and a complete one is not repeated.  The results
are written here: the model as NAME.npz, with weights of float16, and its log as NAME.log.  At the end the tables, the
learning curves and the README.md of this folder are written again.
"""
import json
import pathlib
import shlex
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))

from ram import checkpoint, command_line, config, safe_files  # noqa: E402
from ram.config import effect  # noqa: E402
from ram.pictures import learning_curves  # noqa: E402
from ram.pictures.drawing import png  # noqa: E402
from ram.registry import DATASETS  # noqa: E402
from ram.training import run  # noqa: E402
from train import parse  # noqa: E402

LARGER = '--batchsize 256 --lr 0.002 --average 0.999'
FINER = '--batchsize 256 --lr 0.001 --average 0.999'  # to go on from a trained model
SIX = '--init models/mnist-T6.npz'
DISTORTED = '--rotate 10 --zoom 0.1 --shear 0.1 --elastic 1'
# The stand-in for SVHN, with the paper's glimpse network and without the preset's augmentation.
STAND_IN = ('--dataset svhn --digits fonts --batchsize 128 --weight-decay 0 --shift 2 --rotate 0 --zoom 0 --shear 0 '
            '--elastic 0 --brightness 0 --contrast 0 --tint 0 --epoch 60')
PAPERS_NETWORKS = '--glimpse-network linear --patch 8 --scales 3 --glimpses 8 --hidden 133'
SIGNS = r"--images traffic-signs --group-by '(\d+)-'"

FOUND = 'classes', 'colour', 'images'  # what a Config has from the data, and where they are now


def three_seeds(name, flags):
    """A run with seed 0, and the same with the seeds 1 and 2."""
    return {name: flags, **{f'{name}-seed{seed}': f'{flags} --seed {seed}' for seed in (1, 2)}}


def on_gpu(task, glimpses, epochs, flags=''):
    """A run with large batches on a GPU."""
    first = f'--dataset {task} --glimpses {glimpses} --batchsize 1024 --lr 0.003 --average 0.999'
    return ' '.join(filter(None, [first, flags, f'--gpu 0 --epoch {epochs}']))


RUNS = {
    **three_seeds('mnist-T6', f'--dataset mnist {LARGER} --core lstm --shift 0 {DISTORTED} --epoch 150'),
    # The epochs that a GPU managed in four minutes, for these and one more at once.  On a CPU, add --gpu -1.
    'translated-T4': on_gpu('translated', 4, 245, DISTORTED),
    'translated-T6': on_gpu('translated', 6, 267, DISTORTED),
    'translated-T6-seed1': on_gpu('translated', 6, 275, f'{DISTORTED} --seed 1'),
    'translated-T6-seed2': on_gpu('translated', 6, 220, f'{DISTORTED} --seed 2'),
    'translated-T8': on_gpu('translated', 8, 233, DISTORTED),
    'cluttered-T4': on_gpu('cluttered', 4, 304, DISTORTED),
    'cluttered-T4-near': f'--dataset cluttered --glimpses 4 {FINER} --start-range 0.4 --init models/cluttered-T4.npz '
                         '--epoch 30',
    'cluttered-T6': on_gpu('cluttered', 6, 222, DISTORTED),
    'cluttered-T6-seed1': on_gpu('cluttered', 6, 270, f'{DISTORTED} --seed 1'),
    'cluttered-T6-seed2': on_gpu('cluttered', 6, 248, f'{DISTORTED} --seed 2'),
    'cluttered100-T4': on_gpu('cluttered100', 4, 246),
    'cluttered100-T4-near': on_gpu('cluttered100', 4, 281, '--start-range 0.4'),
    'cluttered100-T6': on_gpu('cluttered100', 6, 272),
    'cluttered100-T8': on_gpu('cluttered100', 8, 191),
    'cluttered-T8': '--dataset cluttered --glimpses 8',
    # The next four go on from the model with six glimpses.
    'mnist-T5': f'--dataset mnist {FINER} --core lstm --shift 0 {DISTORTED} --glimpses 5 {SIX} --epoch 40',
    'mnist-T7': f'--dataset mnist {FINER} --core lstm --shift 0 {DISTORTED} --glimpses 7 {SIX} --epoch 40',
    'mnist-T4-near': f'--dataset mnist {FINER} --core lstm --shift 0 --glimpses 4 --start-range 0.4 {SIX} --epoch 40',
    'mnist-T3-near': f'--dataset mnist {FINER} --core lstm --shift 0 --glimpses 3 --start-range 0.4 {SIX} --epoch 50',
    # From random weights again.
    'mnist-T3': f'--dataset mnist {LARGER} --shift 0 --glimpses 3 --epoch 200',
    'mnist-T2': f'--dataset mnist {LARGER} --shift 0 --glimpses 2 --epoch 200',
    'mnist-T4': f'--dataset mnist {LARGER} --epoch 200 --shift 0 {DISTORTED} --glimpses 4',
    'mnist-T4-512': f'--dataset mnist {LARGER} --epoch 100 --shift 0 {DISTORTED} --glimpses 4 --hidden 512',
    'mnist-T2-near': f'--dataset mnist {LARGER} --shift 0 --glimpses 2 --start-range 0.4 --epoch 200',
    'cluttered-random-T8': '--dataset cluttered --glimpses 8 --policy random --epoch 100',
    'cluttered100-random-T8': '--dataset cluttered100 --policy random --epoch 100',
    **{f'{task}-{kind}': f'--dataset {task} --model {kind} --epoch 100'
       for task in ('mnist', 'translated', 'cluttered', 'cluttered100') for kind in ('fc64', 'fc256', 'conv')},
    **three_seeds('street-T8', f'{STAND_IN} {PAPERS_NETWORKS}'),
    'street64-T8': f'{STAND_IN} {PAPERS_NETWORKS} --canvas 64 --init models/street-T8-seed1.npz',
    'street64-conv': '--dataset svhn --digits fonts --canvas 64 --model conv',  # trained with the values of STAND_IN,
    'street-conv': '--dataset svhn --digits fonts --model conv',                # which were the preset then
    **three_seeds('catch', '--dataset catch'),
    'catch-random': '--dataset catch --policy random',
    'catch-fullscreen': '--dataset catch --patch 24 --scales 1 --policy center',
    # Photographs.  Their data are not free to all, so these models are in no table; see docs/photographs.md.
    **three_seeds('photographs/svhn', '--dataset svhn'),
    **three_seeds('photographs/svhn-conv', '--dataset svhn --model conv'),
    **three_seeds('photographs/svhn-conv3', '--dataset svhn --model conv3'),
    **three_seeds('photographs/street', '--dataset svhn --canvas 64 --glimpses 6 --epoch 80 '
                  '--init models/photographs/svhn.npz'),
    **three_seeds('photographs/street-conv', '--dataset svhn --canvas 64 --epoch 200 --model conv'),
    'photographs/street-conv3': '--dataset svhn --canvas 64 --epoch 200 --model conv3',
    # Of the next ones RAM was trained from the middle, and all for 120 epochs, as the preset was then.
    **three_seeds('photographs/signs', f'--dataset folder {SIGNS}'),
    **three_seeds('photographs/signs-conv', f'--dataset folder {SIGNS} --model conv'),
    'photographs/signs-conv3': f'--dataset folder {SIGNS} --model conv3',
    'photographs/signs-native': f'--dataset folder {SIGNS} --fit native',
    # Folders of pictures, with one preset.
    **three_seeds('photographs/signs-mixed', f'--dataset folder {SIGNS} --start mixed --epoch 81'),
    'photographs/signs-conv4': f'--dataset folder {SIGNS} --model conv4',
    **three_seeds('photographs/meters', '--dataset folder --images meter-digits'),
    'photographs/meters-conv4': '--dataset folder --images meter-digits --model conv4',
    'photographs/trash': '--dataset folder --images trash',
    'photographs/trash-conv4': '--dataset folder --images trash --model conv4',
    'photographs/svhn-folder': '--dataset folder --images svhn-digits',
    # Whole house numbers: rows of SVHN's digits first, since there are few photographs.
    'photographs/rows': '--dataset numbers --digits svhn --longest 4 --init models/photographs/svhn.npz --epoch 15',
    **three_seeds('photographs/numbers', '--dataset numbers --longest 4 '
                  '--init result/models/photographs/rows/model.npz --epoch 120'),
    'photographs/numbers-wide': '--dataset numbers --longest 4 --margin 2 --init models/photographs/numbers.npz '
                                '--epoch 90',
    'photographs/rows-places': '--dataset numbers --digits svhn --longest 4 --model places --epoch 15',
    'photographs/numbers-places': '--dataset numbers --longest 4 --model places '
                                  '--init result/models/photographs/rows-places/model.npz --epoch 120',
}


def seconds(log):
    """The time that a run took, from its log; None if there is no log."""
    return json.loads(log.read_text())[-1]['elapsed_time'] if log.exists() else None


def train(name, rest):
    """Starts or resumes a run, unless it is finished, and copies its results."""
    out, flags = ROOT / 'result' / 'models' / name, shlex.split(RUNS[name])
    if run.held(out):
        found = run.read(out)
        check_recipe(out, found, [*flags, *rest])
        flags = ['--resume', str(out), *rest]
    else:
        found, flags = None, [*flags, '--out', str(out.relative_to(ROOT)), *rest]
    if not found or not found.finished:
        start(name, flags)
    model = checkpoint.load_model(out / checkpoint.MODEL, images_of(shlex.split(RUNS[name])))
    checkpoint.save_model(HERE / f'{name}.npz', model, model.provenance, half=True)
    shutil.copy(out / 'log', HERE / f'{name}.log')


def images_of(flags):
    """The folder of pictures as a recipe names it, so that no path of the machine is shipped; None if it names none."""
    return flags[flags.index('--images') + 1] if '--images' in flags else None


def check_recipe(out, found, flags):
    """Raises ValueError if the Run in a folder has another Config, or another model to start from, than flags say."""
    arguments = parse(flags)
    wanted = config.from_flags(arguments)
    ignored = {*FOUND, *effect.without_effect(found.config),
               *(field for field in DATASETS[wanted.dataset].chosen if not getattr(wanted, field))}
    changes = [f'{field} {value}' for field, value in config.different(found.config, wanted) if field not in ignored]
    init = run.origin(ROOT / arguments.init if arguments.init else None)
    if init != {'init': found.init, 'init_sha256': found.init_sha256}:
        changes.append(f'init {found.init or "none"} of SHA-256 {found.init_sha256[:16] or "unknown"}')
    if changes:
        raise ValueError(f'{out} holds a run of another recipe, with {", ".join(changes)}: move it away')


def start(name, flags):
    """Calls train.py; raises ChildProcessError if a signal ended it, and exits if it failed."""
    print(f'== {name}: python train.py {shlex.join(flags)}', flush=True)
    with subprocess.Popen([sys.executable, 'train.py', *flags], cwd=ROOT) as process:
        try:
            code = process.wait()
        except KeyboardInterrupt:  # train.py has the signal too, and writes a snapshot
            process.wait()
            raise
    if code < 0:
        raise ChildProcessError(f'{name}: train.py was ended by signal {-code}')
    if code:
        sys.exit(code)  # train.py has said why


def readme():
    """The text of README.md in this folder, with a line for each model."""
    lines = [
        '# Trained models', '', 'Written by `python models/make.py --list` from the files. Errors are in '
        '[docs/results.md](../docs/results.md). A model is read by `ram.checkpoint.load_model`, `evaluate.py` and '
        '`visualize.py`; the log of its training is beside it. A command repeats its model '
        'at the commit given; later presets differ. A + after a commit: files differed '
        'from it; from 157510cefd it was only this list and the learning curves, which other runs had written. '
        "Models in photographs/ that learned from SVHN's pictures are for non-commercial use, as they are.", '',
        '| model | command | seed | epochs | minutes | best validation error, % | commit | Python, NumPy, CuPy |',
        '|' + ' --- |' * 8]
    for name in RUNS:
        if not (HERE / f'{name}.npz').exists():
            continue
        model, log = checkpoint.load_model(HERE / f'{name}.npz'), json.loads((HERE / f'{name}.log').read_text())
        made, command = model.provenance, model.provenance['command'].split(' --out ')[0]
        versions = ', '.join(filter(None, (made['python'], made['numpy'], made['cupy'])))
        lines.append(
            f'| [{name}.npz]({name}.npz) | `python {command}` | {model.config.seed} | {log[-1]["epoch"]} '
            f'| {log[-1]["elapsed_time"] / 60:.0f} | {100 * min(entry["validation/error"] for entry in log):.2f} '
            f'| {made["commit"][:10]}{made["commit"][40:]} | {versions} |')
    return '\n'.join(lines) + '\n' + (HERE / 'retrained.md').read_text('utf-8')


def draw_curves(path):
    """Draws the validation error of every model over the epochs, task by task."""
    logs = {name: json.loads((HERE / f'{name}.log').read_text()) for name in RUNS if (HERE / f'{name}.log').exists()}
    figure = learning_curves.draw(logs, {name for name in RUNS if '--model' in RUNS[name]})
    with safe_files.replacing(path) as file:
        file.write(png(figure))


def main(argv=None):
    parser = command_line.PlainParser(__doc__)
    parser.add_argument('names', nargs='*', metavar='NAME', help=f'of {", ".join(RUNS)}')
    parser.add_argument('--list', action='store_true', help='train nothing; list the models, and write the list and '
                        'the learning curves')
    parser.add_argument('--gpu', metavar='N', help='replaces that of the runs; -1 is the CPU')
    arguments, rest = parser.parse_known_args(argv)
    if arguments.gpu is not None:
        rest += ['--gpu', arguments.gpu]
    unknown = set(arguments.names) - set(RUNS)
    if unknown:
        raise ValueError(f'unknown runs: {", ".join(sorted(unknown))}; known: {", ".join(RUNS)}')
    names = arguments.names or [name for name in RUNS if arguments.list or '/' not in name]
    times = {name: seconds(HERE / f'{name}.log') for name in names}
    for name, spent in times.items():
        print(f'{name:28} {f"took {spent / 60:.0f} minutes here" if spent else "never run yet":28} '
              f'train.py {RUNS[name]}')
    if not arguments.list:
        known = [spent for spent in times.values() if spent]
        if known:
            print(f'Together about {sum(known) / len(known) * len(names) / 3600:.0f} hours on a machine like the one '
                  'that made the models here.', flush=True)
        for name in names:
            safe_files.check_folder((HERE / name).parent, new=True)
        for name in names:
            train(name, rest)
        subprocess.run([sys.executable, 'models/tables.py', '--write', 'docs/results.md', 'README.md', '--picture',
                        'docs/errors.png', '--cost', 'docs/cost.png'], cwd=ROOT, check=True)
    with safe_files.replacing(HERE / 'README.md', 'w') as file:
        file.write(readme())
    draw_curves(ROOT / 'docs' / 'learning-curves.png')


if __name__ == '__main__':
    command_line.run(main)
