"""The glimpse and core networks unrolled over T glimpses as one function, with fewer and larger matrix products.

It computes what ``GlimpseNetwork`` and ``CoreNetwork`` compute, with their parameters.  It is faster in two ways:

- Where the paper adds two Linears, their inputs are next to each other in memory, and one product serves both.
- In the backward pass, only the gradient from h_t to h_{t-1} is computed step by step.  All other gradients (through
  the glimpse network, and of every weight) are computed once, for all T glimpses of the batch together.
"""
import chainer
import numpy as np
from chainer.backends import cuda

from ram.fast.cores import back_through_relu, linear_relu


def unroll(images, location, look, sensor, glimpse_network, core_network, steps):
    """Looks ``steps`` times, as ``ram.networks.recurrent_attention.plain_unroll`` does.

    Args:
        images: float32 array (B, C, H, W).
        location: float32 array (B, 2), l_1.
        look: called with t (0 for the first glimpse), the array h_{t+1} (B, hidden) and a float32 array (B, 2), into
            which it writes the next location; not called after the last glimpse.
        sensor: a GlimpseSensor.
        glimpse_network: a GlimpseNetwork.
        core_network: a core network with a ``fused`` form.
        steps: number of glimpses T.

    Returns:
        Four values.  With gradients to the parameters of both networks: Variable float32 ((T - 1) * B, hidden),
        h_1 ... h_{T-1} one below the other, and Variable float32 (B, hidden), h_T.  Without: float32 array
        (T, B, hidden), h_1 ... h_T, and float32 array (T, B, 2), l_1 ... l_T.
    """
    fused_core, core_parameters = core_network.fused()
    function = Unroll(images, location, look, sensor, fused_core, steps)
    links = glimpse_network.what, glimpse_network.where, glimpse_network.from_what, glimpse_network.from_where
    before, last = function.apply([*(parameter for link in links for parameter in (link.W, link.b)), *core_parameters])
    return before, last, function.core.states, function.locations


class Unroll(chainer.FunctionNode):
    """See :func:`unroll`.  Its gradient cannot be differentiated again."""

    def __init__(self, images, location, look, sensor, fused_core, steps):
        self.images, self.location, self.look, self.sensor, self.steps = images, location, look, sensor, steps
        self.fused_core = fused_core

    def forward(self, parameters):
        what_W, what_b, where_W, where_b, from_what_W, from_what_b, from_where_W, from_where_b = parameters[:8]
        xp = cuda.get_array_module(what_W)
        steps, count, unit = self.steps, len(self.images), len(what_b)
        self.glimpse_W, glimpse_b = xp.concatenate([from_what_W, from_where_W], axis=1), from_what_b + from_where_b
        self.core = self.fused_core(parameters[8:], steps, count)
        self.locations = xp.empty((steps, count, 2), np.float32)
        self.rho = xp.empty((steps, count, what_W.shape[1]), np.float32)
        self.both = xp.empty((steps, count, 2 * unit), np.float32)  # h_g beside h_l
        self.locations[0] = self.location
        for t in range(steps):
            self.sensor.forward((self.images, self.locations[t]), self.rho[t])
            linear_relu(xp, self.rho[t], what_W, what_b, self.both[t, :, :unit])
            linear_relu(xp, self.locations[t], where_W, where_b, self.both[t, :, unit:])
            linear_relu(xp, self.both[t], self.glimpse_W, glimpse_b, self.core.inputs[t])
            self.core.step(t)
            if t < steps - 1:
                self.look(t, self.core.states[t], self.locations[t + 1])
        return self.core.outputs

    def backward(self, indexes, grad_outputs):
        xp, rows, unit = self.core.xp, self.locations.shape[0] * self.locations.shape[1], self.both.shape[2] // 2
        # Gradients of the sums before the ReLUs; the rows of all glimpses are one below the other.
        glimpse, core_gradients = self.core.backward(*(g if g is None else g.array for g in grad_outputs))
        back_through_relu(xp, glimpse, self.core.inputs.reshape(rows, -1))
        both = self.both.reshape(rows, -1)
        features = glimpse @ self.glimpse_W
        back_through_relu(xp, features, both)

        ones = xp.ones(rows, np.float32)  # a sum over the rows, as a product, takes half the time
        glimpse_W, glimpse_b, features_b = glimpse.T @ both, ones @ glimpse, ones @ features
        gradients = (features[:, :unit].T @ self.rho.reshape(rows, -1), features_b[:unit],
                     features[:, unit:].T @ self.locations.reshape(rows, 2), features_b[unit:],
                     glimpse_W[:, :unit], glimpse_b, glimpse_W[:, unit:], glimpse_b, *core_gradients)
        return tuple(chainer.as_variable(xp.ascontiguousarray(gradient)) for gradient in gradients)
