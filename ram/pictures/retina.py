"""What the retina sees: the patches as the model receives them."""
import numpy as np

from datasets.picture_store import Pictures
from ram.networks.glimpse_sensor import prepare
from ram.networks.pixels import BLANK, statistics, to_float


def seen(images, locations, config):
    """The sensor's glimpses as images.  What lies outside is black; or the image's mean, if glimpses are normalised.

    Args:
        images: uint8 array (N, C, H, W), floats in [0, 1], or native Pictures, on the CPU.
        locations: float array (T, N, 2), columns (x, y) in [-1, 1].
        config: the Config that gives the retina.

    Returns:
        float array (T, N, K, C, g, g) in [0, 1], the finest patch first.
    """
    sensor = prepare(images, config)
    glimpses = np.stack([sensor(each) for each in locations])
    glimpses = glimpses.reshape(*locations.shape[:2], config.scales, -1, config.patch, config.patch)
    if config.normalise:
        mean, deviation = tones(images)
        glimpses = glimpses * deviation[:, None] + mean[:, None]
    return glimpses.clip(0, 1)


def tones(images):
    """The means float (N, C, 1, 1) and the deviations (N, 1, 1, 1) with which glimpses at images are normalised."""
    if not isinstance(images, Pictures):
        return statistics(to_float(images))
    store, rows = images.store, images.indexes
    return store.means[rows][:, :, None, None] / 255, store.deviations[rows][:, None, None, None] / 255 + BLANK
