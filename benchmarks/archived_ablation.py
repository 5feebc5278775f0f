#!/usr/bin/env python
"""Corrects the archived repository's quirks one after another and prints the error after each.

    python benchmarks/archived_ablation.py --epochs 5

Each row keeps the corrections of the rows above it.  All rows train on the same number of images: --epochs times the
55,000 training digits.  The error is on the 5,000 validation digits, on which no row trains.
"""
import dataclasses
import math
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))

from ram import command_line, config, tasks  # isort: skip  (makes chainer importable)
from ram.agents import archived_model  # isort: skip  (makes chainer importable)
from ram.random_streams import generator  # isort: skip  (makes chainer importable)
from ram.reports import evaluation  # isort: skip  (makes chainer importable)
from ram.training import optimizers  # isort: skip  (makes chainer importable)
from ram.losses.archived_loss import ArchivedLoss  # isort: skip  (makes chainer importable)
import chainer
import chainer.functions as F
import numpy as np

import datasets
from ram.agents.recurrent_attention import RecurrentAttentionModel
from ram.losses.hybrid_loss import HybridLoss
from ram.training.extensions.schedule import Schedule
from ram.training.scene_iterator import SceneIterator, whole_arrays

ROWS = [
    ('archived', 'the archived repository, as it is'),
    ('digits', 'learns from the 55,000 training digits, not from the 10,000 test digits'),
    ('sign', 'REINFORCE has the right sign'),
    ('density', 'log pi has the deviation that locations are drawn with, sqrt(0.03)'),
    ('baseline', 'the baseline carries no gradient in the REINFORCE term'),
    ('locations', 'the sensor sees locations clipped to [-1, 1], which spans the edges of the pixels'),
    ('weight', 'REINFORCE is summed over the steps and weighs 0.1'),
    ('optimizer', 'Adam, decay of its rate, clipping of the gradient'),
    ('networks', "the paper's networks, a baseline for each step, sigma 0.1"),
]
# What the corrections lead to: the paper's model and loss.
RECIPE = config.Config(dataset='mnist', size=28, patch=8, scales=1, reward='right', reinforce=0.1,
                       schedule='exponential')


class MendedModel(archived_model.ArchivedModel):
    """The archived model without the quirks that are named in ``mended``."""

    mended = ()

    def _seen_at(self, l, size):  # noqa: E741
        return l[:, ::-1].clip(-1, 1) if 'locations' in self.mended else super()._seen_at(l, size)


class MendedLoss(ArchivedLoss):
    """The archived loss without the quirks that are named in its model's ``mended``."""

    def forward(self, images, labels, rng):
        mended, sigma = self.model.mended, self.model.config.sigma
        episode = self.model.rollout(images, rng, explore=True)
        reward = (episode.logits.array.argmax(axis=1) == labels).astype(np.float32)[:, None]
        deviation = sigma ** 0.5 if 'density' in mended else sigma
        log_pi = F.sum((episode.samples - episode.means) ** 2, axis=2) * (-0.5 / deviation ** 2)
        log_pi = (0.1 * F.sum(log_pi, axis=0) if 'weight' in mended else F.mean(log_pi, axis=0))[:, None]
        advantage = reward - (episode.baselines.array if 'baseline' in mended else episode.baselines)
        reinforce = F.sum(log_pi * advantage) / len(labels)
        return F.softmax_cross_entropy(episode.logits, labels) + F.mean_squared_error(reward, episode.baselines) + (
            -reinforce if 'sign' in mended else reinforce)


def train(mended, epochs, seed, folder):
    """The error in percent on the validation digits after training without these quirks."""
    device = chainer.get_device('@numpy')
    recipe = RECIPE if 'optimizer' in mended else config.PRESETS['archived']
    # The learning rate falls as far in a short run as in a long one.
    recipe = dataclasses.replace(recipe, decay=0.93 ** (30 / epochs), epoch=epochs)
    np.random.seed(seed)
    if 'networks' in mended:
        model = RecurrentAttentionModel(recipe)
        loss = HybridLoss(model)
    else:
        model = MendedModel(config.PRESETS['archived'])
        model.mended = mended
        loss = MendedLoss(model)
    optimizer = optimizers.make_optimizer(recipe, loss)
    digits, labels = datasets.load_digits('mnist', 'train' if 'digits' in mended else 'test', folder)
    images = epochs * 55000
    updater = chainer.training.updaters.StandardUpdater(
        SceneIterator(digits, labels, 28, 0, recipe.batchsize, seed), optimizer, converter=whole_arrays, device=device)
    iterations = math.ceil(images / recipe.batchsize)
    trainer = chainer.training.Trainer(updater, (iterations, 'iteration'), out='')
    if 'optimizer' in mended:
        trainer.extend(Schedule(recipe))
    with chainer.using_config('type_check', False):
        trainer.run(show_loop_exception_msg=False)
    scenes, truths = tasks.load_scenes(recipe, 'validation', folder)
    return 100 * float(evaluation.mistakes(model, scenes, truths, generator(device, 0))[-1].mean())


def main(argv=None):
    parser = command_line.PlainParser(__doc__)
    parser.add_argument('--epochs', type=int, default=5, help='length of each run (default: 5)')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--data', help='folder of the data files (default: $RAM_DATA, else data)')
    arguments = parser.parse_args(argv)
    print('| corrected | error, % | seconds |\n| --- | --- | --- |')
    for number, (_, text) in enumerate(ROWS):
        start = time.perf_counter()
        error = train([name for name, _ in ROWS[1:number + 1]], arguments.epochs, arguments.seed, arguments.data)
        print(f'| {text} | {error:.1f} | {time.perf_counter() - start:.0f} |', flush=True)


if __name__ == '__main__':
    command_line.run(main)
