"""Chainer's Adam with in-place arithmetic on a CPU: the same numbers with half as many passes over memory.

On a GPU, a kernel can read the rate of a step from device memory, see ``ram.training.graph``.
"""
import numpy as np
from chainer import optimizers
from chainer.optimizers.adam import AdamRule


class InPlaceAdamRule(AdamRule):
    """AdamRule without its variants (AMSGrad, AdaBound, weight decay)."""

    @property
    def alpha_t(self):
        """The rate of an update, corrected for the first ones: a float, or an array () for it."""
        placed = self.hyperparam.alpha_t
        return super().alpha_t if placed is None else placed

    def update_core_cpu(self, parameter):
        """Updates a chainer.Parameter; a parameter without a gradient does not change."""
        if parameter.grad is None:
            return
        rule, gradient, m, v = self.hyperparam, parameter.grad, self.state['m'], self.state['v']
        change = gradient - m
        change *= 1 - rule.beta1
        m += change
        np.multiply(gradient, gradient, out=change)
        change -= v
        change *= 1 - rule.beta2
        v += change
        np.sqrt(v, out=change)
        change += rule.eps
        np.divide(m, change, out=change)
        change *= self.alpha_t
        parameter.array -= change


class Adam(optimizers.Adam):
    """chainer.optimizers.Adam with InPlaceAdamRule."""
    unused = 'momentum',

    def __init__(self, *arguments, **settings):
        super().__init__(*arguments, **settings)
        self.hyperparam.alpha_t = None

    def create_update_rule(self):
        return InPlaceAdamRule(self.hyperparam)
