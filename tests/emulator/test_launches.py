"""The device operations of a training step, counted by the emulator; skipped elsewhere."""
import importlib.util

import pytest

from ram import config

from . import launches

pytestmark = pytest.mark.skipif(not importlib.util.find_spec('standin'), reason='not in the emulator')


@pytest.mark.parametrize('preset', launches.PRESETS)
def test_a_step_never_waits_and_crops_with_one_launch_a_glimpse(preset):
    found = launches.count_step(preset)
    asked = sum(found.values(), start=launches.collections.Counter())
    assert all(what.startswith(launches.KINDS) for what in asked), asked  # no waits, and nothing is read back
    glimpses = config.PRESETS[preset].glimpses
    assert found['forward']['kernel glimpse_sensor'] == glimpses
    assert found['forward']['kernel block_sums'] == config.PRESETS[preset].scales - 1
    if config.PRESETS[preset].core == 'lstm':
        assert found['forward']['kernel lstm_step'] == found['backward']['kernel lstm_back'] == glimpses


def test_the_convolutions_pool_with_one_launch_each_and_go_back_at_once_and_the_context_does_not_wait():
    found = launches.count_step('svhn', glimpse_network='conv', context=True, glimpses=3)
    asked = sum(found.values(), start=launches.collections.Counter())
    assert all(what.startswith(launches.KINDS) for what in asked), asked
    assert found['forward']['kernel pool'] == 2 * 3 and found['backward']['kernel pool_back'] == 2


@pytest.mark.parametrize('preset', ['translated', 'svhn'])
def test_a_replayed_step_asks_for_little_and_has_the_same_kernels(preset):
    replay = launches.count_replay(preset)
    asked = {what: times for what, times in replay.items() if not what.startswith('node')}
    assert all(what.startswith(launches.KINDS) for what in asked), asked
    assert asked['graph'] == 1 and sum(asked.values()) < 12
    plain = sum(launches.count_step(preset).values(), start=launches.collections.Counter())
    for name in 'glimpse_sensor', 'lstm_step', 'lstm_back', 'adam', 'decay', 'clip_rate':
        assert replay[f'node kernel {name}'] == plain[f'kernel {name}'], name
