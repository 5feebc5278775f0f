"""The one description of a run: task, retina, networks, learning.  It travels inside every model file."""
import argparse
import dataclasses
import json
import sys
from dataclasses import dataclass

LARGEST_LAYER = 1 << 27
DIGITS = tuple('0123456789')
MOST_CLASSES = 10_000


def _option(default, flags, text, choices=None, least=None, above=None, most=None):
    """A field of Config that is also a flag of train.py, with the values that it may take."""
    return dataclasses.field(default=default, metadata=dict(
        flags=flags.split(), help=text, choices=choices, least=least, above=above, most=most))


def _found(default):
    """A field of Config that is no flag: its value is found in the data."""
    return dataclasses.field(default=default, metadata=dict(flags=[], choices=None, least=None, above=None, most=None))


@dataclass(frozen=True)
class Config:
    """Everything that decides what a run does; a preset with the user's flags laid over it.

    Raises:
        ValueError: if a value has the wrong type or lies outside its range; it says which and what is allowed.
    """
    # The task.
    dataset: str = _option('translated', '--dataset', 'the scenes to classify',
                           ('mnist', 'translated', 'cluttered', 'cluttered100', 'svhn', 'folder'))
    digits: str = _option('mnist', '--digits', "where digits come from: MNIST, or the fonts that matplotlib ships; of "
                          "svhn, 'fonts' makes a stand-in", ('mnist', 'fonts'))
    extra: bool = _option(False, '--extra', "of svhn, learn from its 531,131 'extra' pictures too")
    images: str = _option('', '--images', 'of folder, where your own pictures are: a folder of class folders of PNG or '
                          'JPEG files')
    fit: str = _option('resize', '--fit', 'of folder, how a picture becomes a square: resized to fit as a whole, or '
                       'only if it is too large; the rest has its mean colour', ('resize', 'pad'))
    classes: tuple = _found(DIGITS)  # names, in the order of the labels
    colour: bool = _found(False)     # of a folder's pictures
    size: int = _option(60, '--size --canvas', 'side of a scene in pixels', least=28, most=4096)
    clutter: int = _option(0, '--clutter', "number of 8 x 8 pieces of other digits in a scene", least=0, most=1000)
    shift: int = _option(0, '--shift', 'pixels that a training scene is shifted by at most, each way', least=0, most=28)
    normalise: bool = _option(False, '--normalise', 'give the channels of a scene the mean 0, and it the deviation 1')
    # The retina (paper, section 3.1).
    patch: int = _option(12, '--patch --g_size', 'side of a glimpse in pixels', least=1)
    scales: int = _option(3, '-d --scales --depth', 'number of patches in a glimpse, K', least=1, most=8)
    factor: int = _option(2, '-s --scale', 'ratio of the sides of successive patches', least=1, most=16)
    glimpses: int = _option(6, '-l --glimpses --len_seq', 'number of glimpses, T', least=1, most=1000)
    # The networks (paper, section 4).
    model: str = _option('ram', '--model', "the paper's model, the archived repository's, or one of the paper's "
                         'controls, which see the whole image', ('ram', 'archived', 'fc64', 'fc256', 'conv'))
    glimpse_network: str = _option('linear', '--glimpse-network', 'what makes a vector of a glimpse: the Linears '
                                   'of the paper, or two convolutions before them', ('linear', 'conv'))
    filters: int = _option(32, '--filters', 'of --glimpse-network conv, filters of each convolution', least=1,
                           most=1024)
    unit: int = _option(128, '-u --unit', 'size of h_g and h_l in the glimpse network', least=1, most=4096)
    hidden: int = _option(256, '-hi --hidden', 'size of g and h', least=1, most=4096)
    core: str = _option('relu', '--core', 'the core network', ('relu', 'lstm'))
    # The policy and the hybrid loss (paper, sections 3.2 and 4).
    policy: str = _option('learned', '--policy', 'where to look in training', ('learned', 'random'))
    sigma: float = _option(0.1, '-si --sigma', 'standard deviation of the location policy', above=0)
    reward: str = _option('probability', '--reward', 'the reward of an answer: the probability of the right one, or 1 '
                          'if that is the likeliest and else 0', ('probability', 'right'))
    reinforce: float = _option(0.2, '--reinforce', 'weight of the REINFORCE term', least=0)
    into_core: bool = _option(True, '--into-core', 'let the gradient of the REINFORCE term into the core')
    mc: int = _option(1, '-M --mc', 'episodes an image, M in equation 2', least=1, most=1000)
    # The optimisation.
    optimizer: str = _option('adam', '--optimizer', 'the optimizer', ('adam', 'nesterov', 'momentum'))
    lr: float = _option(1e-3, '--lr', 'learning rate at the start', above=0)
    momentum: float = _option(0.9, '--momentum', 'momentum of nesterov and momentum', least=0, most=1)
    schedule: str = _option('linear', '--schedule', 'learning rate over the epochs: constant, times --decay each '
                            'epoch, falling linearly to zero, or times 0.1 every --drop epochs',
                            ('constant', 'exponential', 'linear', 'step'))
    decay: float = _option(0.93, '--decay', 'factor of the exponential schedule', above=0, most=1)
    drop: int = _option(400, '--drop', 'epochs between the drops of the step schedule', least=1)
    clip: float = _option(5.0, '--clip', 'largest norm of the gradient; 0 for no clipping', least=0)
    weight_decay: float = _option(0.0, '--weight-decay', 'share of the weights, times the learning rate, that goes '
                                  'each step', least=0)
    batchsize: int = _option(128, '-b --batchsize', 'images in a batch', least=1)
    epoch: int = _option(20, '-e --epoch', 'epochs to train', least=1)
    seed: int = _option(0, '--seed', 'seed of everything random', least=0)

    def __post_init__(self):
        for field in dataclasses.fields(self):
            _check(field, getattr(self, field.name))
        if self.patch * self.factor ** (self.scales - 1) > 4096:
            raise ValueError(f'the largest patch is {self.patch} * {self.factor}^{self.scales - 1} pixels wide; '
                             'at most 4096 are allowed')
        if self.largest_layer > LARGEST_LAYER:
            raise ValueError(f'the sizes ask for a layer of {self.largest_layer:,} weights; at most {LARGEST_LAYER:,} '
                             'are allowed')
        if self.glimpse_network == 'conv' and self.patch < 4:
            raise ValueError(f'glimpse_network conv halves the patch twice: patch must be at least 4, not {self.patch}')
        pictures = self.dataset in ('svhn', 'folder')
        if pictures and self.clutter:
            raise ValueError(f'{self.dataset} has no clutter of digits: clutter must be 0, not {self.clutter}')
        if self.dataset == 'svhn' and self.size < 32:
            raise ValueError(f'the pictures of svhn are 32 pixels wide: size must be at least 32, not {self.size}')
        if self.extra and (self.dataset, self.digits) != ('svhn', 'mnist'):
            raise ValueError('extra is of the real svhn alone, without digits of fonts')
        if self.dataset != 'folder' and (self.images or self.colour or self.classes != DIGITS):
            raise ValueError('images, and classes and a colour of their own, are for the dataset folder alone')
        if self.model == 'archived' and (pictures or self.normalise):
            raise ValueError('the archived model knows grey digits alone, as they are: dataset must not be svhn or '
                             'folder, and normalise must be off')
        if self.model == 'archived' and self.policy != 'learned':
            raise ValueError(f'the archived model learns where to look; policy must be learned, not {self.policy!r}')

    @property
    def channels(self):
        """Channels of a scene: 3 in colour, else 1."""
        return 3 if self.dataset == 'svhn' or self.colour else 1

    @property
    def largest_layer(self):
        """Weights of the largest layer that the networks have at least."""
        if self.model == 'conv':
            return 8 * ((self.size - 10) // 5 + 1) ** 2 * 256
        if self.model.startswith('fc'):
            return self.channels * self.size ** 2 * int(self.model.removeprefix('fc'))
        glimpse = self.scales * self.channels * self.patch ** 2 * self.unit
        if self.glimpse_network == 'conv':
            glimpse = self.filters * max(9 * self.filters, 9 * self.scales * self.channels,
                                         (self.patch // 4) ** 2 * self.unit)
        return max(glimpse, self.unit * self.hidden, self.hidden ** 2,
                   self.hidden * len(self.classes))

    def to_json(self):
        """The Config as one line of JSON."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text):
        """Reads what :meth:`to_json` wrote; what an older version did not know has its default.

        Raises:
            ValueError: if anything in it is unknown or out of range.
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


def _check(field, value):
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
    if field.type is float:
        bounds.append((-sys.float_info.max <= value <= sys.float_info.max, 'finite'))
    if not all(holds for holds, _ in bounds):
        raise ValueError(f'{name} must be {" and ".join(text for _, text in bounds)}, not {value}')


PRESETS = {
    'mnist': Config(dataset='mnist', size=28, shift=2, patch=8, scales=1, epoch=200),
    'translated': Config(dataset='translated', size=60, core='lstm', weight_decay=0.1, epoch=150),
    'cluttered': Config(dataset='cluttered', size=60, clutter=4, core='lstm', epoch=240),
    'cluttered100': Config(dataset='cluttered100', size=100, clutter=8, scales=4, glimpses=8, core='lstm', epoch=160),
    # Tuned on street digits; on a canvas of 64 x 64 pixels it has as many parameters as the control conv.
    'svhn': Config(dataset='svhn', size=32, shift=2, normalise=True, patch=8, scales=3, glimpses=8, hidden=133,
                   core='lstm', epoch=60),
    'folder': Config(dataset='folder', size=64, shift=4, normalise=True, core='lstm', batchsize=64, epoch=60),
    'archived': Config(dataset='mnist', model='archived', size=28, patch=8, scales=1, sigma=0.03, reward='right',
                       optimizer='nesterov', lr=0.01, schedule='step', drop=400, clip=0.0, epoch=690),
}


def add_flags(parser):
    """Adds the flags of Config's fields to an argparse parser; one that is not given leaves the preset's value."""
    for field in dataclasses.fields(Config):
        rule = field.metadata
        if not rule['flags']:
            continue
        kind = dict(action=argparse.BooleanOptionalAction) if field.type is bool else \
            dict(type=field.type, choices=rule['choices'], metavar=None if rule['choices'] else field.type.__name__)
        parser.add_argument(*rule['flags'], dest=field.name, default=argparse.SUPPRESS, help=rule['help'], **kind)


def from_flags(arguments):
    """The Config that parsed flags ask for: the preset of ``--preset`` or ``--dataset`` with the other flags over it.

    Raises:
        ValueError: if a value is out of range.
    """
    given = vars(arguments)
    preset = PRESETS[given.get('preset') or given.get('dataset') or 'translated']
    fields = {field.name for field in dataclasses.fields(Config)}
    return dataclasses.replace(preset, **{name: value for name, value in given.items() if name in fields})
