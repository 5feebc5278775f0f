"""A training step as one CUDA graph.

Python needs ten times as long to launch the few hundred kernels of a step as a GPU needs for their
work.  So a step is captured once, and from then on all its kernels are launched together.

A graph repeats its kernels with the same arguments.  What differs from step to step is therefore
brought into device memory first: the state of the generator, the sources of the scenes and the
rates of the optimizer.  What the step makes has memory of its own, as long as there is the graph.
"""
import contextlib
import sys

import chainer
from chainer import training
from chainer.backends import cuda

from datasets.picture_store import Pictures
from ram import random_streams
from ram.fast.product import capturable
from ram.training.distributed import ALONE
from ram.training.optimizers import rates
from ram.training.scene_iterator import SceneIterator, whole_arrays


def make_updater(iterator, optimizer, device, ranks=ALONE):
    """An updater with graphs, if that is possible; else Chainer's, and a line says why.

    Args:
        iterator: a SceneIterator or a GameIterator.
        optimizer: one of the registry, set up for a loss.
        device: chainer device, a GPU.
        ranks: the Ranks that train together.
    """
    reason = obstacle(iterator, ranks)
    if not reason:
        return GraphUpdater(iterator, optimizer, device)
    if ranks.first:
        say(reason)
    return plain_updater(iterator, optimizer, device)


def plain_updater(iterator, optimizer, device, ranks=ALONE):
    """Chainer's updater; the arguments are those of :func:`make_updater`."""
    return training.updaters.StandardUpdater(
        iterator, optimizer, converter=whole_arrays, device=device)


def obstacle(iterator, ranks):
    """Why no step can be captured, in words, as far as that is known beforehand; else None."""
    if ranks.communicator:
        return 'several processes train together'
    if not isinstance(iterator, SceneIterator):
        return 'games are played'
    if isinstance(iterator.digits, Pictures):
        return 'pictures are read from files'
    if iterator.objects > 1:
        return 'digits are drawn again where they overlap'
    return None


def say(reason):
    """Says on the standard error why there is no graph."""
    print(f'The kernels of a step are launched one by one, not as a CUDA graph: {reason}',
          file=sys.stderr)


class GraphUpdater(training.updaters.StandardUpdater):
    """Chainer's updater, whose steps are launched as one graph from the second on.

    Where that fails, a line says why, and the step and all later ones are plain.

    Args:
        iterator: a SceneIterator.
        optimizer: one of the registry, set up for a loss.
        device: chainer device, a GPU.
    """

    def __init__(self, iterator, optimizer, device):
        super().__init__(iterator, optimizer, converter=whole_arrays, device=device)
        self.step = Step(iterator, optimizer)

    def update_core(self):
        iterator, optimizer = self.get_iterator('main'), self.get_optimizer('main')
        rng, source = iterator.draw()
        if not (self.step and self.by_graph(rng, source)):
            optimizer.update(optimizer.target, *iterator.batch(rng, source))
        if iterator.is_new_epoch:
            optimizer.new_epoch(auto=True)

    def by_graph(self, rng, source):
        """Whether the step was done; if not, it is still to be done, and no other is tried."""
        counters = self.step.counters
        before = [counter.t for counter in counters]
        try:
            self.step(rng, source)
            return True
        except Exception as error:  # there is no list of what CUDA, CuPy and cuBLAS cannot capture
            if self.step.graph:
                raise
            for counter, t in zip(counters, before):
                counter.t = t
            say(' '.join(f'{type(error).__name__}: {error}'.split()))
            self.step = None
            return False


class Step:
    """A step whose inputs and results have fixed places in device memory.

    Called with what ``SceneIterator.draw`` returns, it does the step, and reports what the loss
    reports.  The first call launches its kernels one by one, so that all are loaded and the
    optimizer has its state; the second captures them; from then on the graph is launched.

    Args:
        iterator: a SceneIterator on a GPU.
        optimizer: one of the registry, set up for a loss.

    Attributes:
        graph: cupy.cuda.Graph; None until it was launched once.
        counters: what counts its updates in ``t``.
    """

    def __init__(self, iterator, optimizer):
        cupy, target = cuda.cupy, optimizer.target
        self.iterator, self.optimizer, self.graph, self.loaded = iterator, optimizer, None, False
        self.counters = [optimizer, *(parameter.update_rule for parameter in target.params())]
        self.rng = random_streams.generator(target.device, 0)
        self.source = cupy.empty(iterator.batch_size, iterator.order.dtype)
        self.rates = {name: cupy.empty((), cupy.float32) for name in rates(optimizer)}
        self.reporter = chainer.Reporter()
        self.reporter.add_observer('main', target)  # the trainer's name for it
        self.memory = cupy.cuda.MemoryPool(self.new_memory)
        self.memory.set_limit(size=0)  # at a limit, too, it would give back what the graph uses

    def __call__(self, rng, source):
        random_streams.become(self.rng, rng)
        self.source[...] = source
        for name, value in rates(self.optimizer).items():
            self.rates[name].fill(value)
        if self.graph:
            for counter in self.counters:
                counter.t += 1
            self.graph.launch()
        elif self.loaded:
            graph = self.captured()
            graph.launch()
            self.graph = graph
        else:
            self.run()
            self.loaded = True
        chainer.report(dict(zip(self.names, self.observed.copy())))

    def run(self):
        """The step itself, from the batch to the update."""
        optimizer, settings, observation = self.optimizer, self.optimizer.hyperparam, {}
        numbers = {name: getattr(settings, name) for name in self.rates}
        vars(settings).update(self.rates)
        try:
            with capturable(), self.reporter.scope(observation):
                optimizer.update(optimizer.target, *self.iterator.batch(self.rng, self.source))
        finally:
            vars(settings).update(numbers)
        self.names, values = zip(*observation.items())
        self.observed = cuda.cupy.stack([getattr(value, 'array', value) for value in values])

    def captured(self):
        """The graph of :meth:`run`, which is not done here."""
        cupy = cuda.cupy
        cupy.get_default_memory_pool().free_all_blocks()  # the graph needs as much as the last step
        stream = cupy.cuda.Stream(non_blocking=True)
        with cupy.cuda.using_allocator(self.memory.malloc), stream:
            stream.begin_capture()
            try:
                self.run()
            except BaseException:
                with contextlib.suppress(cupy.cuda.runtime.CUDARuntimeError):  # it may have failed
                    stream.end_capture()
                raise
            return stream.end_capture()

    def new_memory(self, size):
        """New memory for the pool.

        Raises:
            MemoryError: there is none.  (At CUDA's own error the pool would give back what it has,
                and the graph uses that.)
        """
        api = cuda.cupy.cuda
        try:
            return api.MemoryPointer(api.Memory(size), 0)
        except api.runtime.CUDARuntimeError as error:
            raise MemoryError(f'{size:,} bytes for a CUDA graph: {error}') from None
