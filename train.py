#!/usr/bin/env python
"""Trains the Recurrent Attention Model: python train.py --dataset translated --gpu 0"""
import argparse
import contextlib
import dataclasses
import shlex
import signal
import sys

from ram import checkpoint, command_line, config, provenance, safe_files  # isort: skip  (makes chainer importable)
import chainer
import numpy as np

from datasets import shown
from ram.training import distributed
from ram.training import run as description
from ram.training.extensions.bar import Bar
from ram.training.extensions.lines import Lines
from ram.training.extensions.quantities import why_they_differ
from ram.training.run_folder import entered, making, model_to_start_from, new_run, old_run
from ram.training.trainer import make_trainer

EXAMPLES = [
    ('train.py --dataset cluttered', 'digits among clutter; writes result/cluttered/: model.npz, log, curves'),
    ('train.py --dataset folder --images DIR', 'your own pictures: DIR/cat/1.jpg, DIR/dog/2.jpg, ...'),
    ('train.py --resume result/cluttered', 'continues an interrupted run')]


def parse(argv, machine=None):
    """The flags of a command line; those that it lacks are taken from ``machine``, see ``Run.flags``."""
    parser = command_line.Parser('[flags]', 'Trains the Recurrent Attention Model.', EXAMPLES, lambda arguments: (
        f'The defaults are those of the preset {config.preset_name(arguments)}; add --dataset or --preset to see those '
        'of another.'))
    run = parser.add_argument_group('The run')
    parser.add_argument('--preset', place=run, choices=config.PRESETS, metavar='NAME', help='the recipe, one of '
                        '%(choices)s (default: that of the dataset)')
    parser.add_argument('-o', '--out', place=run, metavar='DIR', help='folder of the run (default: result/PRESET, '
                        'numbered if that exists)')
    parser.add_argument('-r', '--resume', place=run, metavar='DIR', help='resume the run in this folder; with --out, '
                        'continue there and leave this folder unchanged')
    parser.add_argument('--init', place=run, metavar='MODEL', help='start from the weights of this model.npz, or of '
                        'this run, where their sizes fit')
    parser.add_argument('--snapshot', place=run, rare=True, default='epoch', metavar='WHEN', help="when to write a "
                        "snapshot for --resume: 'epoch' (the default), a number of iterations, or of minutes such as "
                        '10m')
    parser.add_argument('--graph', place=run, rare=True, action=argparse.BooleanOptionalAction, default=False,
                        help='on a GPU, launch all kernels of a step together, as a CUDA graph: faster, but tested '
                        'only in an emulator so far (default: no; a run that is resumed goes on as before)')
    parser.add_argument('--communicator', place=run, rare=True, metavar='NAME', help='train with all processes that '
                        "mpiexec started: naive for CPUs, pure_nccl for GPUs, or another of ChainerMN's; --batchsize "
                        'is that of each process')
    parser.add_argument('--global-batchsize', place=run, rare=True, type=int, metavar='B', help='images in a batch of '
                        'all processes together, instead of --batchsize')
    config.add_flags(parser)
    return parser.parse_args(argv, argparse.Namespace(**(machine or {})))


def shared_batch(arguments, joined):
    """Replaces --batchsize by --global-batchsize, divided by the number of processes."""
    together = arguments.global_batchsize
    if together is not None:
        if 'batchsize' in arguments:
            raise ValueError(config.no_effect(f'--batchsize {arguments.batchsize}',
                                              f'with --global-batchsize {together}'))
        if together < joined.size or together % joined.size:
            raise ValueError(f'--global-batchsize must be a multiple of {joined.size}, the number of processes, not '
                             f'{together}')
        arguments.batchsize = together // joined.size


def summary(chosen, out):
    """The run in a few lines: its folder, and how it differs from its preset."""
    changes = {name: config.different(chosen, preset) for name, preset in config.PRESETS.items()
               if preset.dataset == chosen.dataset}
    preset = min(changes, key=lambda name: len(changes[name]))
    rows = changes[preset]
    lines = [f'{shown.text(out)}: the preset {preset}' + (' with' if rows else '')]
    return '\n'.join(lines + [f'  {name:12} {len(value) if name == "classes" else shown.text(value)}'
                              for name, value in rows])


@contextlib.contextmanager
def stopped_by_signals(trigger):
    """A context in which Ctrl-C and SIGTERM end the run after the current iteration."""
    before = {number: signal.signal(number, trigger.on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def load(run, out, trainer, joined):
    """Loads the snapshot in the folder of a run, if there is one; returns the Run with the iteration of it."""
    snapshot, planned = out / checkpoint.SNAPSHOT, run.config.epoch
    kept = joined.from_first(lambda: safe_files.read(snapshot) if snapshot.exists() else None)
    if kept:
        checkpoint.load_snapshot(snapshot, trainer, kept)
    iteration, epoch = trainer.updater.iteration, trainer.updater.epoch
    if epoch > planned:
        raise ValueError(f'--epoch must be at least {epoch}, since the run has come so far, not {planned}')
    if joined.first and run.iteration > iteration:
        print(f'{shown.text(snapshot)} is of iteration {iteration}: the run goes on from there, and not from '
              f'{run.iteration}')
    return dataclasses.replace(run, iteration=iteration)


def kept(out):
    """What the folder of a run that failed keeps, in words."""
    iteration = description.read(out).iteration
    files = [f'the snapshot of iteration {iteration}'] if iteration else []
    files += [f'{checkpoint.MODEL}, the best on validation'] if (out / checkpoint.MODEL).exists() else []
    return f'{out} keeps {" and ".join(files) or "no snapshot and no model"}'


def train(trainer, run, out, resumed, joined):
    """Trains to the end of the run, or until a signal stops it.

    Args:
        trainer: the trainer.
        run: the Run.
        out: its folder.
        resumed: whether it was begun before.
        joined: the Ranks.
    """
    if joined.first:
        loss = trainer.updater.get_optimizer('main').target
        trainer.extend(Lines(['epoch', *(f'main/{name}' for name in loss.reported), 'validation/error',
                              'elapsed_time'], why_they_differ(loss.model)))
        if shown.overwrites(sys.stdout):
            trainer.extend(Bar(update_interval=20))
    try:
        # The handlers are set before the first line of output: a program that reads that line may send a signal.
        # What is not finite stops the run with one line, without NumPy's warnings of it.
        with (stopped_by_signals(trainer.stop_trigger), chainer.using_config('type_check', False),
              np.errstate(all='ignore')):
            run = load(run, out, trainer, joined)
            if joined.first:
                if resumed and not run.iteration:
                    print(f'{shown.text(out)} has no snapshot yet: the run starts from the beginning')
                run.write(out)
                print(summary(run.config, out), flush=True)
            trainer.run(show_loop_exception_msg=False)
            trainer.get_extension('snapshot')(trainer)
    except OSError as error:
        if not description.held(out):
            raise  # the run has not begun: the same command repeats it
        raise OSError(f'{shown.message(error)}; once that is solved, continue with: {run.resume(out)}') from error
    except FloatingPointError as error:
        keeps = f', and {kept(out)}' if joined.first else ''
        raise ValueError(f'in iteration {trainer.updater.iteration} {error}: training stops{keeps}; to resume it would '
                         'lead to the same end: start a new run with a smaller --lr or --reinforce') from error
    stopped = trainer.stop_trigger.signal
    if joined.first:
        dataclasses.replace(run, iteration=trainer.updater.iteration, finished=not stopped).write(out)
        print(f'Stopped after iteration {trainer.updater.iteration}. Continue with: {shown.text(run.resume(out))}'
              if stopped else shown.text(result(out / checkpoint.MODEL)), flush=True)
    if stopped:
        sys.exit(128 + stopped)


def result(model):
    """The last line of a finished run."""
    return (f'The best model on validation: {model}' if model.exists() else
            f'{model} was removed after it was written; the next will be written if the run gets more epochs')


def main(argv=None):
    arguments, old = parse(argv), None
    asked = arguments.graph  # now, and not by the run that is resumed
    if arguments.resume:
        old = distributed.from_first_started(lambda: description.read(arguments.resume))
        arguments = parse(argv, old.flags)
    joined = distributed.join(arguments.communicator)
    device = command_line.device(arguments.gpu, joined.local, joined.beside)
    graph = arguments.graph and device.xp is not np
    if asked and not graph:
        raise ValueError(config.no_effect('--graph', 'without --gpu'))
    shared_batch(arguments, joined)
    command = shlex.join(['train.py', *(sys.argv[1:] if argv is None else argv)])
    # Only the first process deals with files.
    run, out = joined.from_first(lambda: old_run(old, arguments, joined.size) if old else
                                 new_run(arguments, command, joined.size))
    with contextlib.ExitStack() as folder:
        if joined.first:
            folder.enter_context(making(out))
        trainer = make_trainer(
            run.config, out, device, arguments.data, arguments.snapshot, provenance.current(run.command, run.init),
            joined, model_to_start_from(arguments) if joined.first else None,
            lambda iteration: dataclasses.replace(run, iteration=iteration).write(out), graph)
        if joined.first:
            folder.enter_context(entered(out, arguments))
        train(trainer, run, out, bool(old), joined)


if __name__ == '__main__':
    command_line.run(main)
