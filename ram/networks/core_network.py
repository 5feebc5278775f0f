"""The core network: the state that summarises the glimpses so far (paper, sections 3.1 and 4)."""
import chainer
import chainer.functions as F
import chainer.links as L
from chainer import initializers

from ram.fast.cores import FastLSTMCore, FastReLUCore


class CoreNetwork(chainer.Chain):
    """h_t = f_h(h_{t-1}, g_t) = ReLU(Linear(h_{t-1}) + Linear(g_t)).

    The recurrent weights start as the identity (Le, Jaitly and Hinton, 2015), so that the state is kept initially.

    Args:
        hidden: size of g and h (paper: 256).
    """

    def __init__(self, hidden=256):
        super().__init__()
        with self.init_scope():
            self.from_state = L.Linear(hidden, hidden, initialW=initializers.Identity())
            self.from_glimpse = L.Linear(hidden, hidden)

    def initial_state(self, count):
        """The state before the first glimpse, h_0 = 0."""
        return self.xp.zeros((count, len(self.from_state.b)), self.xp.float32)

    def forward(self, state, g):
        """Args: state (B, hidden), g float32 (B, hidden).  Returns: the next state and h_t, which are equal here."""
        h = F.relu(self.from_state(state) + self.from_glimpse(g))
        return h, h

    def fast(self):
        """The class that computes the same for a whole rollout, and its parameters."""
        return FastReLUCore, (self.from_state.W, self.from_state.b, self.from_glimpse.W, self.from_glimpse.b)


class LSTMCoreNetwork(chainer.Chain):
    """An LSTM as the core, as in the paper's dynamic environments (section 4).

    Args:
        hidden: size of g and h (paper: 256).
    """

    def __init__(self, hidden=256):
        super().__init__()
        with self.init_scope():
            self.lstm = L.StatelessLSTM(hidden, hidden)

    def initial_state(self, count):
        """The state before the first glimpse: no cell and no output, which means zeros."""
        return None, None

    def forward(self, state, g):
        """Args: state (c, h), g float32 (B, hidden).  Returns: the next state (c, h) and h_t (B, hidden)."""
        state = self.lstm(*state, g)
        return state, state[1]

    def fast(self):
        """The class that computes the same for a whole rollout, and its parameters."""
        return FastLSTMCore, (self.lstm.upward.W, self.lstm.upward.b, self.lstm.lateral.W)
