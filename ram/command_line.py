"""Shared by the scripts: devices, common flags, and errors in one line."""
import argparse
import os
import sys
import time

import chainer
from chainer.backends import cuda

from datasets import shown
from datasets.picture_cache import PROJECT
from ram import threads
from ram.config.effect import no_effect

ABSENT = object()


class PlainParser(argparse.ArgumentParser):
    """An argument parser that takes only whole flags, and raises ValueError for a wrong one.

    A part of a flag would be taken for another flag by a later version, or by a reader.

    Args:
        description: the text that --help shows, by default as it stands.
    """

    def __init__(self, description, formatter_class=argparse.RawDescriptionHelpFormatter, **options):
        super().__init__(description=description, formatter_class=formatter_class, allow_abbrev=False, **options)

    def error(self, message):
        raise ValueError(f'{message} (see {self.prog} --help)')


class Parser(PlainParser):
    """A PlainParser with the flags that every script has.

    ``--help`` begins with examples and leaves out rare flags, which ``--help-all`` shows too.  The help of an argument,
    and the epilog, may be a function of the parsed arguments, since defaults may depend on other flags.

    Args:
        usage: what follows the script's name.
        description: what the script does, in one line.
        examples: pairs of a command and what it does.
        epilog: the end of the help.
    """

    def __init__(self, usage, description, examples, epilog=''):
        super().__init__(None, lambda prog: argparse.HelpFormatter(prog, max_help_position=30),
                         usage=f'%(prog)s {usage}', add_help=False)
        self.beginning = [description, '', *(f'  python {command}\n      {text}' for command, text in examples), '']
        self.texts = [(self, 'epilog', epilog)]
        self.rare = []
        self.add_argument('-h', '--help', action='store_const', const='common', help='show this help')
        self.add_argument('--help-all', action='store_const', const='all', dest='help', help='show all flags')
        self.add_argument('-g', '--gpu', type=int, nargs='?', default=-1, const=None, metavar='N', help='GPU to use; '
                          'without a number the first, or one for each of several processes; -1, the default, is the '
                          'CPU')
        self.add_argument('--data', metavar='DIR', help='folder of the data files (default: $RAM_DATA, else data)')
        self.add_argument('--cache', metavar='DIR', rare=True, help='folder of the stores that are made of pictures '
                          f'in files (default: $RAM_CACHE, else {PROJECT} in $XDG_CACHE_HOME or ~/.cache)')

    def add_argument(self, *names, place=None, rare=False, old=(), help=None, **settings):
        """Adds an argument, as ArgumentParser does.

        Args:
            place: the group of arguments to add it to.
            rare: whether only ``--help-all`` shows it.
            old: more names, which work but are not shown.
            help: its help, or a function of the parsed arguments.
        """
        add = place.add_argument if place else super().add_argument
        action = add(*names, **settings)
        self.texts.append((action, 'help', help))
        if rare:
            self.rare.append(action)
        if old:
            add(*old, **{**settings, 'dest': action.dest, 'help': argparse.SUPPRESS})

    def show_help(self, arguments):
        """Prints the help that the parsed arguments ask for, and exits with code 0."""
        for place, name, text in self.texts:
            setattr(place, name, text(arguments) if callable(text) else text)
        if arguments.help != 'all':
            self.epilog += f' --help-all shows {len(self.rare)} more flags.'
            for action in self.rare:
                action.help = argparse.SUPPRESS
        print(*self.beginning, self.format_help(), sep='\n', end='', flush=True)
        self.exit()

    def add_draws(self, place=None, *, passes):
        """Adds --repeats, --seed and --passes, whose default is ``passes``; :func:`check_draws` checks their values."""
        self.add_argument('--repeats', place=place, type=int, default=10, metavar='N', help='looks at each '
                          'scene, each with another first location; the error is their mean (default: %(default)s)')
        self.add_argument('--passes', place=place, type=int, default=passes, metavar='N', help='also measure the error '
                          'of answers by the mean probabilities of N passes, each with other first locations; 1 for no '
                          'such error (default: %(default)s)')
        self.add_argument('--seed', place=place, type=int, default=0, metavar='N', rare=True, help='seed of the first '
                          'locations (default: %(default)s)')

    def add_as_is(self, place=None):
        """Adds --as-is, for the user's own pictures."""
        self.add_argument('--as-is', place=place, action='store_true', help='take pictures of digits as they are; '
                          "otherwise each digit is prepared as MNIST's were: light on black, fitted and centred")

    def parse_args(self, argv=None, namespace=None):
        """See ArgumentParser.parse_args; the attribute ``given`` of the result is the set of the flags in ``argv`` (or
        ``namespace``).

        ``--cache`` sets $RAM_CACHE, since it says where things are, not what.
        """
        names = {action.dest for action, kind, _ in self.texts if kind == 'help'}
        # A default does not replace what is in the namespace already.
        before = argparse.Namespace(**{**dict.fromkeys(names, ABSENT), **vars(namespace or argparse.Namespace())})
        found, unknown = self.parse_known_args(argv, before)
        given = {name for name, value in vars(found).items() if value is not ABSENT}
        values = {name: value if name in given else self.get_default(name) for name, value in vars(found).items()}
        arguments = argparse.Namespace(given=given, **{
            name: value for name, value in values.items() if value is not argparse.SUPPRESS})
        if arguments.help:
            self.show_help(arguments)
        if unknown:
            self.error(f'unrecognized arguments: {" ".join(unknown)}')
        for action, *_ in self.texts:
            value = values.get(action.dest) if isinstance(action, argparse.Action) else None
            if '' in (value if isinstance(value, list) else [value]) and action.dest in given:
                # As from "$RUN" where that is not set: without this flag, the script would do something else.
                self.error(f'{"/".join(action.option_strings) or action.dest} has an empty value')
        if arguments.cache:
            os.environ['RAM_CACHE'] = arguments.cache
        return arguments


def check_draws(arguments):
    """Raises ValueError if a value of a flag of :meth:`Parser.add_draws` is out of range."""
    for name, least in ('repeats', 1), ('passes', 1), ('seed', 0):
        value = getattr(arguments, name)
        if value < least:
            raise ValueError(f'--{name} must be at least {least}, not {value}')


def refuse_unused(arguments, names, reason):
    """Refuses flags without effect.

    Args:
        arguments: the result of Parser.parse_args.
        names: the flags, without dashes in front.
        reason: the end of the sentence "it has no effect ...".

    Raises:
        ValueError: one of them was given.
    """
    for name in names:
        if name in arguments.given:
            value = getattr(arguments, name)
            words = value if isinstance(value, list) else [] if isinstance(value, bool) else [value]
            raise ValueError(no_effect(' '.join([f'--{name}', *map(str, words)]), reason))


def device(gpu, local=0, beside=1):
    """The chainer device of ``--gpu``, which becomes the current one.  For a CPU, it sets the number of threads.

    Args:
        gpu: the GPU's number; -1 for the CPU; None for ``local``.
        local: the number of this process among those on this machine.
        beside: how many of them there are.

    Raises:
        ValueError: there is no CuPy or no such GPU.
    """
    gpu = local if gpu is None else gpu
    if gpu >= 0:
        try:
            cuda.check_cuda_available()
            count = cuda.cupy.cuda.runtime.getDeviceCount()
        except RuntimeError as error:  # CuPy's CUDARuntimeError among them
            reason = str(error).strip().split('\n')[0]
            raise ValueError(f'--gpu {gpu} needs a CUDA GPU, and CuPy, which `make gpu` installs; -1 is the CPU: '
                             f'{reason}') from None
        if gpu >= count:
            raise ValueError(f'--gpu {gpu}: there are {count} GPUs, counted from 0')
    if gpu < 0:
        threads.choose(beside)
    chosen = chainer.get_device('@numpy' if gpu < 0 else f'@cupy:{gpu}')
    chosen.use()
    return chosen


def run(main, argv=None):
    """Runs a script's main function; an error that the user can fix is reported in one line, with exit code 2."""
    for name in 'stdout', 'stderr':
        if getattr(sys, name) is None:  # it was closed, as by `>&-`
            setattr(sys, name, open(os.devnull, 'w'))
    shown.never_fail(sys.stdout, sys.stderr)
    try:
        main(argv)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of our output has closed it, as in `evaluate.py model.npz | head -3`
        _give_up_output()
        sys.exit(141)  # the exit code of SIGPIPE in a shell
    except (ValueError, OSError, FloatingPointError, MemoryError) as error:  # CuPy's OutOfMemoryError among them
        text = shown.message(error) or 'out of memory'
        if isinstance(error, MemoryError) and 'memory' not in text.lower():
            text = f'out of memory: {text}'
        sys.stderr.write(f'error: {text}\n')  # in one piece, since several processes may write
        try:
            sys.stdout.flush()
        except OSError:  # the error was that it cannot be written
            _give_up_output()
        abort(2)
        sys.exit(2)
    except KeyboardInterrupt:
        print('interrupted', file=sys.stderr)
        sys.exit(130)


def _give_up_output():
    """Drops what was not written to stdout, of which Python would complain at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def abort(code):
    """Ends all ranks, if there are several, with this exit code: otherwise the others would wait for this one."""
    mpi = sys.modules.get('mpi4py.MPI')
    if mpi and mpi.COMM_WORLD.size > 1:
        sys.stderr.flush()
        time.sleep(0.5)  # mpiexec may drop what it has not yet forwarded when all ranks end
        mpi.COMM_WORLD.Abort(code)
