"""The loss of models that read: the hybrid loss, with an answer for each character and one for the end."""
import chainer.functions as F
import numpy as np
from chainer.backends import cuda

from ram import sequences
from ram.losses.hybrid_loss import HybridLoss, location_terms, rewards


def sequence_loss(episode, labels, config):
    """Cross-entropy + squared error of the baseline + ``config.reinforce`` times the REINFORCE term.

    (Ba, Mnih and Kavukcuoglu, "Multiple Object Recognition with Visual Attention", ICLR 2015, section 3.)  The
    cross-entropy is the mean over images of the sum over the answers up to and with the end: minus the log of the
    probability of the whole text.  The return of a location is that of :func:`returns` from its own answer on, and so
    is what the baseline expects.  What comes after the end of a text has no part in any term.

    Args:
        episode: an Episode of a reader that explored, or of a control.
        labels: int32 array (B, places), rows of labels, see ``ram.sequences``.
        config: the Config; its reward, reinforce, sigma and glimpses are used.

    Returns:
        As :func:`ram.losses.hybrid_loss.hybrid_loss`.  'error' is the fraction of texts that are read wrongly, and
        'answer_error', also an array of shape (), that of all answers up to and with the end.
    """
    logits, wanted = episode.logits, labels.T
    places, count, outputs = logits.shape
    loss = places * F.softmax_cross_entropy(logits.reshape(-1, outputs), wanted.reshape(-1), normalize=False)
    said, asked = logits.array.argmax(axis=2), (wanted != sequences.NOTHING).astype(np.float32)
    terms = {'error': (sequences.read(said.T, outputs - 1) != labels).any(axis=1).mean(dtype=np.float32),
             'answer_error': ((said != wanted) * asked).sum() / asked.sum(), 'cross_entropy': loss}
    if episode.means is not None:
        each = config.glimpses
        given = len(episode.locations) - len(episode.means)  # of the locations, those that were not chosen come first
        gains, counted = (array.repeat(each, axis=0)[given:] for array in (
            returns(logits.array, labels, config.reward), asked))
        terms |= location_terms(episode, gains, config, counted)
        loss = F.add(loss, terms['baseline'], config.reinforce * terms['reinforce'])
    return loss, terms


def returns(logits, labels, kind):
    """The number of right answers from each answer on, counted until the first wrong one.

    With the reward 'probability' it is the number that is expected if each answer is drawn: the sum over the answers
    from s on of the probability that all from s to it are right.

    Args:
        logits: float32 array (places, B, outputs).
        labels: int32 array (B, places), rows of labels.
        kind: 'probability' or 'right', see ``ram.losses.hybrid_loss.rewards``.

    Returns:
        float32 array (places, B); 0 after the end of a text.
    """
    xp, (places, count, outputs) = cuda.get_array_module(logits), logits.shape
    wanted = labels.T
    right = rewards(logits.reshape(-1, outputs), wanted.reshape(-1), kind).reshape(places, count)
    right = right * (wanted != sequences.NOTHING)
    found, later = xp.empty_like(right), xp.zeros_like(right[0])
    for s in reversed(range(places)):
        found[s] = later = right[s] * (1 + later)
    return found


class SequenceLoss(HybridLoss):
    """What the optimizer minimises: the sequence loss of a batch, with M episodes for each image."""
    reported = 'loss', 'cross_entropy', 'baseline', 'reinforce', 'error', 'answer_error'
    compute = staticmethod(sequence_loss)
