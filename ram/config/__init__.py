"""The description of a run, its flags and its presets."""
from ram.config.config import LARGEST_LAYER, Config
from ram.config.effect import no_effect
from ram.config.flags import add_flags, different, from_flags, preset_name
from ram.config.groups import DIGITS
from ram.config.presets import PRESETS

__all__ = ['Config', 'DIGITS', 'LARGEST_LAYER', 'PRESETS', 'add_flags', 'different', 'from_flags',
           'no_effect', 'preset_name']
