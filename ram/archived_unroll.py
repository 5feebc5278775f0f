"""The archived repository's networks unrolled over all glimpses as one function; for why, see ``ram.fused``."""
import chainer
import numpy as np
from chainer.backends import cuda

from ram.fused import back_through_relu, linear_relu


def archived_unroll(images, location, look, see, model, steps):
    """Looks ``steps`` times with the networks of an ``ArchivedModel``.

    Args:
        images: float32 array (B, C, H, W).
        location: float32 array (B, 2), the first location.
        look: called with t, 0 for the first glimpse, and the LSTM's output (B, hidden), gives the next location; not
            called after the last glimpse.
        see: called with the images and locations (B, 2), gives the glimpses (B, retina).
        model: the ArchivedModel.
        steps: number of glimpses T.

    Returns:
        Tuple of T Variables float32 (B, hidden), the LSTM's outputs, with gradients to the parameters.
    """
    links = (model.ll1, model.lrho1, model.lh1, model.lh2, model.lstm.upward)
    parameters = [parameter for link in links for parameter in (link.W, link.b)] + [model.lstm.lateral.W]
    return ArchivedUnroll(images, location, look, see, steps).apply(parameters)


class ArchivedUnroll(chainer.FunctionNode):
    """See :func:`archived_unroll`.  Its gradient cannot be differentiated again."""

    def __init__(self, images, location, look, see, steps):
        self.images, self.location, self.look, self.see, self.steps = images, location, look, see, steps

    def forward(self, parameters):
        where_W, where_b, what_W, what_b, self.first_W, first_b, self.second_W, second_b, up_W, up_b, lateral_W = \
            parameters
        xp = cuda.get_array_module(where_W)
        steps, count, unit, hidden = self.steps, len(self.images), len(where_b), len(first_b)
        self.gates_W = by_gate(xp.concatenate([up_W, lateral_W], axis=1))
        gates_b = by_gate(up_b[:, None])[:, 0]

        def empty(*shape):
            return xp.empty((steps, count, *shape), np.float32)

        self.locations, self.rho, self.both = empty(2), empty(what_W.shape[1]), empty(2 * unit)
        self.first, self.memory = empty(hidden), empty(2 * hidden)  # lh1's output; lh2's beside the last LSTM output
        self.gates, self.cells, self.states = empty(4, hidden), empty(hidden), empty(hidden)
        self.memory[0, :, hidden:] = 0
        location = self.location
        for t in range(steps):
            self.locations[t], self.rho[t] = location, self.see(self.images, location)
            linear_relu(xp, location, where_W, where_b, self.both[t, :, :unit])
            linear_relu(xp, self.rho[t], what_W, what_b, self.both[t, :, unit:])
            linear_relu(xp, self.both[t], self.first_W, first_b, self.first[t])
            linear_relu(xp, self.first[t], self.second_W, second_b, self.memory[t, :, :hidden])
            if t > 0:
                self.memory[t, :, hidden:] = self.states[t - 1]
            sums = self.memory[t] @ self.gates_W.T
            sums += gates_b
            a, i, f, o = activate(xp, sums.reshape(count, 4, hidden), self.gates[t])
            xp.multiply(a, i, out=self.cells[t])
            if t > 0:
                self.cells[t] += f * self.cells[t - 1]
            xp.multiply(o, xp.tanh(self.cells[t]), out=self.states[t])
            if t < steps - 1:
                location = self.look(t, self.states[t])
        return tuple(self.states)

    def backward(self, indexes, grad_outputs):
        xp = cuda.get_array_module(self.states)
        steps, count, hidden = self.states.shape
        unit, rows = self.both.shape[2] // 2, steps * count
        gates = xp.empty_like(self.gates)  # gradients at the gates' sums
        cell = xp.zeros((count, hidden), np.float32)
        for t in range(steps - 1, -1, -1):
            state = 0 if grad_outputs[t] is None else grad_outputs[t].array
            if t < steps - 1:
                state = state + gates[t + 1].reshape(count, -1) @ self.gates_W[:, hidden:]
            a, i, f, o = self.gates[t].transpose(1, 0, 2)
            squashed = xp.tanh(self.cells[t])
            cell += state * o * (1 - squashed * squashed)
            gates[t, :, 0] = cell * i * (1 - a * a)
            gates[t, :, 1] = cell * a * i * (1 - i)
            gates[t, :, 2] = cell * self.cells[t - 1] * f * (1 - f) if t > 0 else 0
            gates[t, :, 3] = state * squashed * o * (1 - o)
            cell *= f

        gates, memory = gates.reshape(rows, -1), self.memory.reshape(rows, -1)
        second = gates @ self.gates_W[:, :hidden]
        back_through_relu(xp, second, memory[:, :hidden])
        first, both = second @ self.second_W, self.both.reshape(rows, -1)
        back_through_relu(xp, first, self.first.reshape(rows, -1))
        features = first @ self.first_W
        back_through_relu(xp, features, both)

        ones = xp.ones(rows, np.float32)
        gates_W, features_b = by_unit(gates.T @ memory), ones @ features
        gradients = (features[:, :unit].T @ self.locations.reshape(rows, 2), features_b[:unit],
                     features[:, unit:].T @ self.rho.reshape(rows, -1), features_b[unit:],
                     first.T @ both, ones @ first, second.T @ self.first.reshape(rows, -1), ones @ second,
                     gates_W[:, :hidden], by_unit((ones @ gates)[:, None])[:, 0], gates_W[:, hidden:])
        return tuple(chainer.as_variable(xp.ascontiguousarray(gradient)) for gradient in gradients)


def activate(xp, sums, out):
    """The LSTM's input by tanh and its three gates by sigmoid: (B, 4, hidden) into ``out``; gives them one by one."""
    xp.tanh(sums[:, 0], out=out[:, 0])
    sums[:, 1:] *= 0.5
    xp.tanh(sums[:, 1:], out=out[:, 1:])  # sigmoid(x) = tanh(x / 2) / 2 + 1 / 2
    out[:, 1:] *= 0.5
    out[:, 1:] += 0.5
    return out.transpose(1, 0, 2)


def by_gate(rows):
    """Chainer's LSTM keeps the four gates of a unit together; this brings together the units of a gate."""
    return rows.reshape(-1, 4, rows.shape[1]).transpose(1, 0, 2).reshape(rows.shape)


def by_unit(rows):
    """The way back from :func:`by_gate`."""
    return rows.reshape(4, -1, rows.shape[1]).transpose(1, 0, 2).reshape(rows.shape)
