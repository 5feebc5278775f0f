#!/usr/bin/env python
"""Trains the Recurrent Attention Model: python train.py --dataset translated --gpu 0"""
import contextlib
import dataclasses
import pathlib
import signal
import sys

from ram import checkpoint, command_line, config, provenance, tasks  # isort: skip  (makes chainer importable)
from ram.training import distributed  # isort: skip  (makes chainer importable)
from ram.training.trainer import make_trainer  # isort: skip  (makes chainer importable)
import chainer
from chainer.training import extensions

MAY_CHANGE = 'epoch', 'images'  # when a run is taken up again


def parse():
    parser = command_line.Parser(
        'Trains the Recurrent Attention Model. A flag that is not given has the value of the preset.')
    parser.add_argument('--preset', choices=config.PRESETS, help='where defaults come from; by default the dataset')
    parser.add_argument('-o', '--out', help='folder of the run (default: result/PRESET, numbered if that is taken)')
    parser.add_argument('-r', '--resume', metavar='RUN', help='folder of a run to take up again; with --out, it goes '
                        'on there and RUN stays as it is')
    parser.add_argument('--init', metavar='MODEL', help='start from the weights of this model.npz, as far as they fit; '
                        'what does not fit starts afresh')
    parser.add_argument('--snapshot', default='epoch', metavar='WHEN', help='when to write what --resume starts from: '
                        "'epoch' (the default), a number of iterations, or of minutes as in 10m")
    parser.add_argument('--communicator', help='train with all processes that mpiexec started: naive for CPUs, '
                        "pure_nccl for GPUs, or another of ChainerMN's; --batchsize is each process's own")
    parser.add_argument('--global-batchsize', type=int, metavar='int', help='images in a batch of all processes '
                        'together, instead of --batchsize')
    config.add_flags(parser)
    return parser.parse_args()


def shared_batch(arguments, joined):
    """Lays --global-batchsize, divided by the processes, over --batchsize."""
    together = arguments.global_batchsize
    if together is not None:
        if together < joined.size or together % joined.size:
            raise ValueError(f'--global-batchsize must be a multiple of {joined.size}, the number of processes, not '
                             f'{together}')
        arguments.batchsize = together // joined.size


def new_run(arguments):
    """The Config that the flags ask for and a fresh folder for the run."""
    chosen = tasks.completed(config.from_flags(arguments))
    if arguments.init:
        checkpoint.load_model(arguments.init)  # or complain before there is a folder
    name = arguments.preset or chosen.dataset
    out = fresh(pathlib.Path(arguments.out) if arguments.out else unused(pathlib.Path('result') / name))
    if arguments.init:  # kept beside the run, which may be killed before its first snapshot
        copy(arguments.init, out / checkpoint.INIT)
    return chosen, out


def fresh(out):
    """Makes a folder for a run; ValueError if it holds one."""
    if any((out / name).exists() for name in (checkpoint.MODEL, checkpoint.SNAPSHOT, checkpoint.CONFIG)):
        raise ValueError(f'{out} holds a run already: take it up with --resume {out}, or choose another --out')
    out.mkdir(parents=True, exist_ok=True)
    return out


def copy(source, target):
    """Copies a file, whole or not at all."""
    content = pathlib.Path(source).read_bytes()
    with checkpoint.replacing(target) as file:
        file.write(content)


def unused(folder):
    """The first of folder, folder-2, folder-3, ... that is not there."""
    number, candidate = 1, folder
    while candidate.exists():
        number += 1
        candidate = folder.with_name(f'{folder.name}-{number}')
    return candidate


def old_run(arguments):
    """The Config of the run to take up, of whose values only a few may change, and the folder to go on in."""
    run = pathlib.Path(arguments.resume)
    if arguments.init:
        raise ValueError('--init is for a new run, and --resume takes up an old one')
    if not (run / checkpoint.CONFIG).exists():
        raise FileNotFoundError(f'{run} is no run that can be resumed: it has no {checkpoint.CONFIG}')
    old = config.Config.from_json((run / checkpoint.CONFIG).read_text())
    given = vars(config.PRESETS[arguments.preset]) if arguments.preset else {}
    given = {**given, **vars(arguments)}
    for field in dataclasses.fields(old):
        new, kept = given.get(field.name), getattr(old, field.name)
        if new is not None and new != kept and field.name not in MAY_CHANGE:
            raise ValueError(f'--{field.name.replace("_", "-")} {new}: the run in {run} has {kept}, and of its '
                             'Config only --epoch and --images may change')
    out = run
    if arguments.out and pathlib.Path(arguments.out).resolve() != run.resolve():
        out = fresh(pathlib.Path(arguments.out))
        for name in (checkpoint.MODEL, checkpoint.SNAPSHOT, checkpoint.INIT, checkpoint.COMMAND, 'log'):
            if (run / name).exists():
                copy(run / name, out / name)
    return dataclasses.replace(old, **{name: given[name] for name in MAY_CHANGE if name in vars(arguments)}), out


def how_to_resume(out, arguments, joined):
    """The command that takes the run up."""
    if arguments.communicator:
        return f'mpiexec -n {joined.size} python train.py --communicator {arguments.communicator} --resume {out}'
    return f'python train.py --resume {out}'


def train(chosen, out, arguments, device, joined):
    """Runs the run to its end, or to a signal that asks it to stop."""
    snapshot, init = out / checkpoint.SNAPSHOT, out / checkpoint.INIT
    starts = joined.first and init.exists() and not snapshot.exists()
    made = provenance.current(out / checkpoint.COMMAND if arguments.resume else None)
    trainer = make_trainer(chosen, out, device, arguments.data, arguments.snapshot, made, joined,
                                    init if starts else None)
    if joined.first:
        trainer.extend(extensions.PrintReport(['epoch', 'main/loss', 'main/cross_entropy', 'main/baseline',
                                               'main/reinforce', 'main/error', 'validation/error', 'elapsed_time']))
        if sys.stdout.isatty():
            trainer.extend(extensions.ProgressBar(update_interval=20))
    kept = joined.from_first(lambda: checkpoint.read(snapshot) if snapshot.exists() else None)
    if kept:
        checkpoint.load_snapshot(snapshot, trainer, kept)
    elif arguments.resume and joined.first:
        print(f'{out} has no snapshot yet: the run starts from its beginning')
    try:
        if joined.first:
            for name, text in [(checkpoint.COMMAND, made['command']), (checkpoint.CONFIG, chosen.to_json())]:
                with checkpoint.replacing(out / name, 'w') as file:
                    file.write(text + '\n')
            print(f'{out}: {chosen.to_json()}', flush=True)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, trainer.stop_trigger.on_signal)
        with chainer.using_config('type_check', False):
            trainer.run(show_loop_exception_msg=False)
        trainer.get_extension('snapshot')(trainer)
    except OSError as error:
        again = how_to_resume(out, arguments, joined)
        raise OSError(f'{error}; go on, once that is mended, with: {again}') from error
    stopped = trainer.stop_trigger.signal
    if joined.first:
        again = how_to_resume(out, arguments, joined)
        print(f'Stopped after iteration {trainer.updater.iteration}. Go on with: {again}'
              if stopped else f'The best model on validation: {out / checkpoint.MODEL}', flush=True)
    if stopped:
        sys.exit(128 + stopped)


def main():
    arguments = parse()
    joined = distributed.join(arguments.communicator)
    device = command_line.device(arguments.gpu, joined.local)
    shared_batch(arguments, joined)
    # Files are the first process's business.
    chosen, out = joined.from_first(lambda: old_run(arguments) if arguments.resume else new_run(arguments))
    with checkpoint.alone_in(out) if joined.first else contextlib.nullcontext():
        train(chosen, out, arguments, device, joined)


if __name__ == '__main__':
    command_line.run(main)
