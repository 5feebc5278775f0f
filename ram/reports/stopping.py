"""As many glimpses as needed: to stop as soon as an answer is probable enough."""
import numpy as np
from chainer.backends import cuda

from ram.reports.intervals import wilson_interval

THRESHOLDS = 0.5, 0.8, 0.9, 0.95, 0.99, 0.999  # of the table, beside the one that was asked for


def check_threshold(until):
    """Raises ValueError unless it is None or a probability at which one can stop."""
    if until is not None and not 0 < until <= 1:
        raise ValueError(f'--until must be a probability, greater than 0 and at most 1, not {until:g}')


def needed(sure, until):
    """How many glimpses are taken until the likeliest answer has the probability ``until``.

    Args:
        sure: float array (T, ...), the probability of the likeliest answer after 1 ... T glimpses.
        until: the threshold, in (0, 1]; None for always T.

    Returns:
        int array (...), from 1 to T: T where no answer is so probable.
    """
    xp = cuda.get_array_module(sure)
    enough = xp.zeros(sure.shape, bool) if until is None else sure >= until
    enough[-1] = True
    return enough.argmax(axis=0) + 1


def stop(probabilities, until):
    """Where a look stops, and what it has found then.

        with chainer.using_config('train', False), chainer.no_backprop_mode():
            episode = model.rollout(images)
            probabilities = F.softmax(model.classify(episode.states), axis=2).array
        glimpses, found = stop(probabilities, 0.99)

    Args:
        probabilities: float array (T, B, classes), after 1 ... T glimpses.
        until: see :func:`needed`.

    Returns:
        int array (B,), the glimpses taken; float array (B, classes), the probabilities after them.
    """
    glimpses = needed(probabilities.max(axis=2), until)
    return glimpses, probabilities[glimpses - 1, cuda.get_array_module(glimpses).arange(len(glimpses))]


def summary(said, sure, labels, until):
    """The errors of looks that stop at thresholds, all from the same looks.

    Args:
        said: int array (T, repeats, N), the likeliest answers after 1 ... T glimpses.
        sure: float array (T, repeats, N), their probabilities.
        labels: int array (N,).
        until: the threshold that was asked for.

    Returns:
        dict of :func:`_row` for it, with 'table', a list of such dicts: for it and THRESHOLDS in their order, and at
        last for None, all T glimpses.
    """
    table = [_row(said, sure, labels, threshold) for threshold in [*sorted({*THRESHOLDS, until}), None]]
    return {**next(row for row in table if row['threshold'] == until), 'table': table}


def _row(said, sure, labels, threshold):
    """dict: 'threshold'; 'glimpses', their mean number; 'error' and 'ci95', its interval [low, high], in percent."""
    glimpses = needed(sure, threshold)
    answers = np.take_along_axis(said, glimpses[None] - 1, axis=0)[0]
    error = float(100 * (answers != labels).mean())
    return {'threshold': threshold, 'glimpses': float(glimpses.mean()), 'error': error,
            'ci95': wilson_interval(error, len(labels))}
