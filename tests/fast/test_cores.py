import numpy as np
import pytest

from ram.fast import cores

STEPS, COUNT, INPUTS, HIDDEN = 4, 5, 3, 6

CORE_SHAPES = {  # of the parameters
    cores.FastReLUCore: [(HIDDEN, HIDDEN), HIDDEN, (HIDDEN, INPUTS), HIDDEN],
    cores.FastLSTMCore: [(4 * HIDDEN, INPUTS), 4 * HIDDEN, (4 * HIDDEN, HIDDEN)]}


@pytest.mark.filterwarnings('ignore:invalid value')
@pytest.mark.parametrize('broken', [None, 'inputs', 'gradients'])
@pytest.mark.parametrize('which', ['all', 'last', 'before'])
@pytest.mark.parametrize('kind', CORE_SHAPES)
def test_the_gpus_branch_of_the_cores(rng, gpus_branch, kind, which, broken):
    parameters = [rng.normal(size=shape).astype(np.float32) for shape in CORE_SHAPES[kind]]
    looked = rng.normal(size=(STEPS, COUNT, INPUTS)).astype(np.float32)
    before, last = (rng.normal(size=(rows, HIDDEN)).astype(np.float32) for rows in ((STEPS - 1) * COUNT, COUNT))
    if broken:  # a NaN
        for array in {'inputs': [looked], 'gradients': [before, last]}[broken]:
            array[1] = np.nan
    gradients = {'all': (before, last), 'last': (None, last), 'before': (before, None)}[which]
    found = []
    for start in lambda: None, gpus_branch:
        start()
        core = kind(parameters, STEPS, COUNT)
        core.inputs[...] = looked
        for t in range(STEPS):
            core.step(t)
        by_input, by_parameters = core.backward(*gradients)
        found.append([core.states, core.last[1:], by_input, *by_parameters])
        assert by_input.shape == (STEPS * COUNT, INPUTS)
        assert [gradient.shape for gradient in by_parameters] == [parameter.shape for parameter in parameters]
    for ours, gpus in zip(*found):
        np.testing.assert_allclose(gpus, ours, rtol=1e-5, atol=1e-5)
