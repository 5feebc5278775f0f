"""The benchmarks run, and their counts are right."""
import dataclasses
import io
import json

import chainer
import numpy as np
import pytest
from PIL import Image, ImageColor

from benchmarks import image_size, large_pictures, throughput
from ram import config
from ram.registry import make_loss, make_model
from tests.conftest import script


@pytest.mark.parametrize('name', ['mnist', 'translated', 'cluttered100'])
def test_products_are_three_passes_over_every_weight(name):
    """A weight of n numbers costs 2n FLOPs an image and glimpse: forward, back to its input, and for its gradient."""
    batch, c = 8, config.PRESETS[name]
    t, flops = c.glimpses, 0
    for path, weight in make_model(c).namedparams():
        if weight.ndim < 2:
            continue
        flops += 6 * weight.size * (1 if 'action' in path else t - 1 if 'location' in path or 'baseline' in path else t)
        if '/what/' in path or '/where/' in path:
            flops -= 2 * weight.size * t  # images and locations need no gradient
        if 'location' in path and not c.into_core or 'baseline' in path:
            flops -= 2 * weight.size * (t - 1)  # nor does what these heads look at
        if 'from_state' in path or 'lateral' in path:
            flops -= 4 * weight.size  # h_0 = 0: neither a product with it nor a gradient to it
    counted = sum(2 * rows * columns * inner * often
                  for _, rows, columns, inner, often in throughput.products(c, batch))
    assert counted == batch * flops


def test_throughput_writes_its_figures_and_its_picture(tmp_path):
    result = script('benchmarks/throughput.py', '--presets', 'mnist', '--batches', 8, '--rounds', 1,
                    '--json', tmp_path / 'figures.json', '--plot', tmp_path / 'picture.png')
    assert result.returncode == 0, result.stderr
    row, = json.loads((tmp_path / 'figures.json').read_text())
    assert row['preset'] == 'mnist' and row['batch'] == 8 and row['of_floor'] > 0
    assert all(row['ms'][part] > 0 for part in ('step', 'data', 'glimpse', 'update'))
    assert (tmp_path / 'picture.png').read_bytes().startswith(b'\x89PNG')


@pytest.mark.parametrize('step, rest', [(10, 2), (8, 0), (7, 0)])
def test_the_bars_are_the_whole_step(step, rest):
    """What no part explains is the rest; parts that are together longer than the step have their share of all parts."""
    times = {'data': 1, 'glimpse': 1, 'forward': 2, 'backward': 3, 'update': 1}
    found = throughput.shares({'ms': {'step': step, **times}})
    assert found == pytest.approx({**{part: spent / max(step, 8) for part, spent in times.items()},
                                   'the rest': rest / step})
    row = {'preset': 'mnist', 'batch': 8, 'of_floor': 0.4, 'ms': {'step': step, **times}}
    with Image.open(io.BytesIO(throughput.plot([row] * 3))) as picture:
        right = np.asarray(picture.convert('RGB'))[:, picture.width // 2:]
    colours = [ImageColor.getrgb(colour) for colour in (*throughput.PARTS.values(), throughput.INK)]
    filled = np.any([(right == colour).all(axis=2) for colour in colours], axis=0)
    bars = [np.flatnonzero(line) for line in filled if line.mean() > 0.8]
    ends = [bar.max() for bar in bars]
    assert len(bars) > 60 and np.ptp(ends) <= 1  # the bars of three rows end together
    assert all(len(bar) > 0.95 * bar.max() for bar in bars)  # without gaps, but for the edges of colours


def test_both_networks_train_and_classify_up_to_a_size():
    every = ['ram train', 'ram classify', 'conv train', 'conv classify']
    for side, names in (28, every), (60, every), (image_size.LARGEST + 1, every[:2]):
        work = image_size.steps(side, 2, chainer.get_device('@numpy'))
        assert list(work) == names
        for step in work.values():
            step()


@pytest.mark.parametrize('preset, scales', [('mnist', 1), ('translated', 3), ('cluttered100', 2)])
def test_the_pytorch_twin_has_our_loss_and_our_gradients(rng, preset, scales):
    torch = pytest.importorskip('torch')
    from benchmarks.pytorch_twin import Twin
    c = dataclasses.replace(config.PRESETS[preset], scales=scales, glimpses=3, unit=16, hidden=24, size=40)
    model = make_model(c)
    images, labels = rng.random((6, 1, 40, 40), np.float32), np.arange(6, dtype=np.int32)
    first, noise = (np.random.default_rng(5).random((3, 6, 2), np.float32) * 2 - 1)[0], None

    class Draws:
        """A generator that keeps what the policy drew."""
        __class__ = np.random.Generator

        def random(self, shape, dtype):
            return np.random.default_rng(5).random(shape, dtype)

        def standard_normal(self, shape, dtype):
            nonlocal noise
            drawn = rng.standard_normal(shape, dtype)
            noise = drawn * np.float32(c.sigma)
            return drawn

    loss = make_loss(model)
    loss.cleargrads()
    ours = loss(images, labels, Draws())
    ours.backward()
    twin = Twin(model)
    theirs = twin(*map(torch.from_numpy, (images, labels.astype(np.int64), first, noise)))
    theirs.backward()
    assert float(theirs.detach()) == pytest.approx(float(ours.array), rel=1e-5)
    grads = {name: parameter.grad for name, parameter in model.namedparams()}
    pairs = {'what': 'glimpse_network/what', 'where': 'glimpse_network/where',
             'from_what': 'glimpse_network/from_what', 'from_where': 'glimpse_network/from_where',
             'location': 'location_network/mean', 'action': 'action_network/logits',
             'baseline': 'baseline_network/reward'}
    for name, link in pairs.items():
        layer = getattr(twin, name)
        np.testing.assert_allclose(grads[f'/{link}/W'], layer.weight.grad, rtol=1e-3, atol=1e-6, err_msg=name)
        np.testing.assert_allclose(grads[f'/{link}/b'], layer.bias.grad, rtol=1e-3, atol=1e-6, err_msg=name)
    if c.core == 'lstm':
        gate = twin.lstm.weight_hh.grad.reshape(4, 24, 24)  # blocks i, f, a, o; ours are a, i, f, o unit by unit
        ours = grads['/core_network/lstm/lateral/W'].reshape(24, 4, 24)
        for theirs, mine in enumerate((1, 2, 0, 3)):
            np.testing.assert_allclose(ours[:, mine], gate[theirs], rtol=1e-3, atol=1e-6)


@pytest.mark.slow
def test_large_pictures_on_small_ones(tmp_path, monkeypatch):
    monkeypatch.setattr(large_pictures, 'SIZES', [(400, 400), (600, 400)])
    monkeypatch.setattr(large_pictures, 'FIRST', 1)
    result = script('benchmarks/large_pictures.py', '--count', 96, '--epoch', 1, '--rounds', 1, '--folder',
                    tmp_path / 'all', '--gif', tmp_path / 'gaze.gif', '--json', tmp_path / 'figures.json')
    assert result.returncode == 0, result.stderr
    found = json.loads((tmp_path / 'figures.json').read_text())
    assert found['difference'][0] < 1e-4 < found['difference'][1] < found['spread'][1]
    assert 0.01 < found['memory GB'] < 3
    assert (tmp_path / 'gaze.gif').exists() and not (tmp_path / 'all').exists()
