"""Chainer's optimizers, with the gradient clipping and the weight decay of a Config."""
import math

import numpy as np
from chainer.backends import cuda

from ram.fast.elementwise import EXTREMES
from ram.registry import OPTIMIZERS
from ram.training.adam import Adam
from ram.training.distributed import ALONE, joined_optimizer


class ClipGradient:
    """Scales the gradient down to a norm of at most ``threshold``.

    Chainer's GradientClipping fails if a parameter has no gradient, for example in the location network of a run with
    random locations.  This class leaves such a parameter out.  On a CPU gradients change in place.  On a GPU each
    parameter gets a new one, a part of one array.
    """
    name = 'ClipGradient'
    call_for_each_param = False
    timing = 'pre'

    def __init__(self, threshold):
        self.threshold = threshold

    def __call__(self, optimizer):
        parameters = [parameter for parameter in optimizer.target.params() if parameter.grad is not None]
        gradients = [parameter.grad for parameter in parameters]
        if not gradients:
            return
        if optimizer.target.xp is np:
            square = sum(np.vdot(gradient, gradient) for gradient in gradients)
            rate = np.float32(self.threshold) / np.maximum(np.sqrt(square), np.float32(self.threshold))
            for gradient in gradients:
                gradient *= rate
            return
        # On a GPU the number of launches counts: all gradients move into one array, and each becomes a part of it.
        # (CuPy's concatenate would send their addresses from the host, which no graph can capture.)
        ends = np.cumsum([gradient.size for gradient in gradients]).tolist()
        joined = cuda.cupy.empty(ends[-1], np.float32)
        parts = [part.reshape(gradient.shape)
                 for part, gradient in zip(cuda.cupy.split(joined, ends[:-1]), gradients)]
        for part, gradient in zip(parts, gradients):
            part[...] = gradient
        joined *= cuda.reduce('T x, T most', 'T rate', 'x * x', 'a + b', 'rate = most / maximum(sqrt(a), most)',
                              '0', 'clip_rate', preamble=EXTREMES)(joined, self.threshold)
        for parameter, part in zip(parameters, parts):
            parameter.grad = part


def rate_name(config):
    """The name that the Config's optimizer has for its learning rate."""
    return 'alpha' if config.optimizer == 'adam' else 'lr'


def rates(optimizer):
    """What differs from update to update in an optimizer of the registry: the next values, by name."""
    settings = optimizer.hyperparam
    if not isinstance(optimizer, Adam):
        return {'lr': settings.lr}
    first, second = (1 - beta ** (optimizer.t + 1) for beta in (settings.beta1, settings.beta2))
    return {'alpha': settings.alpha, 'alpha_t': settings.alpha * math.sqrt(second) / first}


class DecayWeights:
    """Shrinks the weights, not the biases, by ``decay`` times the learning rate in every step.

    The decay is decoupled from the gradient, as in AdamW (Loshchilov and Hutter, 2019), for every optimizer.

    Args:
        decay: the share by which the weights shrink in a step with a learning rate of 1.
        rate: the name that the optimizer has for its learning rate.
    """
    name = 'DecayWeights'
    call_for_each_param = True
    timing = 'pre'

    def __init__(self, decay, rate):
        self.decay, self.rate = decay, rate

    def __call__(self, rule, parameter):
        rate = getattr(rule.hyperparam, self.rate)
        if parameter.ndim > 1 and parameter.xp is np:
            parameter.array *= 1 - self.decay * rate
        elif parameter.ndim > 1:
            cuda.elementwise('T decay, T rate', 'T weight', 'weight *= 1 - decay * rate', 'decay')(
                self.decay, rate, parameter.array)


def make_optimizer(config, target, ranks=ALONE):
    """The Config's optimizer, set up for ``target``; it follows the mean of all Ranks' gradients."""
    momentum = {} if config.optimizer == 'adam' else {'momentum': config.momentum}
    optimizer = OPTIMIZERS[config.optimizer](**{rate_name(config): config.lr}, **momentum)
    optimizer = joined_optimizer(optimizer, ranks, target)
    if config.clip:
        optimizer.add_hook(ClipGradient(config.clip))
    if config.weight_decay:
        optimizer.add_hook(DecayWeights(config.weight_decay, rate_name(config)))
    return optimizer
