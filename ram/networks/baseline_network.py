"""The baseline: the expected reward, subtracted to reduce the variance of the policy gradient (paper, section 3.2)."""
import chainer
import chainer.functions as F

from ram.networks.linear import Linear


class BaselineNetwork(chainer.Chain):
    """b_{t+1} = Linear(h_t): the reward that is expected in the state that chooses l_{t+1}.

    Args:
        hidden: size of h.
    """

    def __init__(self, hidden=256):
        super().__init__()
        with self.init_scope():
            self.reward = Linear(hidden, 1)

    def forward(self, h):
        """Args: h float32 (B, hidden).  Returns: the expected reward, float32 (B,)."""
        return F.squeeze(self.reward(h), axis=1)
