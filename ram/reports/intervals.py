"""95% intervals of errors, and of the difference of two errors on the same images."""
import math

import numpy as np

NORMAL = 1.959964  # the quantile of the normal distribution


def wilson_interval(percent, n, z=NORMAL):
    """The 95% interval, [low, high] in percent, of an error of ``percent`` on n images (Wilson, 1927).

    Repeats with other first locations reduce the noise of the error, but add no images, so n counts only the images.
    SciPy's ``binomtest`` has this interval too, but only for whole numbers of mistakes; ours may be means over repeats.
    """
    p = percent / 100
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return [100 * max(0.0, middle - half), 100 * min(1.0, middle + half)]


def paired_interval(differences, z=NORMAL):
    """The 95% interval of the mean difference of two errors on the same images (Agresti and Min, 2005).

    It counts two images more, on one of which each side is better, by a half: so it is not too sure if the sides differ
    on few images, or on none.

    Args:
        differences: float array (N,), for each image the share of its repeats in which the one side was wrong minus
            that of the other, from -1 to 1.

    Returns:
        [low, high] in percentage points.
    """
    n, total, squares = len(differences) + 2, float(np.sum(differences)), float(np.square(differences).sum()) + 1
    half = z * math.sqrt(squares - total * total / n)
    return [100 * (total - half) / n, 100 * (total + half) / n]
