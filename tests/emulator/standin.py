"""Installs the stand-ins when Python starts, and reads their counts of device operations."""
import ctypes
import glob
import hashlib
import importlib.abc
import importlib.util
import os
import pathlib
import sys
import sysconfig
import warnings

HERE = pathlib.Path(__file__).parent
PLACE = pathlib.Path(sys.prefix) / 'standin'
LIBRARIES = 'libcuda.so.1', 'libcudart.so.13', 'libnvrtc.so.13', 'libcublasLt.so.13', 'libcublas.so.13'


def counts():
    """The device operations since :func:`reset`: a dict from names, such as 'kernel lstm_step', to counts."""
    text = ctypes.create_string_buffer(1 << 20)
    ctypes.CDLL(LIBRARIES[0]).standin_read(text, ctypes.c_size_t(len(text)))
    return {what: int(times) for times, what in (line.split(' ', 1) for line in text.value.decode().splitlines())}


def reset():
    """Sets all counts to zero."""
    ctypes.CDLL(LIBRARIES[0]).standin_reset()


KEPT = []  # what graphs call


def do(what, work):
    """Calls a function, on CuPy's current stream; if that is captured, the graph calls it."""
    import cupy
    library, stream = ctypes.CDLL(LIBRARIES[0]), cupy.cuda.get_current_stream()
    if not stream.is_capturing():
        library.standin_count(what.encode())
        work()
        return
    KEPT.append(ctypes.CFUNCTYPE(None)(work))
    library.standin_record(ctypes.c_void_p(stream.ptr), what.encode(), KEPT[-1])


def on_the_host(pointer, shape, dtype):
    """A NumPy view of device memory."""
    import numpy
    size = int(numpy.prod(shape)) * numpy.dtype(dtype).itemsize
    return numpy.frombuffer((ctypes.c_char * size).from_address(pointer), dtype).reshape(shape)


class Philox:
    """Replaces cupy.random.Philox4x3210.  One launch makes its state: a key, and the draws so far."""

    def __init__(self, seed=None):
        import cupy
        import numpy
        sequence = seed if isinstance(seed, numpy.random.SeedSequence) else numpy.random.SeedSequence(seed)
        self._state, key = cupy.empty(2, numpy.uint64), sequence.generate_state(2, numpy.uint64)
        key[1], place = 0, self._state.data.ptr
        do('kernel init_curand', lambda: numpy.copyto(on_the_host(place, 2, numpy.uint64), key))


class Generator:
    """Replaces cupy.random.Generator, whose kernels are precompiled.  Draws with NumPy; one launch for each call."""

    def __init__(self, bit_generator):
        self.bit_generator = bit_generator

    def _drawn(self, size, dtype, draw):
        import cupy
        import numpy
        array, state = cupy.empty(size, dtype), self.bit_generator._state.data.ptr
        place, shape = array.data.ptr, array.shape

        def work():
            key = on_the_host(state, 2, numpy.uint64)
            rng = numpy.random.Generator(numpy.random.Philox(key=key.copy()))
            on_the_host(place, shape, dtype)[...] = draw(rng)
            key[1] += numpy.uint64(1)

        do('kernel random', work if array.size else lambda: None)
        return array

    def random(self, size, dtype=float):
        """Uniform in [0, 1)."""
        return self._drawn(size, dtype, lambda rng: rng.random(size, dtype))

    def standard_normal(self, size, dtype=float):
        """Normal, with mean 0 and standard deviation 1."""
        return self._drawn(size, dtype, lambda rng: rng.standard_normal(size, dtype))

    def integers(self, low, high, size):
        """Integers from low to high - 1; like CuPy, draws uint32 and adds low."""
        import cupy
        import numpy
        if low >= high:
            raise ValueError('low >= high')
        drawn = self._drawn(size, numpy.uint32, lambda rng: rng.integers(0, high - low, size, numpy.uint32))
        return cupy.add(low, drawn, dtype=numpy.int64)


def argsort(dtype, indices, data, keys, shape):
    """Replaces cupy.cuda.thrust.argsort, in one dimension."""
    import numpy
    assert not keys and len(shape) == 1
    do('kernel argsort', lambda: numpy.copyto(
        on_the_host(indices, shape, numpy.intp), on_the_host(data, shape, dtype).argsort(kind='stable')))


class BeforeCuPy(importlib.abc.MetaPathFinder):
    """Loads the stand-ins just before CuPy is imported, and patches CuPy just after."""

    def find_spec(self, name, path, target=None):
        if name != 'cupy':
            return None
        sys.meta_path.remove(self)
        site = pathlib.Path(sysconfig.get_path('purelib'))
        # CuPy and our NVRTC keep compiled kernels here.  Those of another header are other kernels.
        made_of = b''.join((HERE / name).read_bytes() for name in ('kernel.h', 'nvrtc.cpp'))
        kernels = PLACE / 'kernels' / hashlib.sha256(made_of).hexdigest()[:16]
        kernels.mkdir(parents=True, exist_ok=True)
        os.environ.update(STANDIN=str(HERE), CUPY_CACHE_DIR=str(kernels), CUPY_ACCELERATORS='')
        os.environ['STANDIN_NVRTC'], = glob.glob(str(site / 'nvidia' / '*' / 'lib' / 'libnvrtc.so.13'))
        warnings.filterwarnings('ignore', module='cupy._environment')
        sys.setdlopenflags(os.RTLD_LAZY)  # a missing function fails only when it is called
        for library in LIBRARIES:
            ctypes.CDLL(str(PLACE / library))
        spec = importlib.util.find_spec('cupy')
        load = spec.loader.exec_module

        def load_and_mend(module):
            load(module)
            import cupy.random
            from cupy.cuda import thrust
            cupy.random.default_rng = lambda seed=None: Generator(Philox(seed))
            cupy.random.Generator, cupy.random.Philox4x3210 = Generator, Philox
            thrust.argsort = argsort

        spec.loader.exec_module = load_and_mend
        return spec


def install():
    """Called when Python starts."""
    sys.meta_path.insert(0, BeforeCuPy())
