"""The processes of a run: one, or several that ChainerMN's communicator joins, each of them a rank."""
import os

from chainer.backends import cuda


class Ranks:
    """The processes that train together, seen from one of them.

    Args:
        communicator: a ChainerMN communicator; None if the process is alone.

    Attributes:
        rank: this process's number, from 0.
        size: how many there are.
        local: its number among those on the same machine, from 0.
        beside: how many there are on the same machine.
        first: whether it is the one that writes files and reports.
    """

    def __init__(self, communicator=None):
        self.communicator = communicator
        self.rank, self.size, self.local, self.beside = (
            communicator.rank, communicator.size, communicator.intra_rank, communicator.intra_size) \
            if communicator else (0, 1, 0, 1)
        self.first = self.rank == 0

    def gather(self, value):
        """The values of all ranks, in their order.  (All ranks must call this together.)"""
        return self.communicator.mpi_comm.allgather(value) if self.communicator else [value]

    def from_first(self, function):
        """The result of ``function()`` in the first process, in every process.  (All ranks must call this together.)"""
        value = function() if self.first else None
        return self.communicator.mpi_comm.bcast(value) if self.communicator else value


ALONE = Ranks()
# Variables that MPIs give to the processes that they start: the process's number, and how many there are.
STARTED = 'PMI_RANK', 'PMIX_RANK', 'OMPI_COMM_WORLD_RANK'
SIZES = 'PMI_SIZE', 'OMPI_COMM_WORLD_SIZE', 'MV2_COMM_WORLD_SIZE'


def from_first_started(function):
    """The result of ``function()`` in the first process that mpiexec started, in all of them, before they are joined.

    Which communicator joins them may be such a result.
    """
    if not any(name in os.environ for name in STARTED):
        return function()
    try:
        from mpi4py.MPI import COMM_WORLD as world
    except (ImportError, RuntimeError):  # to join them will fail, if they are to be joined
        return function()
    return world.bcast(function() if world.rank == 0 else None)


def join(name):
    """The Ranks that are joined by ChainerMN's communicator of that name, or ALONE if it is None.

    Raises:
        ValueError: mpi4py, or something that the communicator needs, is missing; or mpiexec started more processes
            than are joined, each of which would train alone.
    """
    if name is None:
        from_first_started(lambda: _check_all_joined(1, 'add --communicator naive, or pure_nccl for GPUs'))
        return ALONE
    try:
        import mpi4py.MPI  # noqa: F401  (ChainerMN's message is less clear)
        if name == 'pure_nccl' and not cuda.available:
            raise ImportError('pure_nccl needs GPUs and CuPy, and CuPy is missing; use naive for CPUs')
    except (ImportError, RuntimeError) as error:
        raise ValueError(f'--communicator {name}: {error} (see requirements-mpi.txt)') from None
    import chainermn
    chainermn.global_except_hook.add_hook()  # an unexpected error ends all ranks too
    ranks = Ranks(chainermn.create_communicator(name))
    _check_all_joined(ranks.size, 'mpi4py was built for another MPI than that of this mpiexec')
    return ranks


def _check_all_joined(size, advice):
    """Raises ValueError, which ends in an advice, if mpiexec started more than ``size`` processes."""
    started = max((int(text) for text in map(os.environ.get, SIZES) if text and text.isdigit()), default=1)
    if started > size:
        raise ValueError(f'mpiexec started {started} processes that would not train together: {advice}')


def joined_optimizer(optimizer, ranks, target):
    """An optimizer, set up for ``target``, that follows the mean of all ranks' gradients."""
    if ranks.communicator:
        import chainermn
        optimizer = chainermn.create_multi_node_optimizer(optimizer, ranks.communicator, zero_fill=True)
    optimizer.setup(target)
    if ranks.communicator:
        ranks.communicator.bcast_data(target)
        optimizer.is_changed(target)  # otherwise its first update would be this broadcast
    return optimizer


def joined_evaluator(evaluator, ranks):
    """An extension whose ``evaluate()`` returns the mean of the results of all ranks."""
    if ranks.communicator:
        import chainermn
        return chainermn.create_multi_node_evaluator(evaluator, ranks.communicator)
    return evaluator


def share(array, ranks):
    """This rank's part of an array's rows."""
    return array[ranks.rank::ranks.size]
