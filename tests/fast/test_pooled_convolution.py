import chainer
import chainer.functions as F
import numpy as np
import pytest

from ram.fast import pooled_convolution
from ram.fast.pooled_convolution import PooledConvolution, pooled_convolutions, spread

STEPS, COUNT, CHANNELS, FILTERS = 2, 3, 4, 5


def test_windows_are_rows(rng):
    padded = rng.random((2, 6, 6, 3), np.float32)
    found = spread(padded, np.empty((2 * 16, 27), np.float32)).reshape(2, 4, 4, 27)
    for image in range(2):
        for y in range(4):
            for x in range(4):
                np.testing.assert_array_equal(found[image, y, x], padded[image, y:y + 3, x:x + 3].ravel())


@pytest.mark.parametrize('side', [2, 5, 6])
@pytest.mark.filterwarnings('ignore:invalid value')
@pytest.mark.parametrize('to_inputs', [True, False])
@pytest.mark.parametrize('broken', [None, 'inputs', 'gradient'])
def test_the_gpus_branch_of_a_convolution(rng, gpus_branch, side, to_inputs, broken):
    W, b = (rng.normal(size=shape).astype(np.float32) for shape in ((FILTERS, CHANNELS, 3, 3), FILTERS))
    inputs = rng.normal(size=(STEPS * COUNT, side, side, CHANNELS)).astype(np.float32)
    gradient = rng.normal(size=(STEPS * COUNT, side // 2, side // 2, FILTERS)).astype(np.float32)
    if broken:  # a NaN
        {'inputs': inputs, 'gradient': gradient}[broken][1, 0, 0, 2] = np.nan
    found = []
    for start in lambda: None, gpus_branch:
        start()
        convolution = PooledConvolution(W, b, STEPS, COUNT, side)
        convolution.inputs[...] = inputs
        outputs = np.empty_like(gradient)
        for t in range(STEPS):
            part = slice(t * COUNT, (t + 1) * COUNT)
            convolution.step(part, outputs[part])
        found.append((outputs, *convolution.backward(gradient, outputs, to_inputs)))
    for ours, gpus in zip(*found):
        if ours is None:
            assert gpus is None and not to_inputs
        else:
            np.testing.assert_allclose(gpus, ours, rtol=1e-5, atol=1e-5)


def test_of_equal_pixels_the_first_gets_the_gradient(rng):
    # A blank patch: all four pixels of each inner square are alike, and Chainer's pooling takes the first of them.
    W, b = rng.random((FILTERS, 1, 3, 3), np.float32), np.ones(FILTERS, np.float32)
    convolution = PooledConvolution(W, b, 1, 1, 8)
    convolution.inputs[...] = 1
    outputs, gradient = np.empty((1, 4, 4, FILTERS), np.float32), np.zeros((1, 4, 4, FILTERS), np.float32)
    convolution.step(slice(0, 1), outputs)
    gradient[0, 1, 1, 2] = 1
    expected = np.zeros((10, 10), np.float32)
    expected[2:5, 2:5] = W[2, 0]
    inputs, _, _ = convolution.backward(gradient, outputs)
    np.testing.assert_allclose(inputs[0, :, :, 0], expected[1:-1, 1:-1], rtol=1e-6)


@pytest.mark.parametrize('side', [8, 21])
def test_several_layers_equal_chainers_functions(rng, monkeypatch, side):
    monkeypatch.setattr(pooled_convolution, 'AT_ONCE', 2 * 9 * FILTERS * side ** 2)  # two of the three images at a time
    images = rng.normal(size=(COUNT, CHANNELS, side, side)).astype(np.float32)
    parameters = [chainer.Parameter(rng.normal(size=shape).astype(np.float32)) for shape in (
        (FILTERS, CHANNELS, 3, 3), FILTERS, (4, FILTERS, 3, 3), 4, (2, 4, 3, 3), 2)]
    gradient = rng.normal(size=(COUNT, 2, side // 8, side // 8)).astype(np.float32)

    def plain():
        maps = images
        for W, b in zip(parameters[::2], parameters[1::2]):
            maps = F.max_pooling_2d(F.relu(F.convolution_2d(maps, W, b, pad=1)), 2, cover_all=False)
        return maps

    found = []
    for outputs in plain(), pooled_convolutions(images, parameters):
        outputs.grad = gradient
        for parameter in parameters:
            parameter.cleargrad()
        outputs.backward()
        found.append((outputs.array, *(parameter.grad for parameter in parameters)))
    for expected, ours in zip(*found):
        np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize('shape', [(2, 1, 8, 8), (2, CHANNELS, 8, 1), (2, CHANNELS, 8, 9)], ids=str)
def test_images_of_another_shape_are_refused(rng, shape):
    W, b = rng.random((FILTERS, CHANNELS, 3, 3), np.float32), np.zeros(FILTERS, np.float32)
    with pytest.raises(ValueError, match=f'squares with {CHANNELS} channels'):
        pooled_convolutions(np.zeros(shape, np.float32), [W, b])
