"""Episodes of a model that reads: character after character is found, and the text grows beneath the picture."""
import numpy as np
from chainer.backends import cuda

from ram import sequences, tasks
from ram.pictures import episodes, wrong
from ram.pictures.drawing import INK, RIGHT, WRONG, file_for
from ram.pictures.frame import IN_A_ROW
from ram.pictures.heatmap import heatmap
from ram.pictures.scene import ROWS, Scene
from ram.random_streams import generator
from ram.reports import evaluation


def draw(model, arguments, device):
    """The GIF and the contact sheet of a model that reads, by path.

    Args and returns: as for :func:`ram.pictures.episodes.draw`.
    """
    return episodes.draw(model, arguments, device, Reading)


def draw_wrong(model, arguments, device):
    """The same of pictures in which a wrong text is read; see :func:`ram.pictures.wrong.draw`."""
    return wrong.draw(model, arguments, device, Reading)


def draw_heatmap(model, arguments, device):
    """A map (PNG) for each answer of where the model looks for it over the whole test set, up to the end of each text.

    Args and returns: as for :func:`ram.pictures.episodes.draw`.
    """
    config = model.config
    images, _ = tasks.load_scenes(config, model.unseen_split, arguments.data)
    found = np.concatenate([used(episode, config) for _, episode in evaluation.episodes(
        model, tasks.send(device, images), generator(device, arguments.seed), arguments.policy)], axis=1)
    return {file_for(arguments, '.png', 'heatmap'): heatmap(
        found.reshape(sequences.places(config), -1, 2), config.size, caption='Where it looks for each character')}


draw_heatmap.unused = 'count',  # flags of visualize.py without effect


def used(episode, config):
    """The locations of an Episode, float32 (T, B, 2) on the CPU; NaN after the end of a text."""
    rows = sequences.likeliest(cuda.to_cpu(episode.logits.array))
    there = (rows.T != sequences.NOTHING).repeat(config.glimpses, axis=0)
    return np.where(there[:, :, None], cuda.to_cpu(episode.locations), np.float32(np.nan))


class Reading(Scene):
    """An episode of a reader, ready to draw: as far as the end that it reads.

    Args: as for ``Scene``, with the probabilities float array (T, classes + 1), and the truth a row of labels, a list
        of int, or None.
    """

    def __init__(self, image, locations, retina, probabilities, truth, config, size=None):
        super().__init__(image, locations, retina, probabilities, truth, config, size)
        self.rows = ROWS + (config.scales <= IN_A_ROW)  # the ten digits and the end, unless the patches need the room
        said = probabilities[config.glimpses - 1::config.glimpses].argmax(axis=1)
        self.labels = sequences.read(said[None], len(config.classes))
        self.used = config.glimpses * int((self.labels != sequences.NOTHING).sum())

    @staticmethod
    def mistakes(logits, labels):
        return (sequences.likeliest(logits) != labels).any(axis=1)

    def __len__(self):
        return self.used

    def place(self, t):
        """The place in the text to which glimpse t belongs."""
        return t // self.config.glimpses

    def answered(self, t):
        return (self.place(t) + 1) * self.config.glimpses - 1

    def wanted(self, t):
        wanted = sequences.NOTHING if self.truth is None else self.truth[self.place(t)]
        return None if wanted == sequences.NOTHING else wanted

    def thoughts(self, t):
        (_, bars), = super().thoughts(t)
        return [(f'Answer {self.place(t) + 1} may be', bars)]

    def words(self, t):
        """The text that is read up to glimpse t, and at the end whether it is right."""
        ended = t == len(self) - 1
        read = self.labels[:, :(t + 1) // self.config.glimpses]
        said = f'Answer: {self.spelt(read) or "nothing"}' if ended else f'So far: {self.spelt(read)}', INK
        if self.truth is None or not ended:
            return [said]
        truth = np.array([self.truth])
        wrong = f'Wrong: it is {self.spelt(truth)}', WRONG
        return [said, ('Right', RIGHT) if (truth == self.labels).all() else wrong]

    def spelt(self, rows):
        """One row of labels as a text, as the fonts can draw it."""
        return sequences.texts(rows, self.names[:-1])[0]
