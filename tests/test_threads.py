"""The number of threads of NumPy's matrix products."""
from collections import namedtuple

import pytest

from ram import threads

Times = namedtuple('Times', 'user system idle iowait steal guest')
Own = namedtuple('Own', 'user system')


@pytest.fixture
def machine(monkeypatch):
    """Two cores of a machine of four, and no variable set; returns the patch."""
    for name in threads.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(threads, 'cores', lambda: 2.0)
    monkeypatch.setattr(threads.psutil, 'cpu_count', lambda: 4)
    return monkeypatch


def test_others_are_what_is_neither_idle_nor_this_process(machine):
    # In 10 seconds of four cores: 40 core seconds, of which 12 idle, 3 wait for a disk, 15 are this process's own.
    system = iter([Times(100, 20, 500, 7, 0, 1), Times(120, 24, 512, 10, 1, 1)])
    own = iter([Own(30, 5), Own(44, 6)])
    machine.setattr(threads.psutil, 'cpu_times', lambda: next(system))
    machine.setattr(threads.psutil, 'Process', lambda: type('Process', (), {'cpu_times': lambda self: next(own)})())
    assert threads.Load().others() == pytest.approx((40 - 12 - 3 - 15) / 10)


@pytest.mark.parametrize('others, processes, number', [
    (0, 1, 2), (0.3, 1, 2), (0.9, 1, 1), (1.1, 1, 1), (2, 1, 1), (7, 1, 1), (0, 2, 1), (0, 4, 1)])
def test_a_process_has_as_many_threads_as_cores_are_free(machine, others, processes, number):
    assert threads.suitable(others, processes) == number


def test_the_number_that_the_user_has_set_stays(machine):
    machine.setenv('OMP_NUM_THREADS', '2')
    machine.setattr(threads, 'limit', pytest.fail)
    threads.choose()


@pytest.mark.parametrize('text, expected', [('150000 100000', 1.5), ('20000 100000', 1), ('9900000 100000', 3),
                                            ('max 100000', 3)])
def test_a_container_s_quota_counts(monkeypatch, tmp_path, text, expected):
    monkeypatch.setattr(threads, 'QUOTA', tmp_path / 'cpu.max')
    threads.QUOTA.write_text(text)
    monkeypatch.setattr(threads.os, 'sched_getaffinity', lambda process: {0, 1, 5}, raising=False)
    assert threads.cores() == expected


def test_the_limit_is_that_of_numpy(machine):
    before = threads.current()
    try:
        threads.limit(1)
        assert threads.current() == 1
    finally:
        threads.limit(before)
