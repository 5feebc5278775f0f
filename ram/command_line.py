"""Shared by the scripts: devices, common flags, and errors in one line."""
import argparse
import os
import sys
import time

import chainer
from chainer.backends import cuda

from datasets.picture_cache import PROJECT


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
    """A PlainParser with the flags that every script has."""

    def __init__(self, description):
        super().__init__(description, lambda prog: argparse.HelpFormatter(prog, max_help_position=30))
        self.add_argument('-g', '--gpu', type=int, nargs='?', default=-1, const=None, metavar='N', help='GPU to use; '
                          'without a number the first, or one for each of several processes; -1, the default, is the '
                          'CPU')
        self.add_argument('--data', metavar='DIR', help='folder of the data files (default: $RAM_DATA, else data)')
        self.add_argument('--cache', metavar='DIR', help='folder of the stores that --dataset folder makes of your '
                          f'pictures (default: $RAM_CACHE, else {PROJECT} in $XDG_CACHE_HOME or ~/.cache)')

    def add_draws(self, passes):
        """Adds --repeats, --seed and --passes, whose default is ``passes``; :func:`check_draws` checks their values."""
        self.add_argument('--repeats', type=int, default=10, metavar='N', help='draws of the first locations (default: '
                          '%(default)s)')
        self.add_argument('--passes', type=int, default=passes, metavar='N', help='also measure the error of answers '
                          'by the mean probabilities of N passes, each with other first locations; 1 for no such error '
                          '(default: %(default)s)')
        self.add_argument('--seed', type=int, default=0, metavar='N', help='seed of the first locations (default: '
                          '%(default)s)')

    def parse_args(self, argv=None):
        """See ArgumentParser.parse_args.  ``--cache`` sets $RAM_CACHE, since it says where things are, not what."""
        arguments = super().parse_args(argv)
        if arguments.cache:
            os.environ['RAM_CACHE'] = arguments.cache
        return arguments


def check_draws(arguments):
    """Raises ValueError if a value of a flag of :meth:`Parser.add_draws` is out of range."""
    for name, least in ('repeats', 1), ('passes', 1), ('seed', 0):
        value = getattr(arguments, name)
        if value < least:
            raise ValueError(f'--{name} must be at least {least}, not {value}')


def device(gpu, local=0):
    """The chainer device of ``--gpu``, which becomes the current one.

    Args:
        gpu: the GPU's number; -1 for the CPU; None for ``local``.
        local: the number of this process among those on this machine.

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
            raise ValueError(f'--gpu {gpu} needs a CUDA GPU, and CuPy, which `make gpu` installs: {reason}') from None
        if gpu >= count:
            raise ValueError(f'--gpu {gpu}: there are {count} GPUs, counted from 0')
    chosen = chainer.get_device('@numpy' if gpu < 0 else f'@cupy:{gpu}')
    chosen.use()
    return chosen


def run(main, argv=None):
    """Runs a script's main function; an error that the user can fix is reported in one line, with exit code 2."""
    try:
        main(argv)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of our output has closed it, as in `evaluate.py model.npz | head -3`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # otherwise Python complains at its end
        sys.exit(141)  # the exit code of SIGPIPE in a shell
    except (ValueError, OSError, MemoryError) as error:  # CuPy's OutOfMemoryError among them
        text = str(error) or 'out of memory'
        if isinstance(error, MemoryError) and 'memory' not in text.lower():
            text = f'out of memory: {text}'
        sys.stderr.write(f'error: {" ".join(text.split())}\n')  # in one piece, since several processes may write
        abort(2)
        sys.exit(2)
    except KeyboardInterrupt:
        print('interrupted', file=sys.stderr)
        sys.exit(130)


def abort(code):
    """Ends all ranks, if there are several, with this exit code: otherwise the others would wait for this one."""
    mpi = sys.modules.get('mpi4py.MPI')
    if mpi and mpi.COMM_WORLD.size > 1:
        sys.stderr.flush()
        time.sleep(0.5)  # mpiexec may drop what it has not yet forwarded when all ranks end
        mpi.COMM_WORLD.Abort(code)
