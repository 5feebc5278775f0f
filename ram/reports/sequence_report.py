"""What evaluate.py finds for a model that reads: wrong texts and wrong characters."""
import numpy as np
from chainer.backends import cuda

from ram import sequences, tasks
from ram.random_streams import generator
from ram.reports import evaluation
from ram.reports.intervals import wilson_interval
from ram.reports.text import columns, percent, subject, with_interval


def readings(model, images, rng, policy=None, batchsize=500, passes=1):
    """What a model reads in many images.

    Args: as for :func:`ram.reports.evaluation.episodes`.

    Returns:
        int32 array (passes, N, places), rows of labels, on the images' device; see ``ram.sequences``.
    """
    said = [sequences.likeliest(episode.logits.array)
            for _, episode in evaluation.episodes(model, images, rng, policy, batchsize, passes)]
    return cuda.get_array_module(*said).concatenate(said).reshape(passes, len(images), -1)


def mistakes(model, images, labels, rng, policy=None):
    """Which images are read wrongly: a text is right if all its characters and its end are.

    Args: as for :func:`ram.reports.evaluation.mistakes`, with labels int32 array (N, places).

    Returns:
        bool array (N,), on the images' device.
    """
    return (readings(model, images, rng, policy)[0] != labels).any(axis=1)


def likeliest_text(chances, config):
    """The texts that are read.

    Args:
        chances: float32 array (places, N, classes + 1).
        config: the Config.

    Returns:
        list of dicts: 'text', and its 'probability', the product over its characters and its end.
    """
    rows = sequences.likeliest(chances)
    each = np.take_along_axis(chances, rows.T[..., None], axis=2)[..., 0]
    whole = np.where(rows.T == sequences.NOTHING, 1, each).prod(axis=0)
    return [{'text': text, 'probability': float(chance)}
            for text, chance in zip(sequences.texts(rows, config.classes), whole)]


def edit_distance(one, other):
    """The fewest characters to insert, delete or replace that make one text the other (Levenshtein, 1966)."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        last, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (a != b))
    return row[-1]


class SequenceReport:
    """The errors of a model in reading pictures that it never saw.

    Args:
        model: the model, on the device.
        arguments: those of evaluate.py.
        device: chainer device.

    Attributes:
        result: dict: 'test_error', wrong texts, and 'ci95', its 95% interval [low, high]; 'digit_error', the edit
            distances between texts and truths over the characters of the truths; 'by_length', a list of [characters,
            wrong texts, pictures]; all in percent.  'glimpses', the mean number up to and with the end; None for a
            control.  'n', 'split', 'repeats', 'seed' and 'policy' as in ``evaluation.evaluate``; all are means over
            the repeats.
        unused: the flags of evaluate.py that have no effect.

    Raises:
        ValueError: there are no images.
    """
    unused = 'passes', 'until'

    def __init__(self, model, arguments, device):
        self.model, config = model, model.config
        split = arguments.split or model.unseen_split
        images, labels = tasks.load_scenes(config, split, arguments.data)
        if not len(images):
            raise ValueError('there are no images, and so no error of the answers')
        policy = arguments.policy or config.policy
        repeats = arguments.repeats if model.draws(policy) else 1
        said = cuda.to_cpu(readings(model, tasks.send(device, images), generator(device, arguments.seed), policy,
                                    passes=repeats))
        self.result = {**errors(said, cuda.to_cpu(labels), config.classes, config.glimpses if model.gaze else None),
                       'n': len(images), 'split': split, 'repeats': repeats, 'seed': arguments.seed, 'policy': policy}

    def text(self):
        """The result as a text."""
        config, result = self.model.config, self.result
        looks = (f'{config.glimpses} glimpse{"s" * (config.glimpses > 1)} for each of at most '
                 f'{sequences.places(config)} answers, each')
        lines = [*subject(self.model, result['policy'], looks),
                 f'{result["split"]} error {with_interval(result["test_error"], result["ci95"])} (wrong texts)',
                 f'wrong characters {percent(result["digit_error"])} (edit distance over true characters)',
                 f'{result["n"]:,} pictures' + (f', each seen {result["repeats"]} times from different first locations'
                                                if result['repeats'] > 1 else '')]
        if result['glimpses'] is not None:
            lines.append(f'{result["glimpses"]:.1f} glimpses used, on average: up to and with the end')
        rows = [(length, percent(error), f'{count:,}') for length, error, count in result['by_length']]
        return '\n'.join([*lines, '', *columns(['characters', 'wrong texts', 'pictures'], rows, left=0)])


def errors(said, labels, classes, each):
    """The errors of what was read.

    Args:
        said: int array (repeats, N, places), rows of labels.
        labels: int array (N, places), the truths.
        classes: the names of the characters.
        each: glimpses for each answer; None for a model that has none.

    Returns:
        dict, a part of the result of a :class:`SequenceReport`.
    """
    by_image = 100 * (said != labels).any(axis=2).mean(axis=0)
    truths, lengths = sequences.texts(labels, classes), (labels != sequences.NOTHING).sum(axis=1) - 1
    distance = sum(edit_distance(text, truth) for rows in said
                   for text, truth in zip(sequences.texts(rows, classes), truths))
    error, used = float(by_image.mean()), float((said != sequences.NOTHING).sum(axis=2).mean())
    return {'test_error': error, 'ci95': wilson_interval(error, len(labels)),
            'digit_error': 100 * distance / (len(said) * max(int(lengths.sum()), 1)),
            'by_length': [[int(length), float(by_image[lengths == length].mean()), int((lengths == length).sum())]
                          for length in np.unique(lengths)],
            'glimpses': each and each * used}
