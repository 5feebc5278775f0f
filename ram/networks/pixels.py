"""Images as numbers: bytes are turned into floats here, and the contrast is normalised."""
import numpy as np

BLANK = np.float32(1e-3)  # added to a deviation, so that a blank image can be divided by it


def to_float(images):
    """Bytes as float32 in [0, 1]; floats stay as they are.

    Args:
        images: array of uint8 in [0, 255], or of floats.

    Returns:
        array of floats, of the same shape, in C order if they were bytes.
    """
    return images if images.dtype.kind == 'f' else images.astype(np.float32, order='C') * np.float32(1 / 255)


def statistics(images):
    """The mean of each channel of an image, and the deviation of the whole image from these means.

    Args:
        images: array (B, C, H, W) of floats.

    Returns:
        Two arrays of floats, (B, C, 1, 1) and (B, 1, 1, 1); the deviation is never 0.
    """
    mean = images.mean(axis=(2, 3), keepdims=True)
    return mean, (images - mean).std(axis=(1, 2, 3), keepdims=True) + BLANK


def whole(images, normalise=False):
    """Images for a network that sees them whole.

    Args:
        images: array (B, C, H, W) of uint8, or of floats in [0, 1].
        normalise: whether to normalise the contrast: each channel of an image gets mean 0, and the whole image gets
            standard deviation 1.  The sensor sees zeros outside the image, so the outside then looks like its mean
            colour.

    Returns:
        array (B, C, H, W) of floats: float32 for bytes.
    """
    images = to_float(images)
    if not normalise:
        return images
    mean, deviation = statistics(images)
    return (images - mean) / deviation
