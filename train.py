#!/usr/bin/env python
"""Trains the Recurrent Attention Model: python train.py --dataset translated --gpu 0"""
import dataclasses
import pathlib
import signal
import sys

from ram import checkpoint, command_line, config, training  # isort: skip  (makes chainer importable)
import chainer
from chainer.training import extensions


def parse():
    parser = command_line.Parser(
        'Trains the Recurrent Attention Model. A flag that is not given has the value of the preset.')
    parser.add_argument('--preset', choices=config.PRESETS, help='where defaults come from; by default the dataset')
    parser.add_argument('-o', '--out', help='folder of the run (default: result/PRESET, numbered if that is taken)')
    parser.add_argument('-r', '--resume', metavar='RUN', help='folder of a run to take up again')
    config.add_flags(parser)
    return parser.parse_args()


def new_run(arguments):
    """The Config that the flags ask for and a fresh folder for the run."""
    chosen = config.from_flags(arguments)
    name = arguments.preset or chosen.dataset
    out = pathlib.Path(arguments.out) if arguments.out else unused(pathlib.Path('result') / name)
    if (out / training.MODEL).exists() or (out / training.SNAPSHOT).exists():
        raise ValueError(f'{out} holds a run already: take it up with --resume {out}, or choose another --out')
    out.mkdir(parents=True, exist_ok=True)
    with checkpoint.replacing(out / 'config.json', 'w') as file:
        file.write(chosen.to_json() + '\n')
    return chosen, out


def unused(folder):
    """The first of folder, folder-2, folder-3, ... that is not there."""
    number, candidate = 1, folder
    while candidate.exists():
        number += 1
        candidate = folder.with_name(f'{folder.name}-{number}')
    return candidate


def old_run(arguments):
    """The Config and folder of the run to take up; of its values only --epoch may change."""
    out = pathlib.Path(arguments.resume)
    for name in ('config.json', training.SNAPSHOT):
        if not (out / name).exists():
            raise FileNotFoundError(f'{out} is no run that can be resumed: it has no {name}')
    old = config.Config.from_json((out / 'config.json').read_text())
    for field in dataclasses.fields(old):
        given, kept = getattr(arguments, field.name, None), getattr(old, field.name)
        if given is not None and given != kept and field.name != 'epoch':
            raise ValueError(f'--{field.name} {given}: the run in {out} has {kept}, and only --epoch may change')
    return dataclasses.replace(old, epoch=getattr(arguments, 'epoch', old.epoch)), out


def main():
    arguments = parse()
    device = command_line.device(arguments.gpu)
    chosen, out = old_run(arguments) if arguments.resume else new_run(arguments)
    trainer = training.make_trainer(chosen, out, device, arguments.data)
    trainer.extend(extensions.PrintReport(['epoch', 'main/loss', 'main/cross_entropy', 'main/baseline',
                                           'main/reinforce', 'main/error', 'validation/error', 'elapsed_time']))
    if sys.stdout.isatty():
        trainer.extend(extensions.ProgressBar(update_interval=20))
    if arguments.resume:
        checkpoint.load_snapshot(out / training.SNAPSHOT, trainer)
    print(f'{out}: {chosen.to_json()}', flush=True)
    with chainer.using_config('type_check', False):
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, trainer.stop_trigger.on_signal)
        trainer.run(show_loop_exception_msg=False)
    if trainer.stop_trigger.signal:
        checkpoint.save_snapshot(out / training.SNAPSHOT, trainer)
        print(f'Stopped after iteration {trainer.updater.iteration}. Go on with: python train.py --resume {out}')
        sys.exit(128 + trainer.stop_trigger.signal)
    print(f'The best model on validation: {out / training.MODEL}')


if __name__ == '__main__':
    command_line.run(main)
