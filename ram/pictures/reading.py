"""Episodes of a model that reads: character after character is found, and the text grows beneath the picture."""
import numpy as np

from ram import sequences
from ram.pictures import episodes
from ram.pictures.drawing import INK, RIGHT, WRONG
from ram.pictures.scene import Scene


def draw(model, arguments, device):
    """The GIF and the contact sheet of a model that reads, by path.

    Args and returns: as for :func:`ram.pictures.episodes.draw`.
    """
    return episodes.draw(model, arguments, device, Reading)


class Reading(Scene):
    """An episode of a reader, ready to draw: as far as the end that it reads.

    Args: as for ``Scene``, with the probabilities float array (T, classes + 1), and the truth a row of labels, a list
        of int, or None.
    """

    def __init__(self, image, locations, retina, probabilities, truth, config, size=None):
        super().__init__(image, locations, retina, probabilities, truth, config, size)
        said = probabilities[config.glimpses - 1::config.glimpses].argmax(axis=1)
        self.labels = sequences.read(said[None], len(config.classes))
        self.used = config.glimpses * int((self.labels != sequences.NOTHING).sum())

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
        said = f'{"Answer" if ended else "So far"}: {self.spelt(read)}', INK
        if self.truth is None or not ended:
            return [said]
        truth = np.array([self.truth])
        wrong = f'Wrong: it is {self.spelt(truth)}', WRONG
        return [said, ('Right', RIGHT) if (truth == self.labels).all() else wrong]

    def spelt(self, rows):
        """One row of labels as a text, as the fonts can draw it."""
        return sequences.texts(rows, self.names[:-1])[0]
