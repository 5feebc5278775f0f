"""What the three scripts share: devices, common flags, and errors told in one line."""
import argparse
import sys

import chainer
from chainer.backends import cuda

from ram.training.distributed import abort


class Parser(argparse.ArgumentParser):
    """An argument parser with the flags that every script has, which tells a wrong flag in one line, by ValueError."""

    def __init__(self, description):
        super().__init__(description=description)
        self.add_argument('-g', '--gpu', type=int, nargs='?', default=-1, const=None, help='GPU to use; without a '
                          'number the first, or to each of several processes its own; -1, the default, for the CPU')
        self.add_argument('--data', help='folder of the data files (default: $RAM_DATA, else data)')

    def error(self, message):
        raise ValueError(f'{message} (see {self.prog} --help)')


def device(gpu, local=0):
    """The chainer device of ``--gpu``, in use from now on.

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
            raise ValueError(f'--gpu {gpu} needs CuPy and a CUDA GPU, see requirements-gpu.txt: {reason}') from None
        if gpu >= count:
            raise ValueError(f'--gpu {gpu}: there are {count} GPUs, counted from 0')
    chosen = chainer.get_device('@numpy' if gpu < 0 else f'@cupy:{gpu}')
    chosen.use()
    return chosen


def run(main):
    """Runs a script's main function: what a user can mend is told in one line, and the exit code is 2."""
    try:
        main()
    except (ValueError, OSError) as error:
        sys.stderr.write(f'error: {" ".join(str(error).split())}\n')  # whole, though several processes may write
        abort(2)
        sys.exit(2)
    except KeyboardInterrupt:
        print('interrupted', file=sys.stderr)
        sys.exit(130)
