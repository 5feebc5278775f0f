"""The methods that every model has, whether it looks around in an image or sees the whole image at once."""
import chainer
import numpy as np
from chainer.backends import cuda

from ram.agents.gaze import check_policy
from ram.networks import images as gate
from ram.random_streams import check_generator, generator


class Classifier(chainer.Chain):
    """A model of a Config.

    A subclass defines ``_rollout``, which returns an ``Episode`` and whose arguments are right, and ``classify``, which
    returns the logits after each step.  This class derives the rest.

    Args:
        config: the Config that gives all sizes.

    Attributes:
        goal: the kind of task that the model is for, see ``ram.tasks.task``.
        role: what the model does, a noun.
        gaze: whether the model looks around, and so has locations to show.
        any_size: whether the images of a batch may differ in size.
        loss: the name of its loss in ``ram.registry.LOSSES``.
        training_split, unseen_split: the splits that it is trained and tested on.
        unused: the fields of a Config that have no effect on the model, see ``ram.config.effect``.
    """
    goal, role = 'classification', 'classifier'
    gaze = True
    any_size = False
    loss = 'hybrid'
    training_split, unseen_split = 'train', 'test'
    unused = ()

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
    def outputs(config):
        """The names of the outputs of the layer of answers, for a Config: a sequence of different str."""
        return config.classes

    @staticmethod
    def steps(config):
        """The number of glimpses in an episode, for a Config."""
        return config.glimpses

    @staticmethod
    def row(config):
        """The model, glimpses and start of its ``ram.reports.published.Row``; None if it belongs in no table."""
        raise NotImplementedError

    def draws(self, policy):
        """Whether two tests differ: the policy draws locations even where it does not explore."""
        return self.gaze and policy != 'center'

    def rollout(self, images, rng=None, policy='learned', explore=False):
        """Looks T times at each image; a control sees the whole image, once.

        Args:
            images: array (B, C, H, W) on the model's device, of the Config's size: uint8, or bool or
                floats in [0, 1]; or another batch, see ``ram.networks.images.for_model``.
            rng: generator of that device, see ``ram.random_streams.generator``.  By default it is
                seeded by the Config, and so is the same in each call.
            policy: 'learned', the first location being where the Config's ``context`` or ``start``
                says; or 'random', each location uniform in [-1, 1]^2; or 'center', always (0, 0).
            explore: whether the learned policy samples its locations, as in training, or uses their
                means.  This needs an rng.

        Returns:
            Episode, of B images; B may be 0.

        Raises:
            ValueError: the images or the generator are something else, or the policy is unknown.
        """
        check_policy(policy)
        if rng is None and explore:
            raise ValueError('to explore needs an rng, such as ram.random_streams.generator(model.device, 0)')
        rng = generator(self.device, self.config.seed) if rng is None else rng
        check_generator(rng, self.device)
        images = gate.for_model(images, self.config, self.device)
        if len(images):
            return self._rollout(images, rng, policy, explore)
        blank = self.xp.zeros((1, self.config.channels, self.config.size, self.config.size), np.uint8)
        return self._rollout(blank, rng, policy, explore).none()

    def _rollout(self, images, rng, policy, explore):
        """The Episode of at least one image, which is uint8 or float32; the arguments are those of ``rollout``."""
        raise NotImplementedError

    def forward(self, images, rng=None):
        """Classifies images by the model's own policy.

        Args:
            images, rng: as for :meth:`rollout`.

        Returns:
            Variable float32 (B, classes), the logits.
        """
        return self.rollout(images, rng, self.config.policy).logits

    def predict(self, images, rng=None):
        """The most probable class of each image.

        Args:
            images, rng: as for :meth:`rollout`.

        Returns:
            int32 array (B,) on the CPU, of indexes of ``config.classes``.
        """
        with chainer.using_config('train', False), chainer.no_backprop_mode():
            return cuda.to_cpu(self(images, rng).array.argmax(axis=1)).astype(np.int32)
