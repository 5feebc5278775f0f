"""Random changes of tones, a whole batch of pictures at a time, on NumPy and on CuPy arrays alike.

A change is a curve for each channel, as a table of 256 values.
"""
import functools

import numpy

# draw_curves() on a GPU: one thread makes one value of a curve.
CURVES_INPUTS = ('raw float32 drawn, raw float32 means, float32 brightness, float32 contrast, float32 tint, '
                 'int32 channels')
CURVES_OUTPUTS = 'uint8 value'
CURVES_OPERATION = '''
    // i counts the values: (picture, channel, value before).
    ptrdiff_t picture = i / 256 / channels;
    ptrdiff_t first = picture * (2 + channels);
    float power = powf(1 + brightness, 2 * drawn[first] - 1), mean = powf(means[picture], power);
    float tone = powf(i % 256 / 255.0f, power);
    tone = (tone - mean) * powf(1 + contrast, 2 * drawn[first + 1] - 1) + mean;
    tone = min(max(tone, 0.0f), 1.0f) * powf(1 + tint, 2 * drawn[first + 2 + i / 256 % channels] - 1);
    value = (unsigned char)(255 * min(tone, 1.0f) + 0.5f);
'''


def draw_curves(xp, rng, means, channels, augmentation):
    """Draws changes of tones, in this order: brightness, contrast, tint.

    Args:
        xp: numpy or cupy.
        rng: generator of that device.
        means: float32 array (N,), of the pictures' pixels, in [0, 1].
        channels: of a picture, C.
        augmentation: the Augmentation.

    Returns:
        uint8 array (N, C, 256), the new value of each value.
    """
    a = augmentation
    drawn = rng.random((len(means), 2 + channels), dtype=xp.float32)
    if xp is not numpy:
        curves = xp.empty((len(means), channels, 256), xp.uint8)
        return _curves_kernel(xp)(drawn, means, a.brightness, a.contrast, a.tint, channels, curves)
    drawn, means = (2 * drawn - 1)[:, :, None], means[:, None, None]
    power = (1 + a.brightness) ** drawn[:, :1]
    curves, means = (numpy.arange(256, dtype=numpy.float32) / 255) ** power, means ** power
    curves = (curves - means) * (1 + a.contrast) ** drawn[:, 1:2] + means
    curves = curves.clip(0, 1) * (1 + a.tint) ** drawn[:, 2:]
    return numpy.rint(255 * curves.clip(0, 1)).astype(numpy.uint8)


@functools.cache
def _curves_kernel(cupy):
    return cupy.ElementwiseKernel(CURVES_INPUTS, CURVES_OUTPUTS, CURVES_OPERATION, 'draw_curves')


def retoned(xp, pictures, curves):
    """Pictures with changed tones.

    Args:
        xp: numpy or cupy, the module of the arrays.
        pictures: uint8 array (N, C, H, W).
        curves: uint8 array (N, C, 256), the new value of each value.

    Returns:
        uint8 array (N, C, H, W).
    """
    if xp is not numpy:
        return _retoning_kernel(xp)(pictures, curves, pictures.shape[2] * pictures.shape[3])
    first = numpy.arange(curves.size // 256, dtype=numpy.int32).reshape(*curves.shape[:2], 1, 1) * 256
    return curves.reshape(-1).take(pictures + first)


@functools.cache
def _retoning_kernel(cupy):
    return cupy.ElementwiseKernel('uint8 value, raw uint8 curves, int32 area', 'uint8 changed',
                                  'changed = curves[i / area * 256 + value];', 'retone')
