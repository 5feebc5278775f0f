"""The fields of a Config, in the groups in which train.py --help shows them; each docstring is its group's heading."""
import dataclasses
from dataclasses import dataclass

from ram.config.options import absolute, found, option
from ram.registry import CORES, DATASETS, GLIMPSE_NETWORKS, MODELS, OPTIMIZERS

DIGITS = tuple('0123456789')
WIDEST = 8  # the largest margin
LEARNING = 'sigma', 'reward', 'reinforce', 'into_core'  # have no effect where no location is chosen


def names(*groups):
    """The names of the fields of groups, a tuple."""
    return tuple(field.name for group in groups for field in dataclasses.fields(group))


@dataclass(frozen=True)
class Scene:
    """The task"""
    dataset: str = option('translated', '--dataset', 'the scenes to classify, or the game catch; one of '
                         '%(choices)s', DATASETS, metavar='NAME', common=True)
    size: int = option(60, '--size --canvas', 'side of a scene or screen', least=1, most=4096, metavar='PIXELS',
                       common=True)
    shift: int = option(0, '--shift', 'shift each training scene by at most this much, each way', least=0, most=28,
                        metavar='PIXELS')
    normalise: bool = option(False, '--normalise', 'normalise the contrast of each scene: mean 0 in each channel, '
                             'standard deviation 1 over all')
    classes: tuple = found(DIGITS)  # names, in the order of the labels


@dataclass(frozen=True)
class Digits:
    """Scenes of digits (all but folder, text, catch)"""
    digits: str = option('mnist', '--digits', "where digits come from: MNIST, or the fonts of matplotlib; for svhn and "
                         "numbers, 'fonts' makes a stand-in for the real pictures; for numbers, 'svhn' makes one of "
                         "svhn's pictures", ('mnist', 'fonts', 'svhn'), common=True)
    clutter: int = option(0, '--clutter', "8 x 8 pieces of other digits in a scene", least=0, most=1000,
                          metavar='PIECES')


@dataclass(frozen=True)
class Svhn:
    """SVHN's pictures (svhn, numbers)"""
    extra: bool = option(False, '--extra', "learn from the 531,131 pictures of the 'extra' file too; for numbers, from "
                         "the 202,353 of its folder")


@dataclass(frozen=True)
class Sequence:
    """Whole numbers and other texts (numbers, text)"""
    longest: int = option(5, '--longest', 'leave out pictures whose text has more characters than this; 0, the default '
                          'of text, for as many as the longest training text has', least=0, most=32, metavar='N')
    margin: float = option(1.0, '--margin', 'for numbers: side of the picture, in sides of the tight square around the '
                           'number, which is 30%% wider than its box; above 1, it lies somewhere in it and must be '
                           'found; the default of --size is then so many times as large, and a reader costs the same',
                           least=1, most=WIDEST, metavar='RATIO')


@dataclass(frozen=True)
class Pictures:
    """Your own pictures (folder, text)"""
    images: str = option('', '--images', 'folder with one folder of pictures for each class; for text, with pictures '
                         'and a labels.csv (file,label)', metavar='DIR', common=True, read=absolute)
    fit: str = option('resize', '--fit', 'how a picture becomes a square: resize it to fit, or pad it (and resize it '
                      'only if it is too large), the rest having its mean colour; or native, to keep its own size and '
                      'shape; --shift and --elastic are then in 64ths of its longer side',
                      ('resize', 'pad', 'native'), common=True,
                      unused=lambda config: ('size',) if config.fit == 'native' else ())
    group_by: str = option('', '--group-by', "regular expression for a picture's path below its class's folder: the "
                           'pictures of a class for which its first group matches the same text, such as the frames '
                           'of a video, stay on one side of a split', metavar='REGEX')
    largest: int = option(90, '--largest', 'leave out pictures of more megapixels than this, since a small file may '
                          'claim to have any number; 0, the default of native, for as many as the memory holds',
                          least=0, most=1_000_000, metavar='MEGAPIXELS')
    colour: bool = found(False)


@dataclass(frozen=True)
class Game:
    """The game (catch; paper, section 4)"""
    speed: float = option(1.0, '--speed', "largest sideways motion of the ball in a step", least=0, most=64,
                          metavar='PIXELS')
    paddle: int = option(2, '--paddle', 'length of the paddle', least=1, most=4096, metavar='PIXELS')


@dataclass(frozen=True)
class Augmentation:
    """Augmentation: the largest random changes of training pictures"""
    flip: bool = option(False, '--flip', 'mirror each picture, left to right, with probability 1/2; not for digits, '
                         'signs and texts')
    rotate: float = option(0.0, '--rotate', 'rotate, either way', least=0, most=180, metavar='DEGREES')
    zoom: float = option(0.0, '--zoom', 'enlarge or shrink, by a factor up to 1 + SHARE', least=0, most=1,
                         metavar='SHARE')
    shear: float = option(0.0, '--shear', 'slant, by this many pixels for each row', least=0, most=1, metavar='PIXELS')
    elastic: float = option(0.0, '--elastic', 'bend: move each of 5 x 5 points by at most this much, each way',
                            least=0, most=28, metavar='PIXELS')
    brightness: float = option(0.0, '--brightness', 'raise tones, from 0 to 1, to a random power from 1 / (1 + '
                               'SHARE) to 1 + SHARE', least=0, most=4, metavar='SHARE')
    contrast: float = option(0.0, '--contrast', 'multiply or divide contrast by up to 1 + SHARE', least=0, most=4,
                             metavar='SHARE')
    tint: float = option(0.0, '--tint --colour', 'multiply or divide each channel by up to 1 + SHARE', least=0, most=4,
                         metavar='SHARE')


@dataclass(frozen=True)
class Retina:
    """The retina (paper, section 3.1)"""
    patch: int = option(12, '--patch', 'side of the smallest patch of a glimpse', least=1, metavar='PIXELS',
                        old='--g_size', common=True)
    scales: int = option(3, '--scales', 'patches in a glimpse', least=1, most=8, metavar='K', old='-d --depth',
                         common=True, unused=lambda config: ('factor',) if config.scales == 1 else ())
    factor: int = option(2, '--factor', 'ratio of the sides of successive patches', least=1, most=16, metavar='S',
                         old='-s --scale')
    glimpses: int = option(6, '--glimpses', 'number of glimpses; of a reader, for each character and for the end',
                           least=1, most=1000, metavar='T', old='-l --len_seq', common=True, unused=lambda config: (
                               _unused_by_one_glimpse(config) if MODELS[config.model].steps(config) == 1 else ()))


@dataclass(frozen=True)
class Networks:
    """The networks (paper, section 4)"""
    model: str = option('ram', '--model', "the paper's model, the archived repository's, a control that sees the whole "
                        'image, the player of catch, or a reader of texts and its control (places); one of '
                        '%(choices)s', MODELS, metavar='NAME', common=True)
    glimpse_network: str = option('linear', '--glimpse-network', "what turns a glimpse into a vector: the paper's "
                                  'linear layers, or two convolutions before them', GLIMPSE_NETWORKS)
    filters: int = option(32, '--filters', 'filters of each convolution of the glimpse network conv', least=1,
                          most=1024, metavar='FILTERS')
    unit: int = option(128, '--unit', 'size of h_g and h_l in the glimpse network', least=1, most=4096,
                       metavar='UNITS', old='-u')
    hidden: int = option(256, '--hidden', "size of the glimpse network's output g and of the core's state h", least=1,
                         most=4096, metavar='UNITS', old='-hi', common=True)
    core: str = option('relu', '--core', 'the core network', CORES, common=True)


@dataclass(frozen=True)
class Policy:
    """Where to look, and what is rewarded (paper, sections 3.2 and 4)"""
    policy: str = option('learned', '--policy', 'where to look in training', ('learned', 'random', 'center'),
                         common=True, unused=lambda config: {
                             'learned': (), 'random': ('start', 'start_range', *LEARNING),
                             'center': ('start', 'start_range', *LEARNING, 'mc')}[config.policy])
    start: str = option('random', '--start', 'where to look first: at a random location; where the location network '
                        'learns to look; at the centre; or mixed, at the centre, but in training in every fourth '
                        'episode at a random location', ('random', 'learned', 'center', 'mixed'),
                        unused=lambda config: ('start_range',) if config.start in ('learned', 'center') else ())
    start_range: float = option(1.0, '--start-range', 'a random first location is uniform in [-R, R]^2; 1 is the whole '
                                'image', above=0, most=1, metavar='R')
    context: bool = option(False, '--context', 'choose the first location not as --start says but from a coarse '
                           'look at the whole image, which only this choice uses',
                           unused=lambda config: ('start', 'start_range') if config.context else ())
    sigma: float = option(0.1, '--sigma', 'standard deviation of locations around their mean in training; an image is '
                          '2 wide', above=0, metavar='S', old='-si', common=True)
    reward: str = option('probability', '--reward', 'the reward of an answer: the probability of the right class, or 1 '
                         'for a right answer and else 0', ('probability', 'right'))
    reinforce: float = option(0.2, '--reinforce', 'weight of the REINFORCE term', least=0, metavar='WEIGHT',
                              unused=lambda config: ('into_core',) if config.reinforce == 0 else ())
    into_core: bool = option(True, '--into-core', 'let the gradient of the REINFORCE term into the core')
    mc: int = option(1, '--mc', 'episodes per image, M in equation 2', least=1, most=1000, metavar='M', old='-M')


@dataclass(frozen=True)
class Optimisation:
    """The optimisation"""
    optimizer: str = option('adam', '--optimizer', 'the optimizer', OPTIMIZERS)
    lr: float = option(1e-3, '--lr', 'initial learning rate', above=0, metavar='RATE', common=True)
    momentum: float = option(0.9, '--momentum', 'momentum of nesterov and momentum', least=0, most=1, metavar='M')
    schedule: str = option('linear', '--schedule', 'learning rate over the epochs: constant, times --decay each '
                           'epoch, falling linearly to zero, or times 0.1 every --drop epochs',
                           ('constant', 'exponential', 'linear', 'step'), unused=lambda config: {
                               'exponential': ('drop',), 'step': ('decay',)}.get(config.schedule, ('decay', 'drop')))
    decay: float = option(0.93, '--decay', 'factor of the exponential schedule', above=0, most=1, metavar='FACTOR')
    drop: int = option(400, '--drop', 'epochs between the drops of the step schedule', least=1, metavar='EPOCHS')
    clip: float = option(5.0, '--clip', 'largest norm of the gradient; 0 for no clipping', least=0, metavar='NORM')
    weight_decay: float = option(0.0, '--weight-decay', 'each step shrinks the weights by this times the learning rate',
                                 least=0, metavar='SHARE')
    average: float = option(0.0, '--average', 'decay of the running average of the weights, which is then validated '
                            'and kept; 0 for none', least=0, below=1, metavar='DECAY')
    batchsize: int = option(128, '-b --batchsize', 'images, or games, in a batch; 0, the default for your own '
                           'pictures: 32, or fewer if there are few', least=0, metavar='B', common=True)
    epoch: int = option(20, '-e --epoch', 'epochs to train; 0, the default for your own pictures: the fewer there are, '
                       'the more', least=0, metavar='N', common=True)
    seed: int = option(0, '--seed', 'seed of everything random', least=0, most=2 ** 32 - 1, metavar='N', common=True)


def _unused_by_one_glimpse(config):
    if config.start == 'learned' or config.context:
        return 'into_core',  # no state of the core chooses a location
    return *LEARNING, *(['mc'] if config.start == 'center' else [])


GROUPS = Scene, Digits, Svhn, Sequence, Pictures, Game, Augmentation, Retina, Networks, Policy, Optimisation
