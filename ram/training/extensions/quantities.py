"""The quantities in the log of a run, as people read them: names in words, and shares in percent.

The log itself keeps its keys and its fractions.
"""
import datetime

from datasets.augmentation import OFF

NAMES = {'main/error': 'training error', 'main/cross_entropy': 'cross-entropy', 'elapsed_time': 'time'}
SHARES = 'error', 'caught'  # the ends of the keys of fractions


def words(key):
    """The name of a key of the log in words."""
    return NAMES.get(key) or key.removeprefix('main/').replace('/', ' ').replace('_', ' ')


def is_share(key):
    """Whether the values of a key are fractions, which are shown in percent."""
    return key.endswith(SHARES)


def as_text(key, value):
    """A value of the log as a text."""
    if key == 'elapsed_time':
        return str(datetime.timedelta(seconds=round(value)))
    return f'{100 * value:.2f}%' if is_share(key) else f'{value:.4g}'


def why_they_differ(model):
    """A sentence that says why the error in training is usually above that of validation; '' if nothing differs.

    Args:
        model: the model that is trained.
    """
    config, changes = model.config, []
    if model.gaze and config.policy == 'learned':
        changes.append(f'looks around the learned locations (sigma {config.sigma:g})')
    if model.goal == 'game':
        changes.append('draws its actions')
    if config.shift or config.augmentation != OFF:
        changes.append('changes the pictures at random')
    return f'Training {" and ".join(changes)}; validation does not, so its error is usually lower.' if changes else ''
