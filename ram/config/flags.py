"""Config's fields as flags of a script."""
import argparse
import dataclasses

from ram.config.config import Config
from ram.config.groups import GROUPS
from ram.config.presets import PRESETS
from ram.registry import DATASETS


def add_flags(parser):
    """Adds the flags of Config's fields to an argparse parser, group by group.

    A flag that is not given keeps the preset's value; --help shows the default of most presets.
    """
    for group in GROUPS:
        place = parser.add_argument_group(group.__doc__)
        for field in dataclasses.fields(group):
            rule = field.metadata
            if rule['flags']:
                place.add_argument(*rule['flags'], dest=field.name, default=argparse.SUPPRESS,
                                   help=f'{rule["help"]} (default: {_shown(field.default)})', **_kind(field))


def _kind(field):
    rule = field.metadata
    if field.type is bool:
        return dict(action=argparse.BooleanOptionalAction)
    return dict(type=rule['read'] or field.type, choices=rule['choices'], metavar=rule['metavar'])


def _shown(value):
    return {True: 'yes', False: 'no', '': 'none'}.get(value, value) if isinstance(value, bool | str) else value


def from_flags(arguments):
    """The Config of parsed flags: the preset of ``--preset`` or ``--dataset``, with the values of the other flags.

    Raises:
        ValueError: a value is out of range.
    """
    given = vars(arguments)
    preset = PRESETS[given.get('preset') or given.get('dataset') or 'translated']
    fields = {field.name for field in dataclasses.fields(Config)}
    chosen = {name: value for name, value in given.items() if name in fields}
    task = DATASETS[chosen.get('dataset', preset.dataset)]
    return dataclasses.replace(preset, **{**task.implied(chosen), **chosen})


def different(config, preset):
    """The differences of a Config from a preset: list of (field's name, value), in the order of the groups."""
    return [(field.name, getattr(config, field.name)) for group in GROUPS for field in dataclasses.fields(group)
            if getattr(config, field.name) != getattr(preset, field.name)]
