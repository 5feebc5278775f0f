"""The hybrid loss: supervised learning of the answer, REINFORCE for the locations (paper, section 3.2)."""
import chainer
import chainer.functions as F
import numpy as np
from chainer.backends import cuda


def hybrid_loss(episode, labels, config):
    """Cross-entropy + squared error of the baseline + ``config.reinforce`` times the REINFORCE term.

    The REINFORCE term is minus the mean over images of sum_t (R - b_t) log pi(l_t | h_{t-1}), with R the reward of the
    answer after T glimpses.  Here b_t is the expected reward at h_{t-1}, the state that chose l_t: a baseline that
    depended on l_t would bias the gradient.  (R - b_t) carries no gradient; constants of log pi are left out.

    Args:
        episode: an Episode that explored.
        labels: int32 array (B,).
        config: the Config; its reward, reinforce and sigma are used.

    Returns:
        The loss, a Variable of shape (), and its terms before weighting: a dict of Variables of shape () with the keys
        'cross_entropy' and, if the model chose locations, 'baseline' and 'reinforce'; and the array of shape ()
        'error', the fraction of wrong answers.
    """
    logits, loss = episode.logits, F.softmax_cross_entropy(episode.logits, labels)
    terms = {'error': (logits.array.argmax(axis=1) != labels).mean(dtype=np.float32), 'cross_entropy': loss}
    if episode.means is not None:
        terms |= location_terms(episode, rewards(logits.array, labels, config.reward), config)
        loss = F.add(loss, terms['baseline'], config.reinforce * terms['reinforce'])
    return loss, terms


def location_terms(episode, returns, config, counted=None):
    """The terms of the locations: those of REINFORCE and of the baseline, see :func:`hybrid_loss`.

    Args:
        episode: an Episode that explored, with P locations that were chosen.
        returns: float32 array (B,) or (P, B), what followed each of them.
        config: the Config; its sigma is used.
        counted: float32 array (P, B), 1, or 0 for locations that have no part in it; by default all have.

    Returns:
        dict of Variables of shape (): 'reinforce', and 'baseline', the mean over the locations.
    """
    advantage = returns - episode.baselines.array
    share = 1 / advantage.size
    if counted is not None:
        xp = cuda.get_array_module(counted)
        advantage, share = advantage * counted, counted / xp.maximum(counted.sum(), np.float32(1))
    # log pi(l_t | h_{t-1}) = -|l_t - mean|^2 / (2 sigma^2) + constant; the factors do not depend on the policy.
    surprise = (advantage / (2 * config.sigma ** 2 * advantage.shape[1]))[:, :, None]
    return {'reinforce': weighted_squared_error(episode.means, episode.samples, surprise),
            'baseline': weighted_squared_error(episode.baselines, returns, share)}


class WeightedSquaredError(chainer.FunctionNode):
    """See :func:`weighted_squared_error`.  Its gradient cannot be differentiated again."""

    def __init__(self, target, weight):
        self.target, self.weight = target, weight

    def forward(self, inputs):
        error = inputs[0] - self.target
        self.slope = self.weight * error
        return chainer.utils.force_array((self.slope * error).sum()),

    def backward(self, indexes, grad_outputs):
        return chainer.as_variable(2 * grad_outputs[0].array * self.slope),


def weighted_squared_error(x, target, weight):
    """sum(weight * (x - target)^2), as one node of the graph.

    Args:
        x: Variable of float32.
        target: float32 array that broadcasts to the shape of x; no gradient flows into it.
        weight: float or float32 array that broadcasts to the shape of x; no gradient flows into it either.

    Returns:
        Variable of float32 and shape ().
    """
    return WeightedSquaredError(target, weight).apply([x])[0]


def rewards(logits, labels, kind):
    """The rewards of answers.

    The paper's reward is 1 for a right answer, and else 0.  The paper draws the answer from the softmax, so the mean of
    that reward is the probability of the right class: the same in expectation, without the noise of a draw.

    Args:
        logits: float32 array (B, classes).
        labels: int32 array (B,).
        kind: 'probability', the probability of the right class; or 'right', 1 if the likeliest class is right, else 0.

    Returns:
        float32 array (B,) in [0, 1].
    """
    xp = cuda.get_array_module(logits)
    if kind == 'right':
        return (logits.argmax(axis=1) == labels).astype(np.float32)
    odds = xp.exp(logits - logits.max(axis=1, keepdims=True))
    return odds[xp.arange(len(labels)), labels] / odds.sum(axis=1)


class HybridLoss(chainer.Chain):
    """The loss that the optimizer minimises: the hybrid loss of a batch, with M episodes for each image.

    Args:
        model: the model to train.

    Attributes:
        reported: what it reports, in the order in which train.py prints it.
        compute: the function of the Episode, the labels and the Config.
    """
    reported = 'loss', 'cross_entropy', 'baseline', 'reinforce', 'error'
    compute = staticmethod(hybrid_loss)

    def __init__(self, model):
        super().__init__()
        with self.init_scope():
            self.model = model

    def forward(self, images, labels, rng):
        """The loss of a batch; reports it and its terms.

        Args:
            images: array (B, C, H, W) of uint8, or of float32 in [0, 1].
            labels: int32 array (B,), or (B, places).
            rng: the generator that the episodes draw from, on the model's device.

        Returns:
            Variable float32 of shape ().
        """
        config = self.model.config
        if config.mc > 1:
            images, labels = images.repeat(config.mc, axis=0), labels.repeat(config.mc, axis=0)
        episode = self.model.rollout(images, rng, config.policy, explore=True)
        loss, terms = self.compute(episode, labels, config)
        chainer.report({'loss': loss, **terms}, self)
        return loss
