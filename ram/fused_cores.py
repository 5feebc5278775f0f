"""The core networks over T glimpses, on arrays: forward glimpse by glimpse, backward with fat products.  For why, see
``ram.fused``.

A fused core is made for one rollout and then used so: ``inputs[t]`` is filled with g_t and ``step(t)`` called, for
t = 0 ... T-1; ``backward`` once.
"""
import numpy as np
from chainer.backends import cuda

# What an LSTM does between two products, for one unit of one image: on a GPU one launch each way.
LSTM_STEP = ('T sum_a, T sum_i, T sum_f, T sum_o, T b_a, T b_i, T b_f, T b_o, T before',
             'T in_a, T in_i, T in_f, T in_o, T cell, T state', '''
    in_a = tanh(sum_a + b_a);
    in_i = tanh((sum_i + b_i) / 2) / 2 + (T) 0.5;
    in_f = tanh((sum_f + b_f) / 2) / 2 + (T) 0.5;
    in_o = tanh((sum_o + b_o) / 2) / 2 + (T) 0.5;
    cell = in_a * in_i + in_f * before;
    state = in_o * tanh(cell);
''', 'lstm_step')
LSTM_BACK = ('T state, T in_a, T in_i, T in_f, T in_o, T cell, T before',
             'T sum_a, T sum_i, T sum_f, T sum_o, T memory', '''
    // state and memory are gradients: those of this step's output and, coming from the next step, of its cell.
    T squashed = tanh(cell);
    T whole = memory + state * in_o * (1 - squashed * squashed);
    sum_a = whole * in_i * (1 - in_a * in_a);
    sum_i = whole * in_a * in_i * (1 - in_i);
    sum_f = whole * before * in_f * (1 - in_f);
    sum_o = state * squashed * in_o * (1 - in_o);
    memory = whole * in_f;
''', 'lstm_back')


class FusedCore:
    """What the cores share: the input and the last output side by side in memory, so that one product serves both.

    Args:
        W: float32 array (units, inputs + hidden), the weights for the input beside those for the last output.
        b: float32 array (units,).
        steps: number of glimpses T.
        count: number of images B.
        hidden: size of h.

    Attributes:
        inputs: float32 array (T, B, inputs), g_1 ... g_T.
        states: float32 array (T, B, hidden), h_1 ... h_T.
    """

    def __init__(self, W, b, steps, count, hidden):
        self.xp, self.W, self.b = cuda.get_array_module(W), W, b
        self.memory = self.xp.empty((steps, count, W.shape[1]), np.float32)
        self.inputs, self.last = self.memory[:, :, :-hidden], self.memory[:, :, -hidden:]
        self.input_W, self.last_W = W[:, :-hidden], W[:, -hidden:]
        self.last[0] = 0  # h_0
        self.states = self.xp.empty((steps, count, hidden), np.float32)

    def backward(self, gradients):
        """Goes back through all steps.

        Args:
            gradients: a float32 array (B, hidden) or None for each of h_1 ... h_T.

        Returns:
            Gradients of the inputs, float32 (T * B, inputs), and of the parameters, in their order.
        """
        xp = self.xp
        sums = self.back_to_sums(gradients).reshape(-1, len(self.W))
        return sums @ self.input_W, self.split(
            sums.T @ self.memory.reshape(len(sums), -1), xp.ones(len(sums), np.float32) @ sums)


class FusedReLUCore(FusedCore):
    """h_t = ReLU(from_glimpse(g_t) + from_state(h_{t-1})); see ``CoreNetwork``."""

    def __init__(self, parameters, steps, count):
        from_state_W, from_state_b, from_glimpse_W, from_glimpse_b = parameters
        xp = cuda.get_array_module(from_state_W)
        super().__init__(xp.concatenate([from_glimpse_W, from_state_W], axis=1), from_state_b + from_glimpse_b,
                         steps, count, len(from_state_b))

    def step(self, t):
        if t > 0:
            self.last[t] = self.states[t - 1]
            linear_relu(self.xp, self.memory[t], self.W, self.b, self.states[t])
        else:  # h_0 = 0
            linear_relu(self.xp, self.inputs[t], self.input_W, self.b, self.states[t])

    def back_to_sums(self, gradients):
        """Gradients at the sums before the rectifiers, (T, B, hidden)."""
        sums = self.xp.empty_like(self.states)
        for t in range(len(sums) - 1, -1, -1):
            sums[t] = 0 if gradients[t] is None else gradients[t]
            if t < len(sums) - 1:
                sums[t] += sums[t + 1] @ self.last_W
            back_through_relu(self.xp, sums[t], self.states[t])
        return sums

    def split(self, W, b):
        """The parameters' gradients from those of what they were joined to."""
        hidden = len(b)
        return W[:, -hidden:], b, W[:, :-hidden], b


class FusedLSTMCore(FusedCore):
    """Chainer's StatelessLSTM: its gates, in the order a (the input), i, f, o, from upward(g_t) + lateral(h_{t-1})."""

    def __init__(self, parameters, steps, count):
        up_W, up_b, lateral_W = parameters
        xp, hidden = cuda.get_array_module(up_W), lateral_W.shape[1]
        super().__init__(by_gate(xp.concatenate([up_W, lateral_W], axis=1)), by_gate(up_b[:, None])[:, 0],
                         steps, count, hidden)
        self.gates = xp.empty((steps, count, 4, hidden), np.float32)
        self.cells = xp.empty_like(self.states)

    def step(self, t):
        xp = self.xp
        if t > 0:
            self.last[t] = self.states[t - 1]
            sums = self.memory[t] @ self.W.T
        else:  # h_0 = 0
            sums = self.inputs[t] @ self.input_W.T
        if xp is not np:
            cuda.elementwise(*LSTM_STEP)(*self.gate_by_gate(sums), *self.gate_by_gate(self.b), self.before(t),
                                         *self.gate_by_gate(self.gates[t]), self.cells[t], self.states[t])
            return
        sums += self.b
        a, i, f, o = activate(xp, sums.reshape(len(sums), 4, -1), self.gates[t])
        xp.multiply(a, i, out=self.cells[t])
        if t > 0:
            self.cells[t] += f * self.cells[t - 1]
        xp.multiply(o, xp.tanh(self.cells[t]), out=self.states[t])

    def back_to_sums(self, gradients):
        """Gradients at the gates' sums, (T, B, 4, hidden)."""
        xp, sums = self.xp, self.xp.empty_like(self.gates)
        cell = xp.zeros_like(self.cells[0])
        for t in range(len(sums) - 1, -1, -1):
            state = xp.zeros_like(cell) if gradients[t] is None else gradients[t]
            if t < len(sums) - 1:
                state = state + sums[t + 1].reshape(len(cell), -1) @ self.last_W
            if xp is not np:
                cuda.elementwise(*LSTM_BACK)(state, *self.gate_by_gate(self.gates[t]), self.cells[t], self.before(t),
                                             *self.gate_by_gate(sums[t]), cell)
                continue
            a, i, f, o = self.gates[t].transpose(1, 0, 2)
            squashed = xp.tanh(self.cells[t])
            cell += state * o * (1 - squashed * squashed)
            sums[t, :, 0] = cell * i * (1 - a * a)
            sums[t, :, 1] = cell * a * i * (1 - i)
            sums[t, :, 2] = cell * self.cells[t - 1] * f * (1 - f) if t > 0 else 0
            sums[t, :, 3] = state * squashed * o * (1 - o)
            cell *= f
        return sums

    def gate_by_gate(self, values):
        """(B, 4 * hidden), (B, 4, hidden) or (4 * hidden,) as four views (B or 1, hidden)."""
        return values.reshape(-1, 4, self.states.shape[2]).transpose(1, 0, 2)

    def before(self, t):
        """The cells before step t, (B, hidden)."""
        return self.cells[t - 1] if t > 0 else self.xp.zeros_like(self.cells[0])

    def split(self, W, b):
        """The parameters' gradients from those of what they were joined to."""
        W, hidden = by_unit(W), self.states.shape[2]
        return W[:, :-hidden], by_unit(b[:, None])[:, 0], W[:, -hidden:]


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
