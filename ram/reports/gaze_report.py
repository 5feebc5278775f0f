"""Whether a learned gaze helps: its error beside those of other places, how much it follows the picture, and a verdict.

It is found on the validation pictures, so that the test pictures stay unseen.
"""
import math
from dataclasses import dataclass

import numpy as np
from chainer.backends import cuda

from ram import tasks
from ram.agents.gaze import POLICIES, chooses, chosen_from
from ram.random_streams import generator
from ram.registry import DATASETS
from ram.reports import evaluation
from ram.reports.intervals import paired_interval, wilson_interval

DRAWS = 4       # looks at each picture, where locations are drawn
SAME = 5.0      # the places of different pictures are the same if they lie less apart, in percent of half the width
LITTLE = 2.0    # an error is as good as another if it is surely less than so much higher, in percentage points


@dataclass
class Seen:
    """What a model found at N pictures with one policy.

    Attributes:
        wrong: float array (N,), the share of the draws in which the last answer was wrong.
        locations: float array (T, draws, N, 2), columns (x, y) in [-1, 1].
    """
    wrong: np.ndarray
    locations: np.ndarray

    @property
    def error(self):
        """The error in percent."""
        return float(100 * self.wrong.mean())


def apart(locations):
    """How far the places of different pictures lie apart at each glimpse.

    It is the root mean square distance of a picture's place from the mean place of all: 0 if the gaze is the same for
    all pictures, 82 if each picture has a place that is anywhere.  A picture's place is the mean over its draws of the
    first location; what chance adds to such means is subtracted (one-way analysis of variance).

    Args:
        locations: float array (T, draws, N, 2).

    Returns:
        list of T floats, in percent of half the picture's width and height.
    """
    locations, draws = locations.astype(float), locations.shape[1]
    variance = locations.mean(axis=1).var(axis=1).sum(axis=1)
    if draws > 1:
        chance = locations.var(axis=1, ddof=1).mean(axis=1).sum(axis=1) / draws
        variance = (variance - chance).clip(0)
    return [float(100 * math.sqrt(value)) for value in variance]


def is_same(places, config):
    """Whether the gaze is the same for all pictures, from their ``places``: the result of :func:`apart`."""
    chosen = places[chosen_from(config):]
    return bool(chosen) and max(chosen) < SAME


def where(locations):
    """Where a gaze that is the same for all pictures goes, as the end of a sentence; ``locations`` as for apart()."""
    last = locations[-1].astype(float).reshape(-1, 2)
    if 100 * math.sqrt(last.var(axis=0).sum()) >= SAME:
        return 'the same way from its first place'
    across, down = (names[int(np.digitize(value, [-1 / 3, 1 / 3]))] for value, names in zip(
        last.mean(axis=0), [('left', '', 'right'), ('top', '', 'bottom')]))
    corner = ' corner' if across and down else ' edge' if across or down else 'middle'
    return f'to the {" ".join(filter(None, [down, across]))}{corner}'


def advice(config):
    """What to try if the gaze has not learned to look, as the end of a sentence."""
    starts = {'center': '--start mixed', 'random': 'more epochs (--epoch) or a larger --patch'}
    return '--no-context --start random' if config.context else starts.get(config.start, '--start random')


def verdict(config, seen, guess):
    """What the errors and the places mean.

    Args:
        config: the Config.
        seen: dict of Seen by policy, all of the same pictures.
        guess: the error of always naming the most frequent class, in percent.

    Returns:
        One of 'nothing learned', 'same place helps', 'same place', 'middle is better', 'one look', 'too few',
        'random as good' and 'helps'; and a sentence.
    """
    learned, count = seen['learned'], len(seen['learned'].wrong)
    (least, most), saved = _saved(seen, 'center')
    interval = f'95% interval {least:.1f} to {most:.1f}'
    tried = f'Try {advice(config)}.'
    if wilson_interval(learned.error, count)[1] >= guess:
        return 'nothing learned', (
            f'The answers are hardly better than always naming the most frequent class ({guess:.1f}% wrong), so the '
            'gaze says nothing yet.')
    if is_same(apart(learned.locations), config):
        same = f'The gaze goes {where(learned.locations)}, whatever the picture'
        if least > 0:
            return 'same place helps', (f'{same}, and that saves {saved:.1f} points against always looking at the '
                                        f'middle ({interval}).')
        return 'same place', f'{same}: it has not learned to look. {tried}'
    if most < 0:
        return 'middle is better', (f'Always looking at the middle would save {-saved:.1f} points (95% interval '
                                    f'{-most:.1f} to {-least:.1f}): the gaze leads astray. {tried}')
    if least <= 0 and most < LITTLE:
        return 'one look', ('One look is enough here: always looking at the middle is about as good (the gaze saves '
                            f'{saved:.1f} points, {interval}).')
    if least <= 0:
        return 'too few', (f'{count:,} validation pictures are too few to tell: against always looking at the middle '
                           f'the gaze saves {saved:.1f} points ({interval}).')
    (fewest, largest), _ = _saved(seen, 'random')
    if fewest <= 0 and largest < LITTLE:
        return 'random as good', (f'Random places are about as good as the learned ones, and {saved:.1f} points better '
                                  f'than always the middle: the gaze has not learned where to look. {tried}')
    return 'helps', (f'Where it looks depends on the picture, and it saves {saved:.1f} points against always looking '
                     f'at the middle ({interval}).')


def _saved(seen, policy):
    """By how much the learned gaze is better than a policy, in points: the interval [low, high], and the mean."""
    differences = seen[policy].wrong - seen['learned'].wrong
    return paired_interval(differences), float(100 * differences.mean())


def wanted(model, arguments):
    """Whether the question makes sense: for pictures, and a model that chooses where to look and was not told to."""
    return (DATASETS[model.config.dataset].pictures and chooses(model)
            and arguments.policy in (None, 'learned'))


def measure(model, arguments, device):
    """Whether the gaze of a model helps.

    Args:
        model: the model, on the device.
        arguments: those of evaluate.py; their data and seed are used.
        device: chainer device.

    Returns:
        dict: 'n', the validation pictures; 'error' and 'ci95', dicts by policy, in percent; 'saved', dict of the
        intervals [low, high] by policy, how many points the learned gaze is better than it; 'apart', see :func:`apart`;
        'verdict' and 'text', see :func:`verdict`.  Or only 'left_out', a text, if there are no validation pictures.
    """
    config = model.config
    try:
        DATASETS[config.dataset].check_here(config, 'validation', arguments.data)
        images, labels = (tasks.send(device, array)
                          for array in tasks.load_scenes(config, 'validation', arguments.data))
    except (OSError, ValueError) as error:
        return {'left_out': str(error)}
    seen = {policy: _seen(model, images, labels, generator(device, arguments.seed), policy) for policy in POLICIES}
    guess = 100 - 100 * np.bincount(cuda.to_cpu(labels)).max() / len(labels)
    name, text = verdict(config, seen, float(guess))
    return {'n': len(labels), 'error': {policy: found.error for policy, found in seen.items()},
            'ci95': {policy: wilson_interval(found.error, len(labels)) for policy, found in seen.items()},
            'saved': {policy: _saved(seen, policy)[0] for policy in seen if policy != 'learned'},
            'apart': apart(seen['learned'].locations), 'verdict': name, 'text': text}


def _seen(model, images, labels, rng, policy):
    found = evaluation.looks(model, images, rng, policy, passes=DRAWS if model.draws(policy) else 1)
    return Seen(cuda.to_cpu((found.said[-1] != labels).mean(axis=0)), cuda.to_cpu(found.locations))
