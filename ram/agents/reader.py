"""Models that read a text in a picture, such as a house number: an answer for each character, and one for the end."""
import chainer
import chainer.functions as F
from chainer.backends import cuda

from ram import sequences
from ram.agents.classifier import Classifier
from ram.agents.controls import ModernControl
from ram.agents.recurrent_attention import RecurrentAttentionModel


class SequenceModel(Classifier):
    """Common to the models that read: each gives ``longest + 1`` answers, the last of which can only be the end.

    The logits of its Episode are those of all answers: Variable float32 (places, B, classes + 1).
    """
    goal, loss, role = 'sequence', 'sequence', 'reader'

    def predict(self, images, rng=None):
        """The texts in images.

        Args:
            images, rng: as for :meth:`rollout`.

        Returns:
            list of B str; the first end that the model says stops a text.
        """
        with chainer.using_config('train', False), chainer.no_backprop_mode():
            logits = cuda.to_cpu(self(images, rng).array)
        return sequences.texts(sequences.likeliest(logits), self.config.classes)


class Reader(SequenceModel, RecurrentAttentionModel):
    """The networks of ``RecurrentAttentionModel``, which give an answer after every ``glimpses`` glimpses.

    Ba, Mnih and Kavukcuoglu, "Multiple Object Recognition with Visual Attention", ICLR 2015, section 3.1.  Answer s is
    the s-th character from the left, or the end, and comes from the state after its N glimpses, h_{sN}.  (Theirs has a
    second LSTM, which chooses the locations.)  All answers are computed, those after the end too: they train nothing.

    Args:
        config: the Config that gives all sizes; its classes are the characters.
    """

    @staticmethod
    def outputs(config):
        return *config.classes, sequences.END

    @staticmethod
    def steps(config):
        return config.glimpses * sequences.places(config)

    def answers(self, before, last):
        each, count = self.config.glimpses, len(last)
        states = before.reshape(-1, *last.shape)[each - 1::each]
        states = F.concat([states.reshape(-1, last.shape[1]), last], axis=0)
        return self.action_network(states).reshape(-1, count, len(self.outputs(self.config)))


class Places(SequenceModel, ModernControl):
    """The control: ``conv3``, with a softmax for each place of the text instead of the one for the class.

    Goodfellow et al., "Multi-digit Number Recognition from Street View Imagery using Deep Convolutional Neural
    Networks", ICLR 2014, who have more layers, and a softmax for the length instead of the end.
    """

    @staticmethod
    def outputs(config):
        return tuple(f'{place} {name}' for place in range(sequences.places(config))
                     for name in (*config.classes, sequences.END))

    def answers(self, h):
        return self.logits(h).reshape(len(h), sequences.places(self.config), -1).transpose(1, 0, 2)

    def classify(self, states):
        """The answers in all places, as after one glimpse: Variable float32 (1, places, B, classes + 1)."""
        return self.answers(states[0])[None]
