"""That the benchmarks run, and count what they say they count."""
import json

import chainer
import pytest

from benchmarks import image_size, throughput
from ram import config
from ram.registry import make_model
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
            flops -= 2 * weight.size * t  # images and locations want no gradient
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


def test_both_networks_train_and_classify_at_any_size():
    for side in (28, 60):
        work = image_size.steps(side, 2, chainer.get_device('@numpy'))
        assert list(work) == ['ram train', 'ram classify', 'conv train', 'conv classify']
        for step in work.values():
            step()
