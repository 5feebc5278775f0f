"""A glimpse network and a core network unrolled over T glimpses as one function of Chainer's graph, for speed.

A graph of small nodes costs more than the arithmetic.  This function computes what the links compute, with their
parameters.  It is faster in two ways:

- Where the paper adds two Linears, their inputs are next to each other in memory, and one product serves both.
- In the backward pass, only the gradient from h_t to h_{t-1} is computed step by step.  All other gradients (through
  the glimpse network, and of every weight) are computed once, for all T glimpses of the batch together.
"""
import chainer
import numpy as np
from chainer.backends import cuda


def unroll(see, location, look, glimpse, core, steps):
    """Looks ``steps`` times, as ``ram.agents.recurrent_attention.plain_unroll`` does.

    Args:
        see: called with t (0 for the first glimpse), the locations, float32 array (B, 2), and a float32 array
            (B, retina), into which it writes the glimpses.
        location: float32 array (B, 2), l_1.
        look: called with t, the array h_{t+1} (B, hidden) and a float32 array (B, 2), into which it writes the next
            location; not called after the last glimpse.
        glimpse, core: the fast forms of a glimpse network and of a core network, each a class (see
            ``ram.fast.linear_glimpse`` and ``ram.fast.cores``) and the list of its parameters.
        steps: number of glimpses T.

    Returns:
        Four values.  With gradients to the parameters of both networks: Variable float32 ((T - 1) * B, hidden),
        h_1 ... h_{T-1} one below the other, and Variable float32 (B, hidden), h_T.  Without: float32 array
        (T, B, hidden), h_1 ... h_T, and float32 array (T, B, 2), l_1 ... l_T.
    """
    (fast_glimpse, glimpse_parameters), (fast_core, core_parameters) = glimpse, core
    function = Unroll(see, location, look, fast_glimpse, fast_core, len(glimpse_parameters), steps)
    before, last = function.apply((*glimpse_parameters, *core_parameters))
    return before, last, function.core.states, function.glimpse.locations


class Unroll(chainer.FunctionNode):
    """See :func:`unroll`.  Its gradient cannot be differentiated again."""

    def __init__(self, see, location, look, fast_glimpse, fast_core, split, steps):
        self.see, self.location, self.look, self.steps = see, location, look, steps
        self.fast_glimpse, self.fast_core, self.split = fast_glimpse, fast_core, split

    def forward(self, parameters):
        count = len(self.location)
        self.glimpse = self.fast_glimpse(parameters[:self.split], self.steps, count)
        self.core = self.fast_core(parameters[self.split:], self.steps, count)
        locations, rho = self.glimpse.locations, self.glimpse.rho
        locations[0] = self.location
        for t in range(self.steps):
            self.see(t, locations[t], rho[t])
            self.glimpse.step(t, self.core.inputs[t])
            self.core.step(t)
            if t < self.steps - 1:
                self.look(t, self.core.states[t], locations[t + 1])
        return self.core.outputs

    def backward(self, indexes, grad_outputs):
        by_input, core_gradients = self.core.backward(*(g if g is None else g.array for g in grad_outputs))
        gradients = *self.glimpse.backward(by_input, self.core.inputs), *core_gradients
        return tuple(map(chainer.as_variable, separate(gradients)))


def separate(gradients):
    """Contiguous arrays that share no memory, because hooks such as clipping may change gradients in place.

    Args:
        gradients: arrays, some of which may be the same or views of larger ones.

    Returns:
        list of arrays.
    """
    seen, found = set(), []
    for gradient in gradients:
        array = cuda.get_array_module(gradient).ascontiguousarray(gradient)
        base = id(array if array.base is None else array.base)
        found.append(array.copy() if base in seen else array)
        seen.add(base)
    return found


class FastGlimpse:
    """Common to the fast glimpse networks: what is seen, and where.

    Args:
        retina: values in one glimpse.
        steps: number of glimpses T.
        count: number of images B.
        xp: numpy or cupy.

    Attributes:
        rho: float32 array (T, B, retina), to be filled step by step.
        locations: float32 array (T, B, 2), l_1 ... l_T, to be filled step by step.
    """

    def __init__(self, retina, steps, count, xp):
        self.xp, self.rows = xp, steps * count
        self.rho = xp.empty((steps, count, retina), np.float32)
        self.locations = xp.empty((steps, count, 2), np.float32)

    def flat(self, values):
        """An array (T, B, ...) as (T * B, ...)."""
        return values.reshape(self.rows, *values.shape[2:])

    def ones(self):
        """float32 (T * B,): a product with it is a sum over rows, in half the time of ``sum``."""
        return self.xp.ones(self.rows, np.float32)
