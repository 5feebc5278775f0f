"""The emulator captures as CUDA does, in the relaxed mode; skipped elsewhere."""
import importlib.util

import numpy as np
import pytest
from chainer.backends import cuda

pytestmark = pytest.mark.skipif(
    not importlib.util.find_spec('standin'), reason='not in the emulator')


def captured(work):
    """The graph of what a function does on a stream of its own."""
    with cuda.cupy.cuda.Stream(non_blocking=True) as stream:
        stream.begin_capture()
        try:
            work()
        finally:
            graph = stream.end_capture()
    return graph


def test_work_is_recorded_with_its_arguments_and_done_at_each_launch():
    x, factor = cuda.cupy.ones(3, np.float32), 2

    def work():
        x.__imul__(factor)
        x[1:] = x[:2]

    graph = captured(work)
    assert x.get().tolist() == [1, 1, 1]
    factor = 5  # too late
    graph.launch()
    assert x.get().tolist() == [2, 2, 2]
    x[...] = cuda.cupy.arange(3)
    graph.launch()
    assert x.get().tolist() == [0, 0, 2]


def test_other_streams_work_on_during_a_capture():
    x, y = cuda.cupy.ones((2, 3), np.float32)

    def work():
        x.fill(3)
        with cuda.cupy.cuda.Stream.null:
            y.fill(4)

    graph = captured(work)
    assert x.get().tolist() == [1] * 3 and y.get().tolist() == [4] * 3
    graph.launch()
    assert x.get().tolist() == [3] * 3


@pytest.mark.parametrize('wait', [
    lambda x: cuda.cupy.cuda.get_current_stream().synchronize(),
    lambda x: cuda.cupy.cuda.Device().synchronize(),
    lambda x: cuda.cupy.cuda.get_current_stream().record().synchronize(),
    lambda x: cuda.cupy.cuda.runtime.memcpy(x.data.ptr, x.data.ptr, 4, 3)],
    ids=['stream', 'device', 'event', 'copy'])
def test_waiting_is_refused_and_spoils_the_graph(wait):
    x, errors = cuda.cupy.ones(3, np.float32), []

    def work():
        x.fill(3)
        try:
            wait(x)
        except cuda.cupy.cuda.runtime.CUDARuntimeError as error:
            errors.append(error)

    with pytest.raises(cuda.cupy.cuda.runtime.CUDARuntimeError):
        captured(work)
    assert errors and x.get().tolist() == [1] * 3
    captured(lambda: x.fill(3)).launch()
    assert x.get().tolist() == [3] * 3


def test_memory_can_be_allocated_in_a_capture():
    x = cuda.cupy.arange(4, dtype=np.float32)
    memory, found = cuda.cupy.cuda.MemoryPool(), []
    with cuda.cupy.cuda.using_allocator(memory.malloc):
        graph = captured(lambda: found.append(x * 2 + cuda.cupy.zeros(4, np.float32)))
    x += 1
    graph.launch()
    assert found[0].get().tolist() == [2, 4, 6, 8]
