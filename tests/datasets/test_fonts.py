
import numpy as np
import pytest

from datasets import fonts


@pytest.fixture(scope='module')
def font_digits():
    return fonts.load('test')


def test_font_digits_are_like_mnists(font_digits):
    digits, labels = font_digits
    assert digits.shape == (5000, 28, 28) and digits.dtype == np.uint8 and labels.dtype == np.int32
    assert np.bincount(labels).min() > 450
    ink = digits.mean(axis=(1, 2)) / 255
    assert 0.05 < ink.mean() < 0.25 and ink.min() > 0.01
    border = np.concatenate([digits[:, 0], digits[:, -1], digits[:, :, 0], digits[:, :, -1]], axis=1)
    assert (border > 128).mean() < 0.02  # almost nothing is cut off


def test_font_digits_can_be_told_apart(font_digits):
    """The nearest class mean, a very weak classifier, does far better than chance."""
    digits, labels = font_digits[0].reshape(5000, -1) / 255, font_digits[1]
    means = np.stack([digits[:2500][labels[:2500] == c].mean(axis=0) for c in range(10)])
    nearest = ((digits[2500:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest == labels[2500:]).mean() > 0.5


def test_font_digits_are_always_the_same(font_digits):
    fonts.load.cache_clear()
    np.testing.assert_array_equal(fonts.load('test')[0], font_digits[0])
