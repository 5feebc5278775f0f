"""How many threads NumPy's matrix products have: as many as there are cores that other programs leave.

OpenBLAS divides a product evenly among its threads, and each waits for the others in a busy loop.  On a core that
another program uses too, a thread that waits for its turn holds up all others: two threads on two busy cores can be
many times slower than one.
"""
import os
import pathlib
import time

import psutil
import threadpoolctl

VARIABLES = ('OPENBLAS_NUM_THREADS', 'OMP_NUM_THREADS', 'GOTO_NUM_THREADS', 'MKL_NUM_THREADS', 'BLIS_NUM_THREADS',
             'VECLIB_MAXIMUM_THREADS')
QUOTA = pathlib.Path('/sys/fs/cgroup/cpu.max')  # of a container
SAMPLE = 0.2  # seconds in which this process sleeps, to see what the others do


def fixed():
    """Whether the user has set the number of threads, by one of VARIABLES."""
    return any(os.environ.get(name) for name in VARIABLES)


def cores():
    """The cores that this process may use: float, at least 1, since a container may have one and a half."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1
    try:
        quota, period = QUOTA.read_text().split()
        return max(1.0, min(allowed, int(quota) / int(period)))
    except (OSError, ValueError):  # not in a container, or 'max'
        return float(allowed)


class Load:
    """What other programs take of the cores, from one call of :meth:`others` to the next."""

    def __init__(self):
        self._process = psutil.Process()
        self._before = self._now()

    def _now(self):
        times, own = psutil.cpu_times(), self._process.cpu_times()
        idle = times.idle + getattr(times, 'iowait', 0)
        # Linux counts a guest's time as its host's user time, too.
        everything = sum(times) - getattr(times, 'guest', 0) - getattr(times, 'guest_nice', 0)
        return everything, idle, own.user + own.system

    def others(self):
        """How many cores the other programs have used since the last call: float, at least 0."""
        before, self._before = self._before, self._now()
        everything, idle, own = (now - then for now, then in zip(self._before, before))
        if everything <= 0:  # the clock has not ticked
            return 0.0
        return max(0.0, (everything - idle - own) * psutil.cpu_count() / everything)


def suitable(others, processes=1):
    """How many threads a process should have, at least 1.

    Args:
        others: cores that other programs use.
        processes: processes that share the rest.
    """
    return max(1, round((cores() - others) / processes - 0.1))  # half a core is not enough for a thread


def limit(threads):
    """Sets the number of threads of NumPy's matrix products."""
    threadpoolctl.threadpool_limits(threads, user_api='blas')


def current():
    """The number of threads of NumPy's matrix products; 1 if its library has none, or is not known."""
    return max((library['num_threads'] for library in threadpoolctl.threadpool_info()
                if library['user_api'] == 'blas'), default=1)


def choose(processes=1):
    """Sets a suitable number of threads, unless the user has set one; takes SAMPLE seconds.

    Args:
        processes: processes like this one on this machine, which choose at the same time.
    """
    if not fixed():
        load = Load()
        time.sleep(SAMPLE)
        limit(suitable(load.others(), processes))
