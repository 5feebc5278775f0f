"""What a data set must say to be a task."""
from ram.config.groups import DIGITS

# The augmentation of photographs.  They are not mirrored, for digits, letters and signs must not be.
PHOTOGRAPHS = dict(rotate=10.0, zoom=0.15, shear=0.1, brightness=0.4, contrast=0.4, tint=0.1)


class Task:
    """A data set as a task: its recipe, its checks and its sources.  (Those of digits say more, see ``digits``.)

    Args:
        preset: the fields of its Config that differ from their defaults.

    Attributes:
        preset: the same, a dict.
        goal: 'classification', or 'game'; what a run of it does follows from that, see ``ram.registry``.
        smallest: the least side of a scene in pixels.
    """
    goal = 'classification'
    smallest = 28

    def __init__(self, **preset):
        self.preset = preset

    def check(self, config):
        """ValueError if the Config asks for something that this task does not have."""
        if config.images or config.group_by or config.colour or config.classes != DIGITS:
            raise ValueError('only the dataset folder has images, group-by, and classes and a colour of its own')
        if config.extra:
            raise ValueError('only the real svhn has extra pictures, not its stand-in of font digits')

    def channels(self, config):
        """Channels of a scene."""
        return 1

    def completed(self, config):
        """The Config with what is found in the data; raises what the data set raises."""
        return config

    def sources(self, config, split, folder):
        """What scenes are made of: uint8 array and int32 array (N,); see ``ram.tasks.load_sources``."""
        raise NotImplementedError

    def moving(self, config):
        """The digit or picture that lies somewhere in a larger scene.

        Returns:
            Its side and the number of pieces of others around it; None if scenes are the sources as they are.
        """
        return None

    def name(self, config):
        """What a report calls the task."""
        return f'{config.dataset} ({config.digits} digits)'

    def table(self, config):
        """The table of results that a model of this task belongs in, or None; see ``ram.reports.published.TITLES``."""
        return None
