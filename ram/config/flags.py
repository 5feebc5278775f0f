"""Config's fields as flags of a script."""
import argparse
import contextlib
import dataclasses
import functools

from ram.config.config import Config
from ram.config.effect import check_effect, reason_without_effect
from ram.config.groups import GROUPS
from ram.config.presets import PRESETS
from ram.registry import DATASETS


def add_flags(parser):
    """Adds the flags of Config's fields to a ``command_line.Parser``, group by group.

    A flag that is not given keeps the preset's value, which the help shows.
    """
    for group in GROUPS:
        place = parser.add_argument_group(group.__doc__)
        for field in dataclasses.fields(group):
            rule = field.metadata
            if rule['flags']:
                parser.add_argument(*rule['flags'], place=place, rare=not rule['common'], old=rule['old'],
                                    dest=field.name, default=argparse.SUPPRESS, help=functools.partial(_help, field),
                                    **_kind(field))


def _help(field, arguments):
    others = argparse.Namespace(**{name: value for name, value in vars(arguments).items() if name != field.name})
    config = _defaults(others)
    said = f'default: {_shown(getattr(config, field.name))}'
    with contextlib.suppress(ValueError):  # the other flags are out of range, or exclude each other
        reason = reason_without_effect(dataclasses.replace(config, **_given(others)), field.name)
        said = f'no effect {reason}' if reason else said
    return f'{field.metadata["help"]} ({said})'


def _kind(field):
    rule = field.metadata
    if field.type is bool:
        return dict(action=argparse.BooleanOptionalAction)
    return dict(type=rule['read'] or field.type, choices=rule['choices'], metavar=rule['metavar'])


def _shown(value):
    if isinstance(value, float):
        return f'{value:g}'
    return {True: 'yes', False: 'no', '': 'none'}.get(value, value) if isinstance(value, bool | str) else value


def preset_name(arguments):
    """The name of the preset that the flags ask for."""
    given = vars(arguments)
    return given.get('preset') or given.get('dataset') or 'translated'


def _given(arguments):
    """The given flags' values by field."""
    fields = {field.name for field in dataclasses.fields(Config)}
    return {name: value for name, value in vars(arguments).items() if name in fields}


def _defaults(arguments):
    """The Config that holds where no flag is given: the preset, with what other flags imply."""
    preset, given = PRESETS[preset_name(arguments)], _given(arguments)
    return dataclasses.replace(preset, **DATASETS[given.get('dataset', preset.dataset)].implied(given))


def from_flags(arguments):
    """The Config of parsed flags: the preset of ``--preset`` or ``--dataset``, with the values of the other flags.

    Raises:
        ValueError: a value is out of range, or a flag has no effect beside the others.
    """
    given = _given(arguments)
    config = dataclasses.replace(_defaults(arguments), **given)
    check_effect(config, given)
    return config


def different(config, preset):
    """The differences of a Config from a preset: list of (field's name, value), in the order of the groups."""
    return [(field.name, getattr(config, field.name)) for group in GROUPS for field in dataclasses.fields(group)
            if getattr(config, field.name) != getattr(preset, field.name)]
