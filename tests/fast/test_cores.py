import numpy as np
import pytest
from chainer.backends import cuda

from ram.fast import cores
from tests.fast.conftest import NotNumPy

STEPS, COUNT, INPUTS, HIDDEN = 4, 5, 3, 6

CORE_SHAPES = {  # of the parameters
    cores.FastReLUCore: [(HIDDEN, HIDDEN), HIDDEN, (HIDDEN, INPUTS), HIDDEN],
    cores.FastLSTMCore: [(4 * HIDDEN, INPUTS), 4 * HIDDEN, (4 * HIDDEN, HIDDEN)]}


@pytest.mark.filterwarnings('ignore:invalid value')
@pytest.mark.parametrize('broken', [None, 'inputs', 'gradients'])
@pytest.mark.parametrize('which', ['all', 'last', 'before'])
@pytest.mark.parametrize('kind', CORE_SHAPES)
def test_the_gpus_branch_of_the_cores(rng, monkeypatch, elementwise, kind, which, broken):
    parameters = [rng.normal(size=shape).astype(np.float32) for shape in CORE_SHAPES[kind]]
    pair = [kind(parameters, STEPS, COUNT) for _ in range(2)]
    pair[1].xp = NotNumPy()
    monkeypatch.setattr(cuda, 'elementwise', elementwise)
    looked = rng.normal(size=(STEPS, COUNT, INPUTS)).astype(np.float32)
    before, last = (rng.normal(size=(rows, HIDDEN)).astype(np.float32) for rows in ((STEPS - 1) * COUNT, COUNT))
    if broken:  # a NaN
        for array in {'inputs': [looked], 'gradients': [before, last]}[broken]:
            array[1] = np.nan
    gradients = {'all': (before, last), 'last': (None, last), 'before': (before, None)}[which]
    found = []
    for core in pair:
        core.inputs[...] = looked
        for t in range(STEPS):
            core.step(t)
        by_input, by_parameters = core.backward(*gradients)
        found.append([core.states, core.last, by_input, *by_parameters])
    for ours, gpus in zip(*found):
        np.testing.assert_allclose(gpus, ours, rtol=1e-5, atol=1e-5)
