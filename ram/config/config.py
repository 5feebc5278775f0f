"""The description of a run: task, retina, networks, learning.  Every model file contains it."""
import dataclasses
import json
from dataclasses import dataclass

from datasets.augmentation import Augmentation
from ram.config.groups import GROUPS
from ram.config.options import check_field
from ram.registry import DATASETS, MODELS

LARGEST_LAYER = 1 << 27
LARGEST_PATCH = 4096


@dataclass(frozen=True)
class Config(*reversed(GROUPS)):
    """Everything that decides what a run does: the values of a preset, replaced by the user's flags.

    Its fields are those of the groups in ``ram.config.groups``.

    Raises:
        ValueError: a value has the wrong type or is outside its range, or two values exclude each other; the message
            says which and what is allowed.
    """

    def __post_init__(self):
        for field in dataclasses.fields(self):
            check_field(field, getattr(self, field.name))
        if self.patch * self.factor ** (self.scales - 1) > LARGEST_PATCH:
            raise ValueError(f'the largest patch is {self.patch} * {self.factor}^{self.scales - 1} pixels wide; '
                             f'at most {LARGEST_PATCH} are allowed')
        task, model = DATASETS[self.dataset], MODELS[self.model]
        if model.goal != task.goal:
            fitting = ', '.join(name for name in MODELS if MODELS[name].goal == task.goal)
            raise ValueError(f'the model for {self.dataset} must be one of {fitting}, not {self.model!r}')
        for name in ('batchsize', 'epoch'):
            if not getattr(self, name) and name not in task.chosen:
                raise ValueError(f'{name} must be at least 1, not 0')
        if self.size < task.smallest:
            raise ValueError(f'size must be at least {task.smallest}, not {self.size}')
        task.check(self)
        model.check(self)
        if self.largest_layer > LARGEST_LAYER:
            raise ValueError(f'these sizes need a layer of {self.largest_layer:,} weights; at most {LARGEST_LAYER:,} '
                             'are allowed')

    @property
    def augmentation(self):
        """How training pictures are changed: an Augmentation of the fields that have the same names."""
        return Augmentation(**{field.name: getattr(self, field.name) for field in dataclasses.fields(Augmentation)})

    @property
    def channels(self):
        """Channels of a scene: 3 in colour, else 1."""
        return DATASETS[self.dataset].channels(self)

    @property
    def largest_layer(self):
        """A lower bound on the weights of the largest layer."""
        return MODELS[self.model].largest_layer(self)

    def to_json(self):
        """The Config as one line of JSON."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text):
        """Reads the result of :meth:`to_json`; fields that an older version did not have get their defaults.

        Args:
            text: str; or bytes of UTF-8, 16 or 32, with or without a byte-order mark, as editors write files.

        Raises:
            ValueError: a field is unknown, or a value is out of range.
        """
        try:
            values = json.loads(text)
        except (ValueError, RecursionError):
            raise ValueError('the Config is not JSON') from None
        if not isinstance(values, dict):
            raise ValueError('the Config is not a JSON object')
        unknown = sorted(set(values) - {field.name for field in dataclasses.fields(cls)})
        if unknown:
            raise ValueError(f'the Config has the unknown fields {", ".join(unknown)}')
        if isinstance(values.get('classes'), list):
            values['classes'] = tuple(values['classes'])
        return cls(**values)
