"""The glimpse and core networks unrolled over T glimpses as one function: fewer and fatter matrix products.

It computes what ``GlimpseNetwork`` and ``CoreNetwork`` compute, with their parameters.  What is saved:

- where the paper adds two Linears, their inputs stand side by side in memory and one product serves both;
- going back, only the gradient from h_t to h_{t-1} must be found step by step.  All else (through the glimpse network,
  and to every weight) is found once, for all T glimpses of the batch together.
"""
import chainer
import numpy as np
from chainer.backends import cuda


def unroll(images, location, look, sensor, glimpse_network, core_network, steps):
    """Looks ``steps`` times, as the loop over the networks in :func:`ram.model.plain_unroll` does.

    Args:
        images: float32 array (B, C, H, W).
        location: float32 array (B, 2), l_1.
        look: called with t (0 for the first glimpse) and the array h_{t+1} (B, hidden), gives the next location as
            a float32 array (B, 2); not called after the last glimpse.
        sensor: a GlimpseSensor.
        glimpse_network: a GlimpseNetwork.
        core_network: a CoreNetwork.
        steps: number of glimpses T.

    Returns:
        Tuple of T Variables float32 (B, hidden), h_1 ... h_T, with gradients to the parameters of both networks, and
        float32 array (T, B, 2), l_1 ... l_T.
    """
    function = Unroll(images, location, look, sensor, steps)
    links = (glimpse_network.what, glimpse_network.where, glimpse_network.from_what, glimpse_network.from_where,
             core_network.from_state, core_network.from_glimpse)
    states = function.apply([parameter for link in links for parameter in (link.W, link.b)])
    return states, function.locations


class Unroll(chainer.FunctionNode):
    """See :func:`unroll`.  Its gradient cannot be differentiated again."""

    def __init__(self, images, location, look, sensor, steps):
        self.images, self.location, self.look, self.sensor, self.steps = images, location, look, sensor, steps

    def forward(self, parameters):
        what_W, what_b, where_W, where_b, from_what_W, from_what_b, from_where_W, from_where_b, \
            from_state_W, from_state_b, from_glimpse_W, from_glimpse_b = parameters
        xp = cuda.get_array_module(what_W)
        steps, count, unit, hidden = self.steps, len(self.images), len(what_b), len(from_state_b)
        self.glimpse_W = xp.concatenate([from_what_W, from_where_W], axis=1)
        self.core_W = xp.concatenate([from_state_W, from_glimpse_W], axis=1)
        glimpse_b, core_b = from_what_b + from_where_b, from_state_b + from_glimpse_b

        self.locations = xp.empty((steps, count, 2), np.float32)
        self.rho = xp.empty((steps, count, what_W.shape[1]), np.float32)
        self.both = xp.empty((steps, count, 2 * unit), np.float32)        # h_g beside h_l
        self.memory = xp.empty((steps, count, 2 * hidden), np.float32)    # h_{t-1} beside g_t
        self.memory[0, :, :hidden] = 0                                    # h_0
        self.states = xp.empty((steps, count, hidden), np.float32)        # h_t
        location = self.location
        for t in range(steps):
            self.locations[t] = location
            self.rho[t] = self.sensor.forward((self.images, location))[0].reshape(count, -1)
            linear_relu(xp, self.rho[t], what_W, what_b, self.both[t, :, :unit])
            linear_relu(xp, location, where_W, where_b, self.both[t, :, unit:])
            linear_relu(xp, self.both[t], self.glimpse_W, glimpse_b, self.memory[t, :, hidden:])
            if t > 0:
                self.memory[t, :, :hidden] = self.states[t - 1]
                linear_relu(xp, self.memory[t], self.core_W, core_b, self.states[t])
            else:  # h_0 = 0
                linear_relu(xp, self.memory[t, :, hidden:], from_glimpse_W, core_b, self.states[t])
            if t < steps - 1:
                location = self.look(t, self.states[t])
        return tuple(self.states)

    def backward(self, indexes, grad_outputs):
        xp = cuda.get_array_module(self.states)
        steps, count, hidden = self.states.shape
        unit = self.both.shape[2] // 2
        from_state_W, from_glimpse_W = self.core_W[:, :hidden], self.core_W[:, hidden:]

        # Gradients at the sums before the rectifiers; the rows of all glimpses stand under each other.
        core = xp.empty_like(self.states)
        for t in range(steps - 1, -1, -1):
            core[t] = 0 if grad_outputs[t] is None else grad_outputs[t].array
            if t < steps - 1:
                core[t] += core[t + 1] @ from_state_W
            back_through_relu(xp, core[t], self.states[t])
        core, memory = core.reshape(-1, hidden), self.memory.reshape(-1, 2 * hidden)
        glimpse, both = core @ from_glimpse_W, self.both.reshape(-1, 2 * unit)
        back_through_relu(xp, glimpse, memory[:, hidden:])
        features = glimpse @ self.glimpse_W
        back_through_relu(xp, features, both)

        ones = xp.ones(steps * count, np.float32)  # a sum over the rows, as a product, takes half the time
        core_W, core_b = core.T @ memory, ones @ core
        glimpse_W, glimpse_b = glimpse.T @ both, ones @ glimpse
        features_b = ones @ features
        what_W = features[:, :unit].T @ self.rho.reshape(steps * count, -1)
        where_W = features[:, unit:].T @ self.locations.reshape(-1, 2)
        gradients = (what_W, features_b[:unit], where_W, features_b[unit:],
                     glimpse_W[:, :unit], glimpse_b, glimpse_W[:, unit:], glimpse_b,
                     core_W[:, :hidden], core_b, core_W[:, hidden:], core_b)
        return tuple(chainer.as_variable(xp.ascontiguousarray(gradient)) for gradient in gradients)


def linear_relu(xp, x, W, b, out):
    """out = ReLU(x W^T + b)."""
    if xp is np:
        np.matmul(x, W.T, out=out)
        out += b
        np.maximum(out, np.zeros_like(b), out=out)  # with an array, NumPy takes half the time that it takes with 0
    else:
        cuda.elementwise('T product, T b', 'T out', 'out = max(product + b, (T) 0)', 'bias_relu')(x @ W.T, b, out)


def back_through_relu(xp, gradient, activation):
    """gradient *= (activation > 0)."""
    if xp is np:
        gradient *= activation > 0
    else:
        cuda.elementwise('T activation', 'T gradient', 'if (!(activation > 0)) gradient = 0', 'relu_back')(
            activation, gradient)
