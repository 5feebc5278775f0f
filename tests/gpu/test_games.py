"""Games on the GPU are the games on the CPU."""
import dataclasses

import numpy as np
from chainer.backends import cuda

from datasets import catch
from ram import config
from ram.networks.action_network import ActionNetwork, gumbel_noise
from ram.random_streams import generator
from ram.registry import make_loss, make_model
from ram.reports import games
from tests.gpu.test_gpu import Replayed
from tests.networks.conftest import shake


def test_catch(rng):
    columns, speeds = catch.draw_balls(rng, 50, 24, 3.0)
    cpu, gpu = catch.Catch(columns, speeds), catch.Catch(cuda.to_gpu(columns), cuda.to_gpu(speeds))
    while not cpu.over:
        actions = rng.integers(0, 3, 50)
        for game, chosen in ((cpu, actions), (gpu, cuda.to_gpu(actions))):
            game.step(chosen)
        np.testing.assert_array_equal(gpu.screen.get(), cpu.screen)
        np.testing.assert_array_equal(catch.oracle(gpu).get(), catch.oracle(cpu))
    for name in ('won', 'distance'):
        np.testing.assert_array_equal(getattr(gpu, name).get(), getattr(cpu, name))


def test_actions(rng):
    network, h = shake(ActionNetwork(7, 3), rng), rng.standard_normal((200, 7), np.float32)
    expected = [network.choose(h, gumbel_noise(Replayed(np), (200, 3))), network.choose(h)]
    network.to_device('@cupy:0')
    h = cuda.to_gpu(h)
    found = [network.choose(h, gumbel_noise(Replayed(cuda.cupy), (200, 3))), network.choose(h)]
    np.testing.assert_array_equal([actions.get() for actions in found], expected)


def test_loss_and_all_gradients():
    """Of a short game: in a long one, an action that rounding decides would change all that follows."""
    model = make_model(dataclasses.replace(config.PRESETS['catch'], size=6, patch=3, scales=2, hidden=16, unit=16))
    found = []
    for device in ('@numpy', '@cupy:0'):
        model.to_device(device)
        model.cleargrads()
        balls = (model.xp.asarray(array) for array in catch.draw_balls(np.random.default_rng(3), 40, 6))
        loss = make_loss(model)(catch.Catch(*balls, 6), Replayed(model.xp))
        loss.backward()
        found.append([cuda.to_cpu(loss.array), *(cuda.to_cpu(parameter.grad) for parameter in model.params())])
    for cpu, gpu in zip(*found):
        np.testing.assert_allclose(gpu, cpu, rtol=1e-3, atol=1e-4 * abs(cpu).max())


def test_games_are_drawn_and_played_on_the_gpu():
    model = make_model(dataclasses.replace(config.PRESETS['catch'], size=6, patch=3, scales=2, hidden=16, unit=16))
    model.to_device('@cupy:0')
    found = games.play_model(model, generator(model.device, 0), 30)
    assert found.won.shape == (30,) and found.speeds.max() <= 1 and isinstance(found.won, np.ndarray)
