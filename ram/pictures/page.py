"""A page for any browser, in one file: models, scenes and the program that runs them.

``page.html`` has the elements, ``page.css`` their look, and ``PROGRAMS`` what they do: each begins with what it is for.
The first ones know nothing of the elements: they compute the models, and make scenes of drawings and pictures.
"""
import base64
import dataclasses
import hashlib
import html
import json
import pathlib
import re
import zlib

import numpy as np
from chainer.backends import cuda

from datasets import shown
from datasets.progress import stepwise
from ram import checkpoint, tasks
from ram.config.groups import DIGITS
from ram.pictures.drawing import given, scene_indices
from ram.registry import DATASETS

FOLDER = pathlib.Path(__file__).parent
PROGRAMS = [f'page_{name}.js' for name in (
    'networks', 'digit', 'scenes', 'reading', 'exhibits', 'looking', 'drawing', 'answers', 'panels', 'controls')]
LARGEST = 10_000_000    # bytes of a page
WEIGHTS = ('float16', 'float32')
SCENES = 36             # scenes that a page holds if nothing else is asked for
LABEL = 14              # columns of a class's name beside its bar
CLUTTER_SOURCES = 24    # digits from which the page cuts pieces of clutter

# The layers that the page computes, by the names of their parameters.
CORE_LAYERS = {
    'relu': {'core_network/from_state', 'core_network/from_glimpse'},
    'lstm': {'core_network/lstm/upward', 'core_network/lstm/lateral'},
}
GLIMPSE_LAYERS = {
    'linear': set(),
    'conv': {'glimpse_network/first', 'glimpse_network/second'},
}
RAM_LAYERS = {
    'glimpse_network/what', 'glimpse_network/where', 'glimpse_network/from_what', 'glimpse_network/from_where',
    'location_network/mean', 'action_network/logits', 'baseline_network/reward'}
MODEL_LAYERS = {
    'ram': RAM_LAYERS,
    'reader': RAM_LAYERS,
    'archived': {'ll1', 'lrho1', 'lh1', 'lh2', 'lstm/upward', 'lstm/lateral', 'ly', 'll', 'lb'},
}


@dataclasses.dataclass
class Exhibit:
    """A model and the scenes at which it is watched.

    Attributes:
        name: what the page calls it.
        model: a model with a gaze.
        images: uint8 array (N, C, size, size); N may be 0.
        truths: int array (N,); of a model that reads, rows of labels (N, places), see ``ram.sequences``.
        digits: uint8 array (M, d, d), from which pieces of clutter are cut; M may be 0.
        policy: where it looks at first, as for its method ``rollout``; None for as in training.
    """
    name: str
    model: object
    images: np.ndarray
    truths: np.ndarray
    digits: np.ndarray
    policy: str = None


def template():
    """The page's text, without models and hashes."""
    text, *parts = ((FOLDER / name).read_text(encoding='utf-8') for name in ('page.html', 'page.css', *PROGRAMS))
    style, *programs = (part.rstrip() for part in parts)
    return text.replace('{{style}}', style).replace('{{programs}}', '\n\n'.join(programs))


def page(exhibits, weights='float16', title='Watch it look'):
    """The page as one HTML file.

    Args:
        exhibits: list of Exhibits; the page lets its reader choose among several.
        weights: 'float16' or 'float32', how the models' weights are stored.
        title: the page's title.

    Returns:
        bytes, at most ``LARGEST``.

    Raises:
        ValueError: a model has no gaze, or a part that the page does not know, or weights beyond float16's range; or
            the page would be too large.
    """
    entries = ',\n'.join(json.dumps(entry(exhibit, weights)) for exhibit in exhibits)
    # In a script's text, '<' could end the script; in JSON it may be written like this.
    data = '[' + entries.replace('<', '\\u003c') + ']'
    document = template()
    for kind in 'script', 'style':  # only the template's own program and style may run
        text = re.search(f'<{kind}>(.*?)</{kind}>', document, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        document = document.replace(f'{{{{{kind} hash}}}}', f"'sha256-{digest}'")
    parts = {'title': html.escape(shown.text(title)), 'exhibits': data}
    content = re.sub('{{(title|exhibits)}}', lambda found: parts[found[1]], document).encode()
    if len(content) > LARGEST:
        advice = 'fewer --scenes' if weights == 'float16' else '--weights float16 or fewer --scenes'
        advice += ' or fewer models' if len(exhibits) > 1 else ''
        raise ValueError(f'the page would have {len(content) / 1e6:.1f} MB; at most {LARGEST / 1e6:.0f} MB are '
                         f'allowed: try {advice}')
    return content


def entry(exhibit, weights):
    """What the page's program reads of one Exhibit: a dict that JSON can hold.

    'data' is the base64 text of a zlib stream: the arrays of 'arrays', (name, shape), one after the other, then the
    images and the digits as bytes.
    """
    refuse_unknown(exhibit.name, exhibit.model)
    config, names = exhibit.model.config, exhibit.model.outputs(exhibit.model.config)
    task = DATASETS[config.dataset]
    arrays = {path.lstrip('/'): cuda.to_cpu(parameter.array) for path, parameter in exhibit.model.namedparams()}
    with np.errstate(over='ignore'):
        stored = [array.astype(f'<{np.dtype(weights).str[1:]}') for array in arrays.values()]
    if not all(np.isfinite(array).all() for array in stored):
        raise ValueError(f'{exhibit.name} has weights beyond the range of {weights}'
                         + (': try --weights float32' if weights == 'float16' else ''))
    parts = [*stored, exhibit.images.astype(np.uint8), exhibit.digits.astype(np.uint8)]
    packed = zlib.compress(b''.join(part.tobytes() for part in parts), 9)
    return dict(
        name=shown.text(exhibit.name), weights=weights, channels=config.channels,
        # Paths may be private, so the page leaves them out.
        config={**dataclasses.asdict(config), 'images': '', 'group_by': '', 'policy': exhibit.policy or config.policy,
                'classes': [shown.leveled(shown.text(name)) for name in config.classes]},
        arrays=[(name, array.shape) for name, array in arrays.items()],
        names=[shown.leveled(shown.text(name)) for name in names],
        labels=[shown.leveled(label) for label in shown.labels(names, LABEL)],
        own=task.own, objects=task.objects,
        truths=np.asarray(exhibit.truths).tolist(), digits=len(exhibit.digits), digit=exhibit.digits.shape[-1],
        data=base64.b64encode(packed).decode())


def obstacle(model):
    """Why the page cannot run a model, as the end of a sentence that begins with its name; None if it can."""
    config = model.config
    if not model.gaze:
        return f'is the control {config.model}, which has no gaze to show'
    if config.model not in MODEL_LAYERS:
        return f'cannot be shown: the page does not know the model {config.model}'
    if config.fit == 'native':
        return 'cannot be shown: the page does not know pictures that keep their own sizes (fit native)'
    layers = {path.strip('/').rpartition('/')[0] for path, _ in model.namedparams()}
    known = MODEL_LAYERS[config.model]
    if config.model != 'archived':
        known = known | CORE_LAYERS.get(config.core, set()) | GLIMPSE_LAYERS.get(config.glimpse_network, set())
    if layers != known:
        return f'cannot be shown: the page does not know the layer {min(layers ^ known)}'
    return None


def refuse_unknown(name, model):
    """ValueError if the page cannot run a model."""
    reason = obstacle(model)
    if reason:
        raise ValueError(f'{name} {reason}')


def exhibit_of(path, model, arguments):
    """The Exhibit of a model, at the scenes that the flags ask for.

    Args:
        path: its file; see ``checkpoint.name_of``.
        model: the model.
        arguments: those of visualize.py.

    Raises:
        ValueError: the page cannot run the model, or a flag is out of range.
    """
    refuse_unknown(path, model)
    config, count = model.config, arguments.scenes
    none = np.empty((0, config.channels, config.size, config.size), np.uint8)
    exhibit = Exhibit(in_words(config, checkpoint.name_of(path)), model, none, np.empty(0, np.int32),
                      np.empty((0, 0, 0), np.uint8), arguments.policy)
    if count is not None and count < 0:
        raise ValueError(f'--scenes must be at least 0, not {count}')
    if count is None:
        # The user's pictures may be private, so none is included unless --scenes asks for it.
        count = 0 if DATASETS[config.dataset].own else SCENES
    if not count and not arguments.index:
        return exhibit
    split, rng = model.unseen_split, np.random.default_rng(arguments.seed)
    images, truths = tasks.load_scenes(config, split, arguments.data)
    index = scene_indices(arguments.index, count, len(images), rng)
    exhibit.images, exhibit.truths = images[index], truths[index]
    if config.clutter:
        digits, _ = tasks.load_sources(config, split, arguments.data)
        exhibit.digits = digits[rng.choice(len(digits), CLUTTER_SOURCES, replace=False)]
    return exhibit


def in_words(config, name):
    """What the page calls a model: its task and its glimpses; of the user's pictures, the model's name."""
    task = DATASETS[config.dataset]
    title = name[:1].upper() + name[1:] if task.own else task.title(config)
    each = '' if task.goal != 'sequence' else ' a digit' if set(config.classes) <= set(DIGITS) else ' a character'
    return f'{title}, {config.glimpses} glimpse{"s" * (config.glimpses > 1)}{each}'


def gallery(paths):
    """The model files that a gallery shows.

    Args:
        paths: list of files, and of folders of runs, all of which are taken; and of other folders, of which one of each
            task is taken: of those that choose where to look, the one with most glimpses; of equal ones, the first in
            the order of their names.

    Raises:
        FileNotFoundError, ValueError: a path does not exist, or a folder has no such model.
    """
    chosen = []
    for path in map(pathlib.Path, paths):
        if (path / checkpoint.MODEL).exists() or not path.is_dir():
            chosen.append(checkpoint.model_file(path))
            continue
        best = {}
        for file in sorted(path.glob('*.npz'), key=lambda file: file.stem):  # NAME before NAME-near
            model = checkpoint.load_model(file)
            config = model.config
            task = config.dataset, config.digits, config.size, config.clutter, config.classes, config.model
            better = task not in best or best[task][0] < config.glimpses
            if better and config.policy == 'learned' and not obstacle(model):
                best[task] = config.glimpses, file
        if not best:
            raise ValueError(f'--gallery {path}: there is no model in it that chooses where to look')
        # The most striking first: large scenes of digits, among clutter.
        order = sorted(best, key=lambda task: (DATASETS[task[0]].pictures, -task[2], -task[3]))
        chosen.extend(best[task][1] for task in order)
    return chosen


def file_for(arguments):
    """The page's file, a pathlib.Path: as --page says, or in the folder that it names."""
    name = checkpoint.name_of(arguments.model) if arguments.model else 'gallery'
    return given(arguments.page, f'{name}.html')


def draw(model, arguments, device):
    """One HTML file that runs the model in any browser.

    Args:
        model: a model with a gaze; None with ``--gallery``.
        arguments: those of visualize.py.
        device: unused.

    Returns:
        dict of bytes by pathlib.Path.

    Raises: as :func:`page`, :func:`exhibit_of` and :func:`gallery`.
    """
    if arguments.gallery:
        paths = gallery(arguments.gallery)
        exhibits = [exhibit_of(path, checkpoint.load_model(path, arguments.images, arguments.largest), arguments)
                    for path in stepwise('reading', paths, 'models')]
        names = [exhibit.name for exhibit in exhibits]
        for path, exhibit in zip(paths, exhibits):
            if names.count(exhibit.name) > 1:
                exhibit.name += f' ({checkpoint.name_of(path)})'
        return {file_for(arguments): page(exhibits, arguments.weights)}
    exhibit = exhibit_of(arguments.model, model, arguments)
    return {file_for(arguments): page([exhibit], arguments.weights, f'Watch it look: {exhibit.name}')}


draw.unused = 'count', 'out'  # flags of visualize.py without effect
