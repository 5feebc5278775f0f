#!/usr/bin/env python
"""Trains the Recurrent Attention Model: python train.py --dataset translated --gpu 0"""
import contextlib
import shlex
import signal
import sys

from ram import checkpoint, command_line, config, provenance, safe_files  # isort: skip  (makes chainer importable)
import chainer
from chainer.training import extensions

from datasets import shown
from ram.training import distributed
from ram.training.extensions.lines import Lines
from ram.training.extensions.quantities import why_they_differ
from ram.training.run_folder import entered, making, model_to_start_from, new_run, old_run
from ram.training.trainer import make_trainer

EXAMPLES = [
    ('train.py --dataset cluttered', 'digits among clutter; writes result/cluttered/: model.npz, log, curves'),
    ('train.py --dataset folder --images DIR', 'your own pictures: DIR/cat/1.jpg, DIR/dog/2.jpg, ...'),
    ('train.py --resume result/cluttered', 'continues an interrupted run')]


def parse(argv):
    parser = command_line.Parser('[flags]', 'Trains the Recurrent Attention Model.', EXAMPLES, lambda arguments: (
        f'The defaults are those of the preset {config.preset_name(arguments)}; --dataset or --preset together with '
        '--help shows those of another one.'))
    run = parser.add_argument_group('The run')
    parser.add_argument('--preset', place=run, choices=config.PRESETS, metavar='NAME', help='the recipe, one of '
                        '%(choices)s (default: that of the dataset)')
    parser.add_argument('-o', '--out', place=run, metavar='DIR', help='folder of the run (default: result/PRESET, '
                        'numbered if that exists)')
    parser.add_argument('-r', '--resume', place=run, metavar='DIR', help='resume the run in this folder; with --out, '
                        'continue there and leave this folder unchanged')
    parser.add_argument('--init', place=run, metavar='MODEL', help='start from the weights of this model.npz, where '
                        'their sizes fit')
    parser.add_argument('--snapshot', place=run, rare=True, default='epoch', metavar='WHEN', help="when to write a "
                        "snapshot for --resume: 'epoch' (the default), a number of iterations, or of minutes such as "
                        '10m')
    parser.add_argument('--communicator', place=run, rare=True, metavar='NAME', help='train with all processes that '
                        "mpiexec started: naive for CPUs, pure_nccl for GPUs, or another of ChainerMN's; --batchsize "
                        'is that of each process')
    parser.add_argument('--global-batchsize', place=run, rare=True, type=int, metavar='B', help='images in a batch of '
                        'all processes together, instead of --batchsize')
    config.add_flags(parser)
    return parser.parse_args(argv)


def shared_batch(arguments, joined):
    """Replaces --batchsize by --global-batchsize, divided by the number of processes."""
    together = arguments.global_batchsize
    if together is not None:
        if together < joined.size or together % joined.size:
            raise ValueError(f'--global-batchsize must be a multiple of {joined.size}, the number of processes, not '
                             f'{together}')
        arguments.batchsize = together // joined.size


def how_to_resume(out, arguments, joined):
    """The command that resumes the run, with the flags that belong to the machine and not to the run."""
    command, usual = ['python', 'train.py'], parse([])
    if arguments.communicator:
        command = ['mpiexec', '-n', str(joined.size), *command]
    for name in 'communicator', 'gpu', 'data', 'cache', 'snapshot':
        value = getattr(arguments, name)
        if value != getattr(usual, name):
            command += [f'--{name}'] + ([] if value is None else [str(value)])
    return shlex.join([*command, '--resume', str(out)])


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


def train(trainer, chosen, out, arguments, made, joined):
    """Trains to the end of the run, or until a signal stops it."""
    snapshot = out / checkpoint.SNAPSHOT
    if joined.first:
        loss = trainer.updater.get_optimizer('main').target
        trainer.extend(Lines(['epoch', *(f'main/{name}' for name in loss.reported), 'validation/error',
                              'elapsed_time'], why_they_differ(loss.model)))
        if shown.overwrites(sys.stdout):
            trainer.extend(extensions.ProgressBar(update_interval=20))
    try:
        # The handlers are set before the first line of output: a program that reads that line may send a signal.
        with stopped_by_signals(trainer.stop_trigger), chainer.using_config('type_check', False):
            kept = joined.from_first(lambda: safe_files.read(snapshot) if snapshot.exists() else None)
            if kept:
                checkpoint.load_snapshot(snapshot, trainer, kept)
            elif arguments.resume and joined.first:
                print(f'{shown.text(out)} has no snapshot yet: the run starts from the beginning')
            if joined.first:
                for name, text in [(checkpoint.COMMAND, made['command']), (checkpoint.CONFIG, chosen.to_json())]:
                    with safe_files.replacing(out / name, 'w') as file:
                        file.write(text + '\n')
                print(summary(chosen, out), flush=True)
            trainer.run(show_loop_exception_msg=False)
            trainer.get_extension('snapshot')(trainer)
    except OSError as error:
        if not (out / checkpoint.CONFIG).exists():
            raise  # the run has not begun: the same command repeats it
        again = how_to_resume(out, arguments, joined)
        raise OSError(f'{shown.message(error)}; once that is solved, continue with: {again}') from error
    stopped = trainer.stop_trigger.signal
    if joined.first:
        again = how_to_resume(out, arguments, joined)
        print(f'Stopped after iteration {trainer.updater.iteration}. Continue with: {shown.text(again)}'
              if stopped else f'The best model on validation: {shown.text(out / checkpoint.MODEL)}', flush=True)
    if stopped:
        sys.exit(128 + stopped)


def main(argv=None):
    arguments = parse(argv)
    command = shlex.join(['train.py', *(sys.argv[1:] if argv is None else argv)])
    joined = distributed.join(arguments.communicator)
    device = command_line.device(arguments.gpu, joined.local)
    shared_batch(arguments, joined)
    # Only the first process deals with files.
    chosen, out, run = joined.from_first(lambda: old_run(arguments) if arguments.resume else new_run(arguments))
    made = provenance.current(command, run / checkpoint.COMMAND if run else None)
    with contextlib.ExitStack() as folder:
        if joined.first:
            folder.enter_context(making(out))
        trainer = make_trainer(chosen, out, device, arguments.data, arguments.snapshot, made, joined,
                               model_to_start_from(run, arguments) if joined.first else None)
        if joined.first:
            folder.enter_context(entered(out, run, arguments))
        train(trainer, chosen, out, arguments, made, joined)


if __name__ == '__main__':
    command_line.run(main)
