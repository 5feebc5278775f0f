"""Test error with its interval, by number of glimpses (paper, section 4.1)."""
import math

import chainer
import chainer.functions as F
import numpy as np
from chainer.backends import cuda

from datasets.progress import progress
from ram.networks.images import described, is_array

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


def answers(model, images, rng, policy=None, batchsize=500, passes=1):
    """What a model says after 1 ... T glimpses.

    Args: as for :func:`episodes`.

    Returns:
        int array (T, passes, N), on the images' device: the likeliest classes.
    """
    said = [model.classify(episode.states).array.argmax(axis=2)
            for _, episode in episodes(model, images, rng, policy, batchsize, passes)]
    said = cuda.get_array_module(*said).concatenate(said, axis=1)
    return said.reshape(len(said), passes, len(images))


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
    total = None
    for batch, episode in episodes(model, images, rng, policy, batchsize, passes):
        chances = cuda.to_cpu(F.softmax(episode.logits, axis=-1).array)
        if total is None:
            total = np.zeros((*chances.shape[:-2], len(images), chances.shape[-1]), np.float32)
        total[..., batch, :] += chances
    return total / passes


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


def evaluate(model, images, labels, make_rng, seed=0, repeats=10, policy=None):
    """Error of a model, averaged over several draws of the first locations.

    Args:
        model, images, labels, policy: as for :func:`mistakes`.
        make_rng: function of a seed that returns a generator of the model's device.
        seed: seed of the first locations.
        repeats: number of draws.

    Returns:
        dict: 'test_error' in percent; 'ci95', its 95% interval [low, high] in percent; 'by_glimpse', the errors in
        percent after 1 ... T glimpses; 'by_class', that of each class after T glimpses, None where it has no images;
        'n', images; 'repeats'; 'seed'; 'policy'; and what :func:`confusion` gives.

    Raises:
        ValueError: as :func:`mistakes`, or there are no images.
    """
    labels = _some_labels(labels, images, model)
    said = cuda.to_cpu(answers(model, images, make_rng(seed), policy, passes=repeats))
    by_image = (said != labels).sum(axis=1) * (100 / repeats)
    by_glimpse, by_image = [float(rate) for rate in by_image.mean(axis=1)], by_image[-1]
    count = len(model.config.classes)
    by_class = [total / number if number else None for total, number in zip(
        np.bincount(labels, by_image, count).tolist(), np.bincount(labels, minlength=count).tolist())]
    return {'test_error': by_glimpse[-1], 'ci95': wilson_interval(by_glimpse[-1], len(images)),
            'by_glimpse': by_glimpse, 'by_class': by_class, 'n': len(images), 'repeats': repeats, 'seed': seed,
            'policy': policy or model.config.policy,
            **confusion(labels, said[-1], model.config.classes)}


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


def wilson_interval(percent, n, z=1.959964):
    """The 95% interval, [low, high] in percent, of an error of ``percent`` on n images (Wilson, 1927).

    Repeats with other first locations reduce the noise of the error, but add no images, so n counts only the images.
    SciPy's ``binomtest`` has this interval too, but only for whole numbers of mistakes; ours may be means over repeats.
    """
    p = percent / 100
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return [100 * max(0.0, middle - half), 100 * min(1.0, middle + half)]
