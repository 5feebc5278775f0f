"""The archived repository's networks unrolled over all glimpses as one function; ``ram.fast.unroll`` explains why."""
import chainer
import numpy as np
from chainer.backends import cuda

from ram.fast.cores import FusedLSTMCore, back_through_relu, linear_relu


def archived_unroll(images, location, look, see, model, steps):
    """Looks ``steps`` times with the networks of an ``ArchivedModel``.

    Args:
        images: float32 array (B, C, H, W).
        location: float32 array (B, 2), the first location.
        look: called with t, 0 for the first glimpse, the LSTM's output (B, hidden) and an array (B, 2), into which it
            writes the next location; not called after the last glimpse.
        see: called with the images and locations (B, 2), returns the glimpses (B, retina).
        model: the ArchivedModel.
        steps: number of glimpses T.

    Returns:
        The LSTM's outputs.  With gradients to the parameters: Variable float32 ((T - 1) * B, hidden), those after
        1 ... T - 1 glimpses one below the other, and Variable float32 (B, hidden), the last.  Without: all of them,
        float32 array (T, B, hidden).
    """
    links = model.ll1, model.lrho1, model.lh1, model.lh2
    core = model.lstm.upward.W, model.lstm.upward.b, model.lstm.lateral.W
    function = ArchivedUnroll(images, location, look, see, steps)
    before, last = function.apply([*(parameter for link in links for parameter in (link.W, link.b)), *core])
    return before, last, function.core.states


class ArchivedUnroll(chainer.FunctionNode):
    """See :func:`archived_unroll`.  Its gradient cannot be differentiated again."""

    def __init__(self, images, location, look, see, steps):
        self.images, self.location, self.look, self.see, self.steps = images, location, look, see, steps

    def forward(self, parameters):
        where_W, where_b, what_W, what_b, self.first_W, first_b, self.second_W, second_b = parameters[:8]
        xp = cuda.get_array_module(where_W)
        steps, count, unit = self.steps, len(self.images), len(where_b)
        self.core = FusedLSTMCore(parameters[8:], steps, count)
        self.locations = xp.empty((steps, count, 2), np.float32)
        self.rho = xp.empty((steps, count, what_W.shape[1]), np.float32)
        self.both = xp.empty((steps, count, 2 * unit), np.float32)
        self.first = xp.empty((steps, count, len(first_b)), np.float32)
        self.locations[0] = self.location
        for t in range(steps):
            self.rho[t] = self.see(self.images, self.locations[t])
            linear_relu(xp, self.locations[t], where_W, where_b, self.both[t, :, :unit])
            linear_relu(xp, self.rho[t], what_W, what_b, self.both[t, :, unit:])
            linear_relu(xp, self.both[t], self.first_W, first_b, self.first[t])
            linear_relu(xp, self.first[t], self.second_W, second_b, self.core.inputs[t])
            self.core.step(t)
            if t < steps - 1:
                self.look(t, self.core.states[t], self.locations[t + 1])
        return self.core.outputs

    def backward(self, indexes, grad_outputs):
        xp, rows, unit = self.core.xp, self.locations.shape[0] * self.locations.shape[1], self.both.shape[2] // 2
        second, core_gradients = self.core.backward(*(g if g is None else g.array for g in grad_outputs))
        back_through_relu(xp, second, self.core.inputs.reshape(rows, -1))
        first, hidden, both = second @ self.second_W, self.first.reshape(rows, -1), self.both.reshape(rows, -1)
        back_through_relu(xp, first, hidden)
        features = first @ self.first_W
        back_through_relu(xp, features, both)

        ones = xp.ones(rows, np.float32)
        features_b = ones @ features
        gradients = (features[:, :unit].T @ self.locations.reshape(rows, 2), features_b[:unit],
                     features[:, unit:].T @ self.rho.reshape(rows, -1), features_b[unit:],
                     first.T @ both, ones @ first, second.T @ hidden, ones @ second, *core_gradients)
        return tuple(chainer.as_variable(xp.ascontiguousarray(gradient)) for gradient in gradients)
