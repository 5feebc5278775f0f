"""The action network: classifies the image (paper, sections 3.1 and 4)."""
import chainer
import chainer.links as L


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
