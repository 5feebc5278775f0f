"""Episodes as pictures: where the model looked, what its retina covered, and what it thought after each glimpse."""
import chainer
import chainer.functions as F
import numpy as np
from chainer.backends import cuda

from datasets.picture_store import Pictures
from datasets.progress import stepwise
from ram import tasks
from ram.networks.pixels import to_float
from ram.pictures.drawing import animation, file_for, scene_indices
from ram.pictures.frame import frame
from ram.pictures.retina import seen
from ram.pictures.scene import Scene
from ram.pictures.sheet import contact_sheet
from ram.random_streams import generator

MOST_PIXELS = 512    # a side of a picture as it is drawn; larger ones are reduced
MILLISECONDS = 700   # how long a glimpse is shown
STOP = 2500          # how many milliseconds the end of a scene is shown


def draw(model, arguments, device, kind=Scene):
    """The default pictures of visualize.py: the GIF and the contact sheet, by path.

    Args:
        model: a model with a gaze, on the device.
        arguments: those of visualize.py.
        device: chainer device.
        kind: the class of what is drawn, ``Scene`` or one derived from it.

    Returns:
        dict of bytes by pathlib.Path.
    """
    images, truths = chosen_scenes(model, arguments)
    episodes = watch(model, images, truths, generator(device, arguments.seed), arguments.policy or model.config.policy,
                     kind)
    return {file_for(arguments, '.gif'): gif(episodes), file_for(arguments, '.png'): contact_sheet(episodes)}


def chosen_scenes(model, arguments):
    """The images uint8 (N, C, size, size), or native Pictures, and their labels, or None, that the flags choose."""
    config = model.config
    if arguments.image:
        return tasks.read_pictures(config, arguments.image, as_is=arguments.as_is), None
    images, labels = tasks.load_scenes(config, model.unseen_split, arguments.data)
    index = scene_indices(arguments.index, arguments.count, len(images), np.random.default_rng(arguments.seed))
    return images[index], labels[index]


def watch(model, images, truths, rng, policy='learned', kind=Scene):
    """Rolls a model out, and collects its episodes for drawing.

    Args:
        model: a model with ``rollout`` and ``classify``.
        images: uint8 array (N, C, H, W), or native Pictures, on the CPU.
        truths: int array (N,), or (N, places) for a model that reads; or None.
        rng: generator of the model's device; draws the first locations.
        policy: see ``RecurrentAttentionModel.rollout``.
        kind: see :func:`draw`.

    Returns:
        list of N Scenes.
    """
    with chainer.using_config('train', False), chainer.no_backprop_mode():
        episode = model.rollout(tasks.send(model.device, images), rng, policy)
        probabilities = F.softmax(model.classify(episode.states), axis=2).array
    locations, probabilities = cuda.to_cpu(episode.locations), cuda.to_cpu(probabilities)
    return scenes_of(images, locations, probabilities, truths, model.config, kind)


def scenes_of(images, locations, probabilities, truths, config, kind=Scene):
    """The Scenes of some images.

    Args:
        images: uint8 array (N, C, H, W), or native Pictures, on the CPU.
        locations: float array (T, N, 2), columns (x, y).
        probabilities: float array (T, N, outputs).
        truths, kind: see :func:`watch`.
        config: the Config.
    """
    retina = seen(images, locations, config)
    scenes = []
    for i in range(len(images)):
        image, size = (images.reduced(i, MOST_PIXELS), images.size(i)) if isinstance(images, Pictures) else (
            images[i], None)
        truth = None if truths is None else truths[i].tolist()
        scenes.append(kind(to_float(image), locations[:, i], retina[:, i], probabilities[:, i], truth, config, size))
    return scenes


def gif(scenes, milliseconds=MILLISECONDS):
    """An animated GIF: scene after scene, glimpse after glimpse, with a stop at each scene's end.

    Args:
        scenes: list of Scenes.
        milliseconds: how long a frame is shown.

    Returns:
        bytes.
    """
    steps = [(n, scene, t) for n, scene in enumerate(scenes, 1) for t in range(len(scene))]
    frames = [frame(scene, t, scene.title(n, t)) for n, scene, t in stepwise('drawing', steps, 'frames')]
    return animation(frames, [STOP if t == len(scene) - 1 else milliseconds for _, scene, t in steps])
