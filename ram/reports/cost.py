"""What an answer costs: how often numbers are multiplied by a weight."""
import dataclasses

import chainer.links as L

from ram.registry import make_model

CONTROL = 'conv3'   # sees the whole picture; what RAM's cost is compared with
TRAINING = 'baseline_network', 'lb'     # parts that only training needs
ONCE = 'context_network',               # parts that are used once, whatever the number of glimpses


def multiplications(model, glimpses=None):
    """Multiplications by a weight for one picture.

    Every weight of a linear layer is used once in each glimpse, and one of a convolution once for each pixel of its
    output.  A control has one glimpse.  Everything else is little beside that: biases, rectifiers, the sensor's means.

    Args:
        model: a model that classifies.
        glimpses: their number, or its mean over many pictures; by default the Config's.

    Returns:
        int, or float if ``glimpses`` is one.
    """
    glimpses = (model.config.glimpses if model.gaze else 1) if glimpses is None else glimpses
    each = once = 0
    # The convolutions come in their order, and each is pooled over 2 x 2 pixels before the next.
    side = model.config.patch if model.gaze else model.config.size
    for path, link in sorted(model.namedlinks()):
        part, weights = path.split('/')[1] if path != '/' else '', getattr(getattr(link, 'W', None), 'size', 0)
        if isinstance(link, L.Convolution2D):
            outputs = (side + 2 * link.pad[0] - link.ksize) // link.stride[0] + 1
            weights, side = weights * outputs ** 2, outputs // 2
        if part in ONCE:
            once += weights
        elif part not in TRAINING:
            each += weights
    return once + glimpses * each


def control(config):
    """The multiplications of CONTROL for the same pictures, int; None if it cannot see them."""
    try:
        return multiplications(make_model(dataclasses.replace(config, model=CONTROL)))
    except ValueError:
        return None
