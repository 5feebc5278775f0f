"""The recipes: a Config for each data set, and the archived repository's experiment."""
from collections.abc import Mapping

from ram.config.config import Config
from ram.registry import DATASETS

OTHERS = {
    'archived': dict(dataset='mnist', model='archived', size=28, patch=8, scales=1, sigma=0.03, reward='right',
                     optimizer='nesterov', lr=0.01, schedule='step', drop=400, clip=0.0, epoch=690),
}


class Presets(Mapping):
    """Configs by name: one for each registered data set, from its task, and the others."""

    def __getitem__(self, name):
        if name in OTHERS:
            return Config(**OTHERS[name])
        return Config(dataset=name, **DATASETS[name].preset)

    def __iter__(self):
        yield from DATASETS
        yield from OTHERS

    def __len__(self):
        return len(DATASETS) + len(OTHERS)


PRESETS = Presets()
