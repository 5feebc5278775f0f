"""The core networks over T glimpses, on arrays: forward glimpse by glimpse, backward with large products.

``ram.fast.unroll`` explains why.  A fast core belongs to one rollout.  For t = 0 ... T-1, fill ``inputs[t]`` with g_t
and call ``step(t)``; then call ``backward`` once.  On a GPU, the work between two products is one launch.
"""
import numpy as np
from chainer.backends import cuda

from ram.fast.elementwise import EXTREMES, back_through_relu, linear_relu
from ram.fast.product import product

AT_ONCE = 128  # images of one LSTM step back: few enough to stay in the processor's cache

# The work between two products, for one unit of one image.  The next step reads the state from ``again``.
RELU_STEP = 'T product, T b', 'T state, T again', 'state = again = maximum(product + b, (T) 0)', 'relu_step'
RELU_BACK = 'T gradient, T product, T state', 'T sum', 'sum = (gradient + product) * (state > 0)', 'relu_back_step'
LSTM_STEP = ('T sum_a, T sum_i, T sum_f, T sum_o, T b_a, T b_i, T b_f, T b_o, T before',
             'T in_a, T in_i, T in_f, T in_o, T cell, T state, T again', '''
    in_a = tanh(sum_a + b_a);
    in_i = tanh((sum_i + b_i) / 2) / 2 + (T) 0.5;
    in_f = tanh((sum_f + b_f) / 2) / 2 + (T) 0.5;
    in_o = tanh((sum_o + b_o) / 2) / 2 + (T) 0.5;
    cell = in_a * in_i + in_f * before;
    state = again = in_o * tanh(cell);
''', 'lstm_step')
LSTM_BACK = ('T gradient, T product, T in_a, T in_i, T in_f, T in_o, T cell, T before',
             'T sum_a, T sum_i, T sum_f, T sum_o, T memory', '''
    // memory is the gradient that arrives from the next step's cell.
    T state = gradient + product, squashed = tanh(cell);
    T whole = memory + state * in_o * (1 - squashed * squashed);
    sum_a = whole * in_i * (1 - in_a * in_a);
    sum_i = whole * in_a * in_i * (1 - in_i);
    sum_f = whole * before * in_f * (1 - in_f);
    sum_o = state * squashed * in_o * (1 - in_o);
    memory = whole * in_f;
''', 'lstm_back')


class FastCore:
    """Common to the cores: the input and the last output are next to each other in memory, so one product serves both.

    Args:
        W: float32 array (units, inputs + hidden), the weights of the input and of the last output, side by side.
        b: float32 array (units,).
        steps: number of glimpses T.
        count: number of images B.
        hidden: size of h.

    Attributes:
        inputs: float32 array (T, B, inputs), g_1 ... g_T, to be filled.
        states: float32 array (T, B, hidden), h_1 ... h_T.
    """

    def __init__(self, W, b, steps, count, hidden):
        self.xp, self.W, self.b, self.hidden = cuda.get_array_module(W), W, b, hidden
        self.memory = self.xp.empty((steps + 1, count, W.shape[1]), np.float32)  # the last row holds h_T alone
        self.inputs, self.last = self.memory[:-1, :, :-hidden], self.memory[:, :, -hidden:]
        self.input_W, self.last_W = W[:, :-hidden], W[:, -hidden:]
        self.last[0] = 0  # h_0
        self.states = self.xp.empty((steps, count, hidden), np.float32)

    @property
    def outputs(self):
        """h_1 ... h_{T-1} one below the other, ((T - 1) * B, hidden), and h_T, (B, hidden); views, not copies."""
        return self.states[:-1].reshape(-1, self.hidden), self.states[-1]

    def operands(self, t):
        """The factors of the product in step t: g_t and h_{t-1} side by side, and their weights; without h_0 = 0."""
        return (self.memory[t], self.W) if t > 0 else (self.inputs[t], self.input_W)

    def backward(self, before, last):
        """The backward pass through all steps.

        Args:
            before, last: gradients of the two :attr:`outputs`; either may be None.

        Returns:
            Gradients of the inputs, float32 (T * B, inputs), and of the parameters, in their order.
        """
        xp, steps = self.xp, len(self.states)
        before = [None] * (steps - 1) if before is None else before.reshape(self.states[:-1].shape)
        sums = self.back_to_sums([*before, last]).reshape(-1, len(self.W))
        W = product(sums.T, self.memory[:-1].reshape(len(sums), -1))
        return product(sums, self.input_W), self.split(W, product(xp.ones(len(sums), np.float32), sums))

    def arriving(self, gradient, later):
        """The gradient of h_t in two parts: from outside the core, and from the sums of step t + 1.

        Args:
            gradient: float32 array (B, hidden) or None.
            later: float32 array (B, ...), or None for the last step.

        Returns:
            The two parts.  A missing one is the number 0.
        """
        later = 0 if later is None else product(later.reshape(len(later), -1), self.last_W)
        return 0 if gradient is None else gradient, later


class FastReLUCore(FastCore):
    """h_t = ReLU(from_glimpse(g_t) + from_state(h_{t-1})); see ``CoreNetwork``."""

    def __init__(self, parameters, steps, count):
        from_state_W, from_state_b, from_glimpse_W, from_glimpse_b = parameters
        xp = cuda.get_array_module(from_state_W)
        super().__init__(xp.concatenate([from_glimpse_W, from_state_W], axis=1), from_state_b + from_glimpse_b,
                         steps, count, len(from_state_b))

    def step(self, t):
        x, W = self.operands(t)
        if self.xp is not np:
            cuda.elementwise(*RELU_STEP, preamble=EXTREMES)(product(x, W.T), self.b, self.states[t], self.last[t + 1])
            return
        linear_relu(np, x, W, self.b, self.states[t])
        self.last[t + 1] = self.states[t]

    def back_to_sums(self, gradients):
        """Gradients of the sums before the ReLUs, (T, B, hidden)."""
        sums = self.xp.empty_like(self.states)
        for t in range(len(sums) - 1, -1, -1):
            gradient, back = self.arriving(gradients[t], sums[t + 1] if t < len(sums) - 1 else None)
            if self.xp is not np:
                cuda.elementwise(*RELU_BACK)(gradient, back, self.states[t], sums[t])
                continue
            np.add(gradient, back, out=sums[t])
            back_through_relu(np, sums[t], self.states[t])
        return sums

    def split(self, W, b):
        """The parameters' gradients, from those of the joined arrays; some share memory."""
        return W[:, -self.hidden:], b, W[:, :-self.hidden], b


class FastLSTMCore(FastCore):
    """Chainer's StatelessLSTM: its gates, in the order a (the input), i, f, o, from upward(g_t) + lateral(h_{t-1})."""

    def __init__(self, parameters, steps, count):
        up_W, up_b, lateral_W = parameters
        xp, hidden = cuda.get_array_module(up_W), lateral_W.shape[1]
        super().__init__(by_gate(xp.concatenate([up_W, lateral_W], axis=1)), by_gate(up_b[:, None])[:, 0],
                         steps, count, hidden)
        self.gates = xp.empty((steps, count, 4, hidden), np.float32)
        self.cells = xp.empty_like(self.states)

    def step(self, t):
        x, W = self.operands(t)
        sums = product(x, W.T)
        if self.xp is not np:
            cuda.elementwise(*LSTM_STEP)(
                *self.gate_by_gate(sums), *self.gate_by_gate(self.b), self.before(t), *self.gate_by_gate(self.gates[t]),
                self.cells[t], self.states[t], self.last[t + 1])
            return
        sums += self.b
        a, i, f, o = activate(sums.reshape(len(sums), 4, -1), self.gates[t])
        np.multiply(a, i, out=self.cells[t])
        if t > 0:
            self.cells[t] += f * self.cells[t - 1]
        np.multiply(o, np.tanh(self.cells[t]), out=self.states[t])
        self.last[t + 1] = self.states[t]

    def back_to_sums(self, gradients):
        """Gradients of the gates' sums, (T, B, 4, hidden)."""
        sums = self.xp.empty_like(self.gates)
        cell = self.xp.zeros_like(self.cells[0])
        for t in range(len(sums) - 1, -1, -1):
            gradient, back = self.arriving(gradients[t], sums[t + 1] if t < len(sums) - 1 else None)
            if self.xp is not np:
                cuda.elementwise(*LSTM_BACK)(gradient, back, *self.gate_by_gate(self.gates[t]), self.cells[t],
                                             self.before(t), *self.gate_by_gate(sums[t]), cell)
                continue
            state = np.broadcast_to(gradient + back, cell.shape)
            for start in range(0, len(state), AT_ONCE):
                some = slice(start, start + AT_ONCE)
                back_through_lstm(state[some], self.gates[t, some], self.cells[t, some],
                                  self.cells[t - 1, some] if t > 0 else 0, sums[t, some], cell[some])
        return sums

    def gate_by_gate(self, values):
        """(B, 4 * hidden), (B, 4, hidden) or (4 * hidden,) as four views (B or 1, hidden)."""
        return values.reshape(-1, 4, self.hidden).transpose(1, 0, 2)

    def before(self, t):
        """The cells before step t, (B, hidden); the number 0 in the first step."""
        return self.cells[t - 1] if t > 0 else 0

    def split(self, W, b):
        """The parameters' gradients, from those of the joined arrays."""
        W = by_unit(W)
        return W[:, :-self.hidden], by_unit(b[:, None])[:, 0], W[:, -self.hidden:]


def back_through_lstm(state, gates, cells, before, sums, cell):
    """One step back.

    Args:
        state: the gradient of h_t, (B, hidden).
        gates, cells: the gates (B, 4, hidden) and the cells (B, hidden) in step t.
        before: the cells before it, (B, hidden) or the number 0.
        sums: array (B, 4, hidden), gets the gradient of the gates' sums.
        cell: the gradient of the cells from step t + 1, (B, hidden); it becomes that from step t.
    """
    a, i, f, o = gates.transpose(1, 0, 2)
    squashed = np.tanh(cells)
    cell += state * o * (1 - squashed * squashed)
    sums[:, 0] = cell * i * (1 - a * a)
    sums[:, 1] = cell * a * i * (1 - i)
    sums[:, 2] = cell * before * f * (1 - f)
    sums[:, 3] = state * squashed * o * (1 - o)
    cell *= f


def activate(sums, out):
    """The LSTM's input by tanh and its three gates by sigmoid: (B, 4, hidden) into ``out``; returns them one by one."""
    np.tanh(sums[:, 0], out=out[:, 0])
    sums[:, 1:] *= 0.5
    np.tanh(sums[:, 1:], out=out[:, 1:])  # sigmoid(x) = tanh(x / 2) / 2 + 1 / 2
    out[:, 1:] *= 0.5
    out[:, 1:] += 0.5
    return out.transpose(1, 0, 2)


def by_gate(rows):
    """Reorders rows from Chainer's order, the four gates of each unit together, to all units of each gate together."""
    return rows.reshape(-1, 4, rows.shape[1]).transpose(1, 0, 2).reshape(rows.shape)


def by_unit(rows):
    """The inverse of :func:`by_gate`."""
    return rows.reshape(4, -1, rows.shape[1]).transpose(1, 0, 2).reshape(rows.shape)
