"""Where a model looks in an episode: the policy of the locations, with its noise (paper, sections 3.1 and 3.2)."""

POLICIES = ('learned', 'random', 'center')
ELSEWHERE = 4  # in training, every fourth episode of a mixed start begins elsewhere than at the centre


def check_policy(policy):
    """Raises ValueError if there is no such policy."""
    if not isinstance(policy, str) or policy not in POLICIES:
        raise ValueError(f'policy must be one of {", ".join(POLICIES)}, not {policy!r}')


def chosen_from(config):
    """The first glimpse, counted from 0, whose place the learned policy of a Config chooses."""
    return 0 if config.context or config.start == 'learned' else 1


def chooses(model):
    """Whether a model learned, or learns, where to look."""
    config = model.config
    return model.gaze and config.policy == 'learned' and config.glimpses > chosen_from(config)


class Gaze:
    """The locations of T glimpses at B images.

    Args:
        location_network: a LocationNetwork.
        config: the Config; its sigma, start, start_range and hidden are used.
        rng: ``numpy.random.Generator`` or ``cupy.random.Generator``.
        shape: (T, B).
        policy: 'learned', the first location being where the Config's ``start`` says, unless there is a state that
            chooses it; or 'random', each location uniform in [-1, 1]^2; or 'center', always (0, 0).
        explore: whether the learned policy samples its locations, as in training, or takes their means.
        start: Variable float32 (B, hidden), the state from which the learned policy chooses the first location; None if
            it does not.

    Attributes:
        first: float32 array (B, 2), l_1.
        explores: whether locations are sampled.
        samples: float32 array (P, B, 2), the locations that the learned policy chose, before they were clipped to
            [-1, 1]: P is T - 1, or T if it chose the first one too, or 0.  They are complete after the last ``look``.
    """

    def __init__(self, location_network, config, rng, shape, policy='learned', explore=False, start=None):
        self.network, self.learned, (steps, count) = location_network, policy == 'learned', shape
        xp = location_network.xp
        self.drawn = rng.random((*shape, 2), dtype=xp.float32) * 2 - 1 if policy != 'center' else xp.zeros(
            (*shape, 2), xp.float32)
        chosen = steps - (start is None) if self.learned else 0
        self.explores, self.before = explore and chosen > 0, steps - chosen
        self.samples = xp.zeros((chosen, count, 2), xp.float32)
        if self.explores:
            self.samples = rng.standard_normal(self.samples.shape, dtype=xp.float32) * config.sigma
        self.first = self.drawn[0]
        if start is not None:
            self.look(0, start.array, self.first)
        elif self.learned:
            self.first = self.first * config.start_range
            if config.start == 'center' or config.start == 'mixed' and not explore:
                self.first[...] = 0
            elif config.start == 'mixed':
                self.first *= (xp.arange(count) % ELSEWHERE == 0)[:, None]

    def look(self, t, h, location):
        """Writes the location of glimpse t, counted from 0, that was chosen in state h.

        Args:
            t: the glimpse.
            h: float32 array (B, hidden), the state before it.
            location: float32 array (B, 2), gets the location.
        """
        if self.learned:
            self.network.glance(h, self.samples[t - self.before], location)
        else:
            location[...] = self.drawn[t]
