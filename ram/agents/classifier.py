"""The methods that every model has, whether it looks around in an image or sees the whole image at once."""
import chainer
import numpy as np
from chainer.backends import cuda

from ram.random_streams import generator


class Classifier(chainer.Chain):
    """A model of a Config.

    A subclass defines ``rollout``, which returns an ``Episode``, and ``classify``, which returns the logits after each
    step.  This class derives the rest.

    Args:
        config: the Config that gives all sizes.

    Attributes:
        goal: the kind of task that the model is for, see ``ram.tasks.task``.
        gaze: whether the model looks around, and so has locations to show.
        any_size: whether the images of a batch may differ in size.
        loss: the name of its loss in ``ram.registry.LOSSES``.
        training_split, unseen_split: the splits that it is trained and tested on.
    """
    goal = 'classification'
    gaze = True
    any_size = False
    loss = 'hybrid'
    training_split, unseen_split = 'train', 'test'

    def __init__(self, config):
        super().__init__()
        self.config = config

    @staticmethod
    def check(config):
        """Raises ValueError if the rest of the Config does not suit the model."""

    @staticmethod
    def largest_layer(config):
        """A lower bound on the weights of the model's largest layer, for a Config."""
        raise NotImplementedError

    @staticmethod
    def row(config):
        """The model, glimpses and start of its ``ram.reports.published.Row``; None if it belongs in no table."""
        raise NotImplementedError

    def draws(self, policy):
        """Whether two tests differ: the policy draws locations even where it does not explore."""
        return self.gaze and policy != 'center'

    def forward(self, images, rng=None):
        """Classifies images by the model's own policy.

        Args:
            images: array (B, C, H, W), uint8 or float32 in [0, 1], on the model's device.
            rng: generator of that device, for the first locations; by default seeded by the Config.

        Returns:
            Variable float32 (B, classes), the logits.
        """
        return self.rollout(images, rng or generator(self.device, self.config.seed), self.config.policy).logits

    def predict(self, images, rng=None):
        """The most probable class of each image.

        Args:
            images, rng: as for :meth:`forward`.

        Returns:
            int32 array (B,) on the CPU.
        """
        with chainer.using_config('train', False), chainer.no_backprop_mode():
            return cuda.to_cpu(self(images, rng).array.argmax(axis=1)).astype(np.int32)
