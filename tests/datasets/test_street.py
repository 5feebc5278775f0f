
import numpy as np
import pytest

from datasets import fonts, street


@pytest.fixture(scope='module')
def street_digits():
    return street.load('test')


def test_street_digits_are_like_svhns(street_digits):
    pictures, labels = street_digits
    assert pictures.shape == (5000, 3, 32, 32) and pictures.dtype == np.uint8 and labels.dtype == np.int32
    np.testing.assert_array_equal(labels, fonts.load('test')[1])
    assert 90 < pictures.mean() < 165 and (pictures == 0).mean() < 0.02 and (pictures == 255).mean() < 0.05
    colourful = pictures.astype(float).std(axis=1).mean()
    assert colourful > 10  # the channels differ
    # Light on dark about as often as dark on light: the middle against the corners.
    middle = pictures[:, :, 10:22, 12:20].mean(axis=(1, 2, 3))
    corners = pictures[:, :, ::31, ::31].mean(axis=(1, 2, 3))
    assert 0.3 < (middle > corners).mean() < 0.7


def test_neighbours_are_cut_off_at_the_sides():
    """White squares for digits: ink at the left and right edges only where a neighbour is."""
    rng = np.random.default_rng(0)
    digits = np.zeros((3, 28, 28), np.uint8)
    digits[:, 4:24, 6:22] = 255
    ink = street._inked(digits, np.zeros(500, int), rng)
    assert ink.shape == (500, 32, 32) and set(np.unique(ink)) == {0, 1}
    assert (ink[:, 8:24, 10:22].min(axis=(1, 2)) == 1).all()  # the digit itself, wherever it is shifted
    touched = [(ink[:, :, edge] > 0).any(axis=1).mean() for edge in (0, 31)]
    assert all(0.5 < share < 0.7 for share in touched)
    assert not ink[:, [0, 31]].any()


def test_street_digits_are_always_the_same(street_digits):
    street.load.cache_clear()
    np.testing.assert_array_equal(street.load('test')[0], street_digits[0])
