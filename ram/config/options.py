"""Fields of a Config that are also flags of train.py, with their allowed values."""
import dataclasses
import pathlib
import sys

MOST_CLASSES = 10_000


def option(default, flags, text, choices=None, least=None, above=None, most=None, below=None, metavar=None, old='',
           common=False, read=None, unused=lambda config: ()):
    """A field of Config that is also a flag.

    Args:
        default: its value if no preset or flag changes it.  Its type is the type of the field.
        flags: the names of the flag, separated by spaces.
        text: the text in --help.
        choices: the allowed values, or a Registry of them.
        least, above, most, below: bounds of a number.
        metavar: the placeholder for the value in --help.
        old: more names of the flag, which work but are not shown.
        common: whether --help shows it; --help-all shows all flags.
        read: function of the flag's text that returns its value; by default its type.
        unused: called with a Config, returns a tuple of the names of fields that have no effect because of this field's
            value.  Entries of a Registry say so themselves, see ``ram.config.effect``.
    """
    return dataclasses.field(default=default, metadata=dict(
        flags=flags.split(), help=text, choices=choices, least=least, above=above, most=most, below=below,
        metavar=metavar, old=old.split(), common=common, read=read, unused=unused))


def found(default):
    """A field of Config that is not a flag: its value is found in the data."""
    return option(default, flags='', text='')


def absolute(path):
    """A path as it is called from every folder; '' stays ''."""
    return str(pathlib.Path(path).absolute()) if path else ''


def check_field(field, value):
    """Raises ValueError, with the reason, if a field of a Config must not have this value."""
    name, rule = field.name, field.metadata
    kinds = (int, float) if field.type is float else (field.type,)
    if type(value) not in kinds:
        raise ValueError(f'{name} must be of type {field.type.__name__}, not {value!r}')
    if field.type is tuple and not (2 <= len(value) <= MOST_CLASSES and all(
            type(entry) is str and entry for entry in value) and len(set(value)) == len(value)):
        raise ValueError(f'{name} must be 2 to {MOST_CLASSES} different names')
    if rule['choices'] and value not in rule['choices']:
        raise ValueError(f'{name} must be one of {", ".join(rule["choices"])}, not {value!r}')
    bounds = []
    if rule['least'] is not None:
        bounds.append((value >= rule['least'], f'at least {rule["least"]}'))
    if rule['above'] is not None:
        bounds.append((value > rule['above'], f'greater than {rule["above"]}'))
    if rule['most'] is not None:
        bounds.append((value <= rule['most'], f'at most {rule["most"]}'))
    if rule['below'] is not None:
        bounds.append((value < rule['below'], f'less than {rule["below"]}'))
    if field.type is float:
        bounds.append((-sys.float_info.max <= value <= sys.float_info.max, 'finite'))
    if not all(holds for holds, _ in bounds):
        raise ValueError(f'{name} must be {" and ".join(text for _, text in bounds)}, not {value}')
