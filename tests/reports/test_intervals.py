import numpy as np
import pytest
from scipy import stats

from ram.reports.intervals import paired_interval, wilson_interval


def test_wilson_interval_covers_as_promised():
    """The interval's ends solve |p_hat - p| = z sqrt(p (1 - p) / n), and it holds the truth 95 times in 100."""
    for percent, n in [(1.2, 10000), (0, 50), (100, 50), (37, 200)]:
        for end in wilson_interval(percent, n):
            p = end / 100
            assert abs(percent / 100 - p) == pytest.approx(1.959964 * (p * (1 - p) / n) ** 0.5, abs=1e-8)
    for n in range(1, 3000):  # rounding brings no end beyond its limit
        assert wilson_interval(0, n)[0] >= 0 and wilson_interval(100, n)[1] <= 100
    counts = np.random.default_rng(0).binomial(500, 0.04, 4000)
    covered = [low <= 4 <= high for low, high in (wilson_interval(c / 5, 500) for c in counts)]
    assert 0.93 < np.mean(covered) < 0.97


@pytest.mark.parametrize('wrong, n', [(0, 50), (1, 10000), (54, 10000), (7, 9), (50, 50)])
def test_wilson_interval_of_whole_counts_is_that_of_scipy(wrong, n):
    expected = stats.binomtest(wrong, n).proportion_ci(method='wilson')
    np.testing.assert_allclose(wilson_interval(100 * wrong / n, n), np.multiply(expected, 100), atol=1e-5)


@pytest.mark.parametrize('both, first, second, neither', [(3, 5, 0, 92), (0, 0, 0, 30), (10, 30, 12, 400)])
def test_the_interval_of_a_paired_difference(both, first, second, neither):
    """That of Agresti and Min: the usual one, of a table of 2 x 2 with half an image more in each cell."""
    differences = np.repeat([0, 1, -1, 0], [both, first, second, neither])
    b, c, n = first + 0.5, second + 0.5, both + first + second + neither + 2
    middle, half = (b - c) / n, 1.959964 * ((b + c) / n - ((b - c) / n) ** 2) ** 0.5 / n ** 0.5
    np.testing.assert_allclose(paired_interval(differences), [100 * (middle - half), 100 * (middle + half)])


def test_a_paired_difference_is_not_sure_too_soon():
    """As in McNemar's exact test, four images of a hundred are no proof, and seven are."""
    for wins, sure in (4, False), (7, True):
        assert (paired_interval(np.repeat([1, 0], [wins, 100 - wins]))[0] > 0) == sure
        assert (stats.binomtest(wins, wins).pvalue < 0.05) == sure


def test_a_paired_interval_covers_as_promised(rng):
    """Of means over four draws; the truth is three points."""
    ends = [paired_interval((rng.random((200, 4)) < 0.08).mean(axis=1) - (rng.random((200, 4)) < 0.05).mean(axis=1))
            for _ in range(2000)]
    assert 0.93 < np.mean([low <= 3 <= high for low, high in ends]) < 0.98
