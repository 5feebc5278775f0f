"""The glimpse network: combines what was seen and where into one vector (paper, sections 3.1 and 4)."""
import chainer
import chainer.functions as F
import chainer.links as L

from ram.fast.linear_glimpse import FastLinearGlimpse


class GlimpseNetwork(chainer.Chain):
    """g_t = f_g(rho_t, l_t): h_g = ReLU(Linear(rho)), h_l = ReLU(Linear(l)), g = ReLU(Linear(h_g) + Linear(h_l)).

    Args:
        retina: number of values in one glimpse, K * C * patch * patch.
        unit: size of h_g and of h_l (paper: 128).
        hidden: size of g (paper: 256).
    """
    unused = 'filters',

    def __init__(self, retina, unit=128, hidden=256):
        super().__init__()
        with self.init_scope():
            self.what = L.Linear(retina, unit)
            self.where = L.Linear(2, unit)
            self.from_what = L.Linear(unit, hidden)
            self.from_where = L.Linear(unit, hidden)

    @classmethod
    def from_config(cls, config):
        """The network of a Config's sizes."""
        return cls(config.scales * config.channels * config.patch ** 2, config.unit, config.hidden)

    @staticmethod
    def check(config):
        """ValueError if the network does not go with the rest of the Config."""

    @staticmethod
    def largest_layer(config):
        """Weights of its largest layer, for a Config."""
        return config.unit * max(config.scales * config.channels * config.patch ** 2, config.hidden)

    def forward(self, rho, l):  # noqa: E741  (the paper's l)
        """Args: rho float32 (B, K * C, patch, patch), l float32 (B, 2).  Returns: g_t, float32 (B, hidden)."""
        h_g = F.relu(self.what(rho))
        h_l = F.relu(self.where(l))
        return F.relu(self.from_what(h_g) + self.from_where(h_l))

    def fast(self):
        """The class that computes the same for a whole rollout, and its parameters."""
        links = self.what, self.where, self.from_what, self.from_where
        return FastLinearGlimpse, [parameter for link in links for parameter in (link.W, link.b)]
