"""Which fields of a Config have no effect, because of the value of another.

The rule is the same for tasks, models, networks, policies, optimizers and schedules.  Each value says, where it is
defined, which fields it leaves without effect: an entry of a registry in its attribute ``unused``, and the value of
another field in ``unused`` of its option.
"""
import dataclasses

from ram.registry import Registry


def without_effect(config):
    """The fields without effect in a Config.

    Returns:
        dict: the field (dataclasses.Field) that is the reason, by the name of the one without effect.
    """
    reasons = {}
    for field in dataclasses.fields(config):
        rule = field.metadata
        names = rule['unused'](config)
        if isinstance(rule['choices'], Registry):
            names += getattr(rule['choices'][getattr(config, field.name)], 'unused', ())
        for name in names:
            reasons.setdefault(name, field)
    return reasons


def check_effect(config, names, of=None):
    """Refuses values that have no effect.

    Args:
        config: the Config.
        names: the fields that must have an effect, such as those of the flags that a user gave.
        of: the name of the only field whose value counts as a reason; by default all count.

    Raises:
        ValueError: a field has none; the message says which, why, and what to do.
    """
    fields = {field.name: field for field in dataclasses.fields(config)}
    for name, reason in without_effect(config).items():
        if name in names and of in (None, reason.name):
            raise ValueError(no_effect(_as_flag(fields[name], config), _with(reason, config))
                             + f', or change {_flag(reason)}')


def reason_without_effect(config, name):
    """Why a field has no effect in a Config, such as 'with --model conv'; '' if it has one."""
    reason = without_effect(config).get(name)
    return _with(reason, config) if reason else ''


def _with(reason, config):
    return f'with {_as_flag(reason, config)}'


def no_effect(flag, reason):
    """The message about a flag without effect, in all scripts."""
    return f'{flag} has no effect {reason}: leave it out'


def _as_flag(field, config):
    """A field's value as a user gives it: '--sigma 0.1', '--no-context'; one that is no flag, as 'colour True'."""
    value = getattr(config, field.name)
    if field.type is bool and field.metadata['flags']:
        return _flag(field) if value else _flag(field).replace('--', '--no-')
    return f'{_flag(field)} {value}'


def _flag(field):
    """A field's flag: the one with its name if there is one, else the first long one."""
    flags, same = field.metadata['flags'], f'--{field.name.replace("_", "-")}'
    return next((flag for flag in flags if flag == same), next((f for f in flags if f.startswith('--')), field.name))
