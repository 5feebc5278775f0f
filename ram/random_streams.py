"""Independent streams of random numbers, each named by a key, so that a snapshot needs no generator's state."""
import numpy as np
from chainer.backends import cuda

ORDER, BATCH = range(2)  # first parts of keys: for the order of an epoch, and for a batch


def generator(device, seed, *key):
    """A random generator whose arrays are on a device.

    Streams of different keys are independent: they are children of the seed's sequence, as ``SeedSequence.spawn`` makes
    them.  (A longer entropy is not enough: there [s, 1] and [s, 1, 0] are the same.)

    Args:
        device: chainer device.
        seed: int, at least 0.
        key: ints, at least 0; without any, the stream is that of ``numpy.random.default_rng(seed)`` on a CPU.

    Returns:
        ``numpy.random.Generator`` or ``cupy.random.Generator``.
    """
    sequence = np.random.SeedSequence(seed, spawn_key=key)
    if device.xp is np:
        return np.random.default_rng(sequence)
    # Philox starts at once; XORWOW, CuPy's default, must first advance each of its states.
    return cuda.cupy.random.Generator(cuda.cupy.random.Philox4x3210(sequence))


def become(rng, other):
    """Makes a generator of a GPU draw what another one draws next; its state keeps its place in memory."""
    # The kernels of cuRAND's device API, which draw, keep all that they know in this array.
    cuda.cupy.copyto(rng.bit_generator._state, other.bit_generator._state)


def check_generator(rng, device):
    """Raises ValueError if something is not a random generator whose arrays are on the chainer device."""
    wanted = device.xp.random.Generator
    if not isinstance(rng, wanted):
        raise ValueError(f'rng must be a {device.xp.__name__}.random.Generator, such as ram.random_streams.generator('
                         f'model.device, 0), not of type {type(rng).__qualname__}')
