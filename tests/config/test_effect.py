import dataclasses
import functools
import shlex

import numpy as np
import pytest

import train
from datasets import catch
from models import make
from ram import config, registry
from ram.config import Config
from ram.config.effect import without_effect
from ram.random_streams import generator
from ram.registry import make_loss, make_model
from ram.training.extensions.schedule import Schedule
from ram.training.optimizers import make_optimizer
from tests import rows as rows_task
from tests.conftest import SMALL, assert_one_clear_line, script

rows = rows_task.rows

BASE = Config(dataset='mnist', size=28, patch=4, scales=2, glimpses=2, unit=5, hidden=7, filters=3,
              optimizer='momentum', lr=0.1, schedule='constant')
PLAYER = dataclasses.replace(BASE, dataset='catch', **{
    **registry.DATASETS['catch'].preset, 'size': 6, 'patch': 4, 'glimpses': 5})
# Another value, or several, for the fields of the networks and of the optimisation.
NETWORKS = dict(
    patch=5, scales=3, factor=3, glimpses=4, glimpse_network='conv', filters=4, unit=6, hidden=8, core='lstm',
    policy=('random', 'center'), start='learned', start_range=0.5, context=True, sigma=0.3, reward='right',
    reinforce=0.7, into_core=False, mc=2)
OPTIMISATION = dict(optimizer='nesterov', lr=0.3, momentum=0.4, schedule='exponential', decay=0.5, drop=3, clip=1e-2,
                    weight_decay=0.5)
NETWORK_CHOICES = [
    {}, dict(start='center'), dict(start='learned'), dict(context=True), dict(policy='random'), dict(policy='center'),
    dict(glimpses=1), dict(glimpses=1, start='center'), dict(glimpses=1, start='learned'),
    dict(glimpses=1, context=True), dict(scales=1), dict(reinforce=0.0), dict(core='lstm'),
    dict(glimpse_network='conv'), dict(model='fc64'), dict(model='conv'), dict(model='archived')]
OPTIMISATION_CHOICES = [
    dict(optimizer='adam', lr=1e-3), dict(optimizer='nesterov'), dict(schedule='exponential'), dict(schedule='linear'),
    dict(schedule='step')]
CASES = [*((BASE, choice, NETWORKS, 1) for choice in NETWORK_CHOICES), (PLAYER, {}, NETWORKS, 1),
         *((BASE, choice, OPTIMISATION, 2) for choice in OPTIMISATION_CHOICES)]


@functools.cache
def trained(config, steps):
    """The weights after a few steps of training, and the model's answers: a list of arrays."""
    np.random.seed(0)
    model = make_model(config)
    loss, rng = make_loss(model), np.random.default_rng(0)
    optimizer = make_optimizer(config, loss)
    images, labels = rng.random((4, 1, 28, 28), np.float32), rng.integers(0, 10, 4).astype(np.int32)
    game = model.goal == 'game'
    if model.goal == 'sequence':
        labels = rows_task.random_labels(rng, 4)
    for step in range(steps):
        batch = [catch.new_games(np.random.default_rng(step), 4, config.size)] if game else [images, labels]
        optimizer.update(loss, *batch, generator(loss.device, step))
    answers = [] if game else [model.rollout(images, np.random.default_rng(5), config.policy).logits.array]
    return [*(parameter.array for parameter in model.params()), *answers]


def rates(config):
    return [Schedule(config).rate(epoch, epoch) for epoch in range(config.epoch)]


def same(config, other, steps):
    """Whether two Configs train alike; a model with other shapes, or another schedule, need not be trained to know."""
    shapes, others = ([parameter.shape for parameter in make_model(each).params()] for each in (config, other))
    return shapes == others and rates(config) == rates(other) and all(
        np.allclose(a, b, rtol=1e-5, atol=1e-6) for a, b in zip(trained(config, steps), trained(other, steps)))


@pytest.mark.parametrize('base, choice, fields, steps', CASES, ids=[str(case[1]) for case in CASES])
def test_a_field_is_without_effect_where_training_does_not_change_with_it(base, choice, fields, steps):
    """Trains with one value and with another: what is said to have no effect has none, and the rest has."""
    compare(dataclasses.replace(base, **choice), fields, steps)


@pytest.mark.parametrize('choice', [
    {}, dict(glimpses=1), dict(glimpses=1, context=True), dict(policy='random'), dict(model='places')], ids=str)
def test_the_same_for_models_that_read(rows, choice):
    small = dict(patch=4, unit=5, hidden=7, start='random', core='relu', optimizer='momentum', lr=0.1,
                 schedule='constant')
    compare(rows_task.config(**{**small, **choice}), NETWORKS, 1)


def compare(chosen, fields, steps):
    unused, tried = without_effect(chosen), 0
    for name, values in fields.items():
        try:
            others = [dataclasses.replace(chosen, **{name: value})
                      for value in (values if isinstance(values, tuple) else [values])]
        except ValueError:  # these values exclude each other
            continue
        if chosen not in others:
            assert all(same(chosen, other, steps) for other in others) == (name in unused), name
            tried += 1
    assert tried > len(fields) // 2


@pytest.mark.parametrize('flags, flag, reason', [
    ('--dataset mnist --model fc64 --sigma 3', '--sigma 3.0', '--model fc64'),
    ('--dataset translated --model conv --core lstm', '--core lstm', '--model conv'),
    ('--dataset mnist --model conv3 --unit 9', '--unit 9', '--model conv3'),
    ('--dataset svhn --model conv --no-context', '--no-context', '--model conv'),
    ('--preset archived --reinforce 1', '--reinforce 1.0', '--model archived'),
    ('--dataset mnist --filters 3', '--filters 3', '--glimpse-network linear'),
    ('--policy random --start learned', '--start learned', '--policy random'),
    ('--policy center -M 5', '--mc 5', '--policy center'),
    ('--start center --start-range 0.5', '--start-range 0.5', '--start center'),
    ('--context --start center', '--start center', '--context'),
    ('--dataset mnist -s 3', '--factor 3', '--scales 1'),
    ('-l 1 --no-into-core', '--no-into-core', '--glimpses 1'),
    ('--momentum 0.5', '--momentum 0.5', '--optimizer adam'),
    ('--decay 0.5', '--decay 0.5', '--schedule linear'),
    ('--schedule exponential --drop 5', '--drop 5', '--schedule exponential'),
    ('--dataset mnist --paddle 2', '--paddle 2', '--dataset mnist'),
    ('--dataset catch --colour 0', '--tint 0.0', '--dataset catch'),
    ('--dataset numbers --data nowhere --flip', '--flip', '--dataset numbers'),
    ('--dataset text --images DIR --flip', '--flip', '--dataset text'),
    ('--dataset folder --digits fonts', '--digits fonts', '--dataset folder'),
    ('--dataset folder --fit native --size 64', '--size 64', '--fit native'),
    ('--dataset folder --fit native --size 50', '--size 50', '--fit native')])
def test_a_flag_without_effect_is_refused(tmp_path, flags, flag, reason):
    result = script('train.py', *flags.split(), '--out', tmp_path / 'run')
    assert_one_clear_line(result, f'{flag} has no effect with {reason}: leave it out, or change {reason.split()[0]}\n')


@pytest.mark.parametrize('flags', [
    '--dataset translated --model fc64', '--dataset svhn --model conv', '--dataset cluttered --policy random',
    '--dataset mnist --model conv3 --hidden 9', '--dataset svhn --filters 9', '--dataset folder --fit native',
    '--dataset folder --fit native --rotate 5 --shift 2 --elastic 3 --flip --tint 1',
    '--dataset mnist --scales 2 -s 3', '--optimizer momentum --momentum 0.5', '--schedule step --drop 5',
    '-l 1 --start learned --sigma 3', '--preset archived --policy learned --sigma 3', '--policy random --mc 3'])
def test_what_a_preset_says_without_effect_is_no_error(flags):
    config.from_flags(train.parse(flags.split()))


def test_the_commands_of_the_shipped_models_have_no_flag_without_effect():
    for flags in make.RUNS.values():
        config.from_flags(train.parse(shlex.split(flags)))


def test_a_registered_network_says_which_fields_it_leaves_without_effect(monkeypatch, tmp_path):
    class Toy(registry.CORES['relu']):
        unused = 'hidden', 'average'

    monkeypatch.setitem(registry.CORES._entries, 'toy', Toy)
    result = script('train.py', *SMALL, '--core', 'toy', '-o', tmp_path)
    assert_one_clear_line(result, '--hidden 32 has no effect with --core toy')


def test_one_size_of_a_batch_is_given(tmp_path):
    result = script('train.py', *SMALL, '-b', 8, '--global-batchsize', 8, '-o', tmp_path / 'run')
    assert_one_clear_line(result, '--batchsize 8 has no effect with --global-batchsize 8')
