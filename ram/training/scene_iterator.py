"""Batches of scenes for Chainer's trainer: whole arrays, not lists of examples."""
import chainer
from chainer.backends import cuda

from datasets import augmentation as changes
from datasets import scenes
from ram import random_streams, tasks
from ram.random_streams import BATCH, ORDER
from ram.registry import DATASETS
from ram.training.distributed import ALONE


class SceneIterator(chainer.dataset.Iterator):
    """Draws a new scene of every digit in each epoch, in a new order, without end.

    A batch is a uint8 array (B, C, size, size), an int32 array (B,), both on the digits' device, and a
    generator of that device from which everything random in this batch is drawn: first its scenes, then its episodes.
    The generator depends on the seed, the rank and the iteration alone, so that a resumed run draws the same.
    A batch may span the end of an epoch, so that all have the same size.  With several ranks, their batches together
    are one batch of ``ranks.size`` * B, of which each rank gets its own part.

    Args:
        digits: uint8 array, or Pictures, the sources of ``scenes.fresh_scenes``.
        labels: int32 array (N,).  Batches are on its device.
        size, pieces, shift, augmentation: see ``scenes.fresh_scenes``.
        batch_size: B; the ranks' batches together have at most N.
        seed: the run's seed; the order of the digits in each epoch depends on it alone, the same for all ranks.
        ranks: the Ranks.
        objects, answers: of a scene of several digits, their number, and the function that makes its label of theirs;
            see ``Task.answers``.
    """

    def __init__(self, digits, labels, size, pieces, batch_size, seed=0, shift=0, ranks=ALONE,
                 augmentation=changes.OFF, objects=1, answers=None):
        self.ranks, self.objects, self.answers = ranks, objects, answers
        if batch_size * self.ranks.size > len(digits):
            raise ValueError(f'batchsize must be at most {len(digits) // self.ranks.size}, the number of training '
                             f'images{" for each process" if self.ranks.size > 1 else ""}, not {batch_size}')
        self.digits, self.labels = digits, labels
        self.size, self.pieces, self.shift, self.augmentation = size, pieces, shift, augmentation
        self.batch_size, self.seed = batch_size, seed
        self.iteration, self.epoch, self.is_new_epoch, self.position = 0, 0, False, 0
        self.order = self._shuffled()

    def _shuffled(self):
        return self._generator(ORDER, self.epoch).random(len(self.digits)).argsort()

    def _generator(self, *key):
        return random_streams.generator(chainer.backend.get_device_from_array(self.labels), self.seed, *key)

    def __next__(self):
        return self.batch(*self.draw())

    def draw(self):
        """What the next batch is made of: its generator, and its sources, int array (B,)."""
        rng = self._generator(BATCH, self.ranks.rank, self.iteration)
        self.iteration += 1
        xp = cuda.get_array_module(self.labels)
        end = self.position + self.batch_size * self.ranks.size
        source = self.order[self.position:end]
        self.is_new_epoch = end >= len(self.order)
        if self.is_new_epoch:
            self.epoch += 1
            self.order = self._shuffled()
            end -= len(self.digits)
            source = xp.concatenate([source, self.order[:end]])
        self.position = end
        return rng, source[self.ranks.rank * self.batch_size:][:self.batch_size]

    def batch(self, rng, source):
        """The batch that is made of what :meth:`draw` returns."""
        xp = cuda.get_array_module(self.labels)
        if self.objects > 1:
            source = scenes.with_others(rng, source, len(self.digits), self.objects)
        fresh = scenes.fresh_scenes(xp, rng, self.digits, source, self.size, self.pieces, self.shift,
                                    self.augmentation)
        labels = self.labels[source]
        return fresh, self.answers(labels) if self.objects > 1 else labels, rng

    @property
    def epoch_detail(self):
        return self.epoch + self.position / len(self.digits)

    def serialize(self, serializer):
        """The number of batches is a part of the state, so that no stream is drawn twice if there are fewer digits now.

        If an epoch of these fewer digits would have ended already, it ends with the next batch.

        Raises:
            ValueError: so many batches cannot have come so far.
        """
        self.iteration = serializer('iteration', self.iteration)
        self.epoch = serializer('epoch', self.epoch)
        self.is_new_epoch = serializer('is_new_epoch', self.is_new_epoch)
        position = serializer('position', self.position)
        drawn = self.iteration * self.batch_size * self.ranks.size
        if not (0 <= self.epoch <= self.iteration and 0 <= position <= drawn):
            raise ValueError(f'epoch {self.epoch} and position {position} cannot be after {self.iteration} batches')
        self.position = min(position, len(self.digits) - 1)
        self.order = self._shuffled()


def make_iterator(config, split, device, folder=None, ranks=ALONE):
    """The SceneIterator of a Config's task.

    Args:
        config: the Config.
        split: the split whose digits are used, see ``ram.tasks.load_sources``.
        device: chainer device of the batches.
        folder: folder of the data files.
        ranks: the Ranks.
    """
    digits, labels = (tasks.send(device, array) for array in tasks.load_sources(config, split, folder))
    task = DATASETS[config.dataset]
    return SceneIterator(digits, labels, config.size, config.clutter, config.batchsize, config.seed, config.shift,
                         ranks, config.augmentation, task.objects, task.answers)


@chainer.dataset.converter()
def whole_arrays(batch, device):
    """The converter for iterators whose batches are on the right device already."""
    return batch
