"""The action network: classifies the image (paper, sections 3.1 and 4)."""
import chainer
import chainer.links as L
from chainer.backends import cuda


class ActionNetwork(chainer.Chain):
    """Logits of the classes, Linear(h).  Their softmax is the policy of the action, which is a class.

    Args:
        hidden: size of h.
        classes: number of classes.
    """

    def __init__(self, hidden=256, classes=10):
        super().__init__()
        with self.init_scope():
            self.logits = L.Linear(hidden, classes)

    def forward(self, h):
        """Args: h float32 (B, hidden).  Returns: logits, float32 (B, classes)."""
        return self.logits(h)

    def choose(self, h, threshold=None):
        """An action for each game, from arrays to arrays, without the cost of a graph: for the loop over the steps.

        Args:
            h: float32 array (B, hidden).
            threshold: float32 array (B, 1), uniform in [0, 1), by which the action is drawn; None for the likeliest.

        Returns:
            int array (B,).
        """
        xp, scores = cuda.get_array_module(h), h @ self.logits.W.array.T + self.logits.b.array
        if threshold is None:
            return scores.argmax(axis=1)
        odds = xp.exp(scores - scores.max(axis=1, keepdims=True)).cumsum(axis=1)
        return (odds[:, :-1] <= threshold * odds[:, -1:]).sum(axis=1)
