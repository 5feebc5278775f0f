"""Episodes in which a model gives a wrong answer."""
import chainer.functions as F
import numpy as np
from chainer.backends import cuda

from ram import tasks
from ram.pictures.drawing import file_for
from ram.pictures.episodes import contact_sheet, gif, scenes_of
from ram.pictures.scene import Scene
from ram.random_streams import generator
from ram.reports import evaluation


def draw(model, arguments, device, kind=Scene):
    """Instead of arbitrary test scenes, some that the model gets wrong

    Args and returns: as for :func:`ram.pictures.episodes.draw`.
    """
    images, labels = tasks.load_scenes(model.config, model.unseen_split, arguments.data)
    episodes = wrong_episodes(model, images, labels, generator(device, arguments.seed), arguments.count,
                              np.random.default_rng(arguments.seed), arguments.policy, kind)
    if not episodes:
        raise ValueError(f'--wrong has nothing to show: {arguments.model} gets all of the {len(images)} scenes right')
    return {file_for(arguments, '.gif', 'wrong'): gif(episodes),
            file_for(arguments, '.png', 'wrong'): contact_sheet(episodes)}


def wrong_episodes(model, images, labels, rng, count, choice, policy=None, kind=Scene):
    """Some of the episodes that end in a wrong answer, in the order of the scenes.

    Args:
        model, rng, policy: as for :func:`ram.reports.evaluation.mistakes`.
        images: uint8 array (N, C, H, W), or native Pictures, on the CPU.
        labels: int32 array (N,), or (N, places) for a model that reads, on the CPU.
        count: the largest number of episodes.
        choice: ``numpy.random.Generator`` that chooses them.
        kind: the class of what is drawn, see ``ram.pictures.episodes.draw``.

    Returns:
        list of Scenes.
    """
    found = []
    for batch, episode in evaluation.episodes(model, tasks.send(model.device, images), rng, policy):
        chances = cuda.to_cpu(F.softmax(model.classify(episode.states), axis=2).array)
        locations = cuda.to_cpu(episode.locations)
        wrong, = kind.mistakes(cuda.to_cpu(episode.logits.array), labels[batch]).nonzero()
        found += [(batch.start + i, locations[:, i], chances[:, i]) for i in wrong]
    if not found:
        return []
    chosen = sorted(choice.choice(len(found), min(count, len(found)), replace=False))
    indexes, locations, chances = map(np.array, zip(*(found[place] for place in chosen)))
    return scenes_of(images[indexes], locations.swapaxes(0, 1), chances.swapaxes(0, 1), labels[indexes], model.config,
                     kind)
