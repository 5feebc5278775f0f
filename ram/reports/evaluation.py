"""Test error with its interval, by number of glimpses (paper, section 4.1)."""
from dataclasses import dataclass

import chainer
import chainer.functions as F
import numpy as np
from chainer.backends import cuda

from datasets.progress import progress
from ram.networks.images import described, is_array
from ram.reports import stopping
from ram.reports.intervals import wilson_interval

FEW = 12     # largest number of classes for which the whole table of confusions is given
PAIRS = 10   # of classes that are given instead


def episodes(model, images, rng, policy=None, batchsize=500, passes=1):
    """Looks at many images, batch by batch, without training; shows its progress on a terminal.

    Args:
        model, images, rng, policy, batchsize: as for :func:`mistakes`.
        passes: how often it looks at all images.

    Yields:
        The slice of the images that are in a batch, and its Episode; of no images, one empty batch.

    Raises:
        FloatingPointError: a logit is not finite.
    """
    with (chainer.using_config('train', False), chainer.no_backprop_mode(),
          progress('looking', passes * len(images), 'scenes') as bar):
        for start in passes * list(range(0, max(len(images), 1), batchsize)):
            batch = slice(start, min(start + batchsize, len(images)))
            episode = model.rollout(images[batch], rng, policy or model.config.policy)
            check_finite(episode.logits.array)
            yield batch, episode
            bar.update(batch.stop - batch.start)


def check_finite(logits):
    """Raises FloatingPointError if not all logits, an array, are finite: then an answer says nothing."""
    if not cuda.get_array_module(logits).isfinite(logits).all():
        raise FloatingPointError('the answers of the model are not finite')


def fixations(model, images, rng, policy=None, batchsize=500):
    """The locations at which a model looks.

    Args: as for :func:`mistakes`.

    Returns:
        float32 array (T, N, 2), columns (x, y) in [-1, 1].
    """
    return np.concatenate([cuda.to_cpu(episode.locations) for _, episode in episodes(
        model, images, rng, policy, batchsize)], axis=1)


@dataclass
class Looks:
    """What a model says after 1 ... T glimpses, and where it looks, in several passes over N images.

    Attributes:
        said: int array (T, passes, N), the likeliest classes.
        sure: float32 array (T, passes, N), their probabilities.
        locations: float32 array (T, passes, N, 2), columns (x, y) in [-1, 1]; None of a control.
    """
    said: object
    sure: object
    locations: object


def looks(model, images, rng, policy=None, batchsize=500, passes=1):
    """What a model says and where it looks.

    Args: as for :func:`episodes`.

    Returns:
        Looks, with arrays on the images' device.
    """
    batches = []
    for _, episode in episodes(model, images, rng, policy, batchsize, passes):
        logits = model.classify(episode.states).array
        said, most = logits.argmax(axis=2), logits.max(axis=2)
        odds = cuda.get_array_module(logits).exp(logits - most[:, :, None])
        batches.append((said, 1 / odds.sum(axis=2), episode.locations))

    def joined(arrays):
        if arrays[0] is None:
            return None
        array = cuda.get_array_module(*arrays).concatenate(arrays, axis=1)
        return array.reshape(len(array), passes, len(images), *array.shape[2:])

    return Looks(*map(joined, zip(*batches)))


def answers(model, images, rng, policy=None, batchsize=500, passes=1):
    """The likeliest classes after 1 ... T glimpses: those of :func:`looks`, int array (T, passes, N)."""
    return looks(model, images, rng, policy, batchsize, passes).said


def mistakes(model, images, labels, rng, policy=None, batchsize=500):
    """Which images are classified wrongly after 1 ... T glimpses.

    Args:
        model: a model with ``rollout`` and ``classify``.
        images: uint8 array (N, C, H, W), on the model's device.
        labels: int32 array (N,), on the model's device.
        rng: generator of that device; draws the first locations.
        policy: see ``RecurrentAttentionModel.rollout``; the learned one uses its means.  The default is the policy of
            the training.
        batchsize: images in a batch.

    Returns:
        bool array (T, N), True where the answer is wrong.

    Raises:
        ValueError: the images are none that the model takes, or the labels are no classes of so many images.
    """
    check_labels(labels, len(images), model.config.classes)
    return answers(model, images, rng, policy, batchsize)[:, 0] != labels


def check_labels(labels, count, classes):
    """Raises ValueError if labels are not int array (count,) of indexes of ``classes``."""
    wanted = f'labels must be an int array ({count},), one for each image, from 0 to {len(classes) - 1}'
    if not is_array(labels) or labels.shape != (count,) or labels.dtype.kind not in 'iu':
        raise ValueError(f'{wanted}, not {described(labels)}')
    if count and not 0 <= int(labels.min()) <= int(labels.max()) < len(classes):
        raise ValueError(f'{wanted}, not {described(labels)}')


def probabilities(model, images, rng, passes=1, policy=None, batchsize=500):
    """The probabilities of all answers after the last glimpse, averaged over several passes over the images.

    Args:
        model, images, policy, batchsize: as for :func:`mistakes`.
        rng: generator of the model's device; draws other first locations in each pass.
        passes: number of passes, at least 1.

    Returns:
        float32 array (N, classes), on the CPU; of a model that reads, (places, N, classes + 1).
    """
    return _mean_chances(lambda episode: episode.logits, model, images, rng, passes, policy, batchsize)


def probabilities_by_glimpse(model, images, rng, passes=1, policy=None, batchsize=500):
    """The probabilities of all classes after each glimpse, float32 array (T, N, classes), otherwise the same."""
    return _mean_chances(lambda episode: model.classify(episode.states), model, images, rng, passes, policy, batchsize)


def _mean_chances(logits_of, model, images, rng, passes, policy, batchsize):
    totals = {}
    for batch, episode in episodes(model, images, rng, policy, batchsize, passes):
        chances = cuda.to_cpu(F.softmax(logits_of(episode), axis=-1).array)
        totals[batch.start] = totals.get(batch.start, 0) + chances
    return np.concatenate(list(totals.values()), axis=-2) / passes


def evaluate_passes(model, images, labels, make_rng, seed=0, passes=10, policy=None):
    """Error of the answers that are the likeliest by :func:`probabilities`, the mean over several passes.

    Args:
        model, images, labels, make_rng, seed, policy: as for :func:`evaluate`, whose first draws these passes share.
        passes: number of passes, at least 1.

    Returns:
        dict: 'passes'; 'passes_error' in percent; 'passes_ci95', its 95% interval [low, high] in percent.

    Raises: as :func:`evaluate`.
    """
    labels = _some_labels(labels, images, model)
    said = probabilities(model, images, make_rng(seed), passes, policy).argmax(axis=1)
    error = float(100 * (said != labels).mean())
    return {'passes': passes, 'passes_error': error, 'passes_ci95': wilson_interval(error, len(images))}


def evaluate(model, images, labels, make_rng, seed=0, repeats=10, policy=None, until=None):
    """Error of a model, averaged over several draws of the first locations.

    Args:
        model, images, labels, policy: as for :func:`mistakes`.
        make_rng: function of a seed that returns a generator of the model's device.
        seed: seed of the first locations.
        repeats: number of draws.
        until: the probability at which looks may stop; None if that is not asked.

    Returns:
        dict: 'test_error' in percent; 'ci95', its 95% interval [low, high] in percent; 'by_glimpse', the errors in
        percent after 1 ... T glimpses; 'by_class', that of each class after T glimpses, None where it has no images;
        'n', images; 'repeats'; 'seed'; 'policy'; what :func:`confusion` gives; and 'until', see ``stopping.summary``,
        if that is asked.

    Raises:
        ValueError: as :func:`mistakes`, or there are no images.
    """
    labels = _some_labels(labels, images, model)
    found = looks(model, images, make_rng(seed), policy, passes=repeats)
    said = cuda.to_cpu(found.said)
    by_image = (said != labels).sum(axis=1) * (100 / repeats)
    by_glimpse, by_image = [float(rate) for rate in by_image.mean(axis=1)], by_image[-1]
    count = len(model.config.classes)
    by_class = [total / number if number else None for total, number in zip(
        np.bincount(labels, by_image, count).tolist(), np.bincount(labels, minlength=count).tolist())]
    result = {'test_error': by_glimpse[-1], 'ci95': wilson_interval(by_glimpse[-1], len(images)),
              'by_glimpse': by_glimpse, 'by_class': by_class, 'n': len(images), 'repeats': repeats, 'seed': seed,
              'policy': policy or model.config.policy, **confusion(labels, said[-1], model.config.classes)}
    if until is not None:
        result['until'] = stopping.summary(said, cuda.to_cpu(found.sure), labels, until)
    return result


def _some_labels(labels, images, model):
    """The labels on the CPU; ValueError if they are wrong, or none, of which no error can be told."""
    check_labels(labels, len(images), model.config.classes)
    if not len(images):
        raise ValueError('there are no images, and so no error of the answers')
    return cuda.to_cpu(labels)


def confusion(labels, said, classes):
    """The confusions.

    Args:
        labels: int array (N,), the truths.
        said: int array (repeats, N), the answers.
        classes: names of the classes.

    Returns:
        dict: for FEW classes or less 'confusion', the number of images by truth and answer, a list of lists of float;
        else 'worst_pairs', the PAIRS most frequent wrong ones, a list of dicts: 'truth' and 'answer', names; 'scenes',
        their number; 'percent' of the images of that truth.  Numbers are means over the repeats.
    """
    pairs, counts = np.unique(np.broadcast_to(labels, said.shape).astype(np.int64) * len(classes) + said,
                              return_counts=True)
    counts = counts / len(said)
    if len(classes) <= FEW:
        table = np.zeros(len(classes) ** 2)
        table[pairs] = counts
        return {'confusion': table.reshape(len(classes), -1).tolist()}
    images, (truths, found) = np.bincount(labels), np.divmod(pairs, len(classes))
    worst = [i for i in np.argsort(-counts, kind='stable') if truths[i] != found[i]][:PAIRS]
    return {'worst_pairs': [{'truth': classes[truths[i]], 'answer': classes[found[i]], 'scenes': float(counts[i]),
                             'percent': float(100 * counts[i] / images[truths[i]])} for i in worst]}
