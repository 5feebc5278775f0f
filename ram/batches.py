"""Batches of scenes for Chainer's trainer: whole arrays, not lists of examples."""
import chainer
from chainer.backends import cuda

from datasets import scenes


class SceneIterator(chainer.dataset.Iterator):
    """Draws a fresh scene of every digit in each epoch, in a fresh order, for ever.

    A batch is a float32 array (B, 1, size, size) in [0, 1] and an int32 array (B,), on the digits' device.  Batches
    run on over the end of an epoch, so that all have the same size.

    Args:
        digits: uint8 array (N, d, d); a batch lives on its device.
        labels: int32 array (N,).
        size: side of a scene in pixels.
        pieces: pieces of clutter in a scene.
        batch_size: B, at most N.
        rng: generator of the same device.
        shift: the scenes are shifted by up to so many pixels, each way; what leaves them is lost.
    """

    def __init__(self, digits, labels, size, pieces, batch_size, rng, shift=0):
        if batch_size > len(digits):
            raise ValueError(f'batchsize must be at most {len(digits)}, the number of training digits, '
                             f'not {batch_size}')
        self.digits, self.labels = digits, labels
        self.size, self.pieces, self.shift = size, pieces, shift
        self.batch_size, self.rng = batch_size, rng
        self.xp = cuda.get_array_module(digits)
        self.epoch, self.is_new_epoch, self.position = 0, False, 0
        self.order = self._shuffled()

    def _shuffled(self):
        return self.rng.random(len(self.digits)).argsort()

    def __next__(self):
        end = self.position + self.batch_size
        source = self.order[self.position:end]
        self.is_new_epoch = end >= len(self.order)
        if self.is_new_epoch:
            self.epoch += 1
            self.order = self._shuffled()
            end -= len(self.digits)
            source = self.xp.concatenate([source, self.order[:end]])
        self.position = end
        # A shifted scene is the middle of a larger one.
        size, middle = self.size + 2 * self.shift, slice(self.shift, self.shift + self.size)
        layout = scenes.draw_layout(self.rng, source, len(self.digits), size, self.pieces, self.digits.shape[1])
        batch = scenes.compose(self.xp, self.digits, layout, size)[:, :, middle, middle]
        return scenes.to_float(self.xp, batch), self.labels[source]

    @property
    def epoch_detail(self):
        return self.epoch + self.position / len(self.digits)

    def serialize(self, serializer):
        self.epoch = serializer('epoch', self.epoch)
        self.is_new_epoch = serializer('is_new_epoch', self.is_new_epoch)
        self.position = serializer('position', self.position)
        self.order = self.xp.asarray(serializer('order', self.order))


@chainer.dataset.converter()
def whole_arrays(batch, device):
    """The converter for SceneIterator: its batches are where they should be already."""
    return batch
