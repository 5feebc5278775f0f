import ctypes

import numpy as np

from datasets.augmentation import Augmentation, tones
from tests.conftest import pointers
from tests.datasets.conftest import Drawn, kernel, pictures


def curves_of(augmented, values, mean=0.5):
    return tones.draw_curves(np, Drawn(np.asarray(values)[None]), np.float32([mean]), len(values) - 2,
                                    augmented)[0]


def test_curves_are_the_closed_form():
    v = np.arange(256) / 255
    one = curves_of(Augmentation(brightness=1), [1, 0, 0.3, 0.4, 0.5])
    np.testing.assert_allclose(one, np.tile(255 * v ** 2, (3, 1)), atol=0.51)
    dark = curves_of(Augmentation(brightness=1), [-1, 0, 0])
    np.testing.assert_allclose(dark[0], 255 * v ** 0.5, atol=0.51)
    np.testing.assert_allclose(curves_of(Augmentation(contrast=1), [0.7, 1, 0])[0],
                               np.clip(255 * (2 * v - 0.5), 0, 255), atol=0.51)
    np.testing.assert_allclose(curves_of(Augmentation(contrast=1), [0.7, -1, 0])[0], 255 * (v / 2 + 0.25), atol=0.51)
    np.testing.assert_allclose(curves_of(Augmentation(brightness=1, contrast=1), [1, 1, 0], 0.3)[0],
                               np.clip(255 * (0.09 + 2 * (v ** 2 - 0.09)), 0, 255), atol=0.51)
    tinted = curves_of(Augmentation(tint=1), [0, 0, -1, 0, 1])
    np.testing.assert_allclose(tinted, np.clip(255 * np.outer([0.5, 1, 2], v), 0, 255), atol=0.51)
    assert (curves_of(Augmentation(), [1, 1, 1])[0] == np.arange(256)).all()


def test_contrast_keeps_a_dark_pictures_mean(rng):
    images = rng.integers(20, 40, (50, 3, 8, 8)).astype(np.uint8)
    changed = Augmentation(contrast=0.5).retone(np, rng, images)
    np.testing.assert_allclose(changed.mean(axis=(1, 2, 3)), images.mean(axis=(1, 2, 3)), atol=0.5)
    spreads = changed.std(axis=(1, 2, 3)) / images.std(axis=(1, 2, 3))
    assert 0.6 < spreads.min() < 0.8 and 1.3 < spreads.max() < 1.6


def test_tones_are_looked_up(rng):
    images, curves = pictures(rng, (5, 3, 4, 6)), pictures(rng, (5, 3, 256))
    found = tones.retoned(np, images, curves)
    for place in np.ndindex(images.shape):
        assert found[place] == curves[place[0], place[1], images[place]]


def test_kernel_draws_the_same_curves(rng, cpp):
    """What draws curves on a GPU, compiled as C++, from the same random numbers as on a CPU."""
    run = kernel(cpp, tones.CURVES_INPUTS, tones.CURVES_OUTPUTS, tones.CURVES_OPERATION)
    a, real = Augmentation(brightness=1, contrast=0.8, tint=0.5), ctypes.c_float
    drawn, means = rng.random((30, 5), np.float32), rng.random(30, np.float32)
    expected = tones.draw_curves(np, Drawn(2 * drawn - 1), means, 3, a)
    out = np.empty((30, 3, 256), np.uint8)
    run(*pointers(drawn, means), real(a.brightness), real(a.contrast), real(a.tint), 3, *pointers(out),
        ctypes.c_ssize_t(out.size))
    assert abs(out.astype(int) - expected).max() <= 1 and (out != expected).mean() < 0.01  # where a half is rounded
