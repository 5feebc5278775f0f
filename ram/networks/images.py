"""The gate for arrays that come from Python: which are images, and what is said of the others.

Bytes, of which training and evaluation consist, cost no more here than a look at their shape.
"""
import sys

import numpy as np
from chainer import backend
from chainer.backends import cuda

ROUNDING = 1e-3  # how far outside [0, 1] rounding may bring floats: less than half of a byte's step


def for_model(images, config, device):
    """Images as the networks of a model take them.

    Args:
        images: array (B, C, H, W) of uint8, or of bool or floats in [0, 1].  C, H and W are those of
            the Config; if its fit is native, any H and W will do.  Then also NativePictures, or
            another batch with a sensor of its own, see ``ram.networks.glimpse_sensor.prepare``.
        config: the model's Config.
        device: the model's chainer device.

    Returns:
        array (B, C, H, W) of uint8 or float32, or the batch: the very same, if it is one of these.

    Raises:
        ValueError: they are something else, are on another device, or have values outside [0, 1],
            or NaN.
    """
    native = config.fit == 'native'
    if hasattr(images, 'sensor'):
        if not native:
            raise ValueError(f'images must be {config.size} x {config.size} pixels for this model; '
                             f'{type(images).__qualname__} are for models with fit native')
        return images
    sides = ('H', 'W') if native else (config.size, config.size)
    Gate(('B', config.channels, *sides), device, 0 - ROUNDING, 1 + ROUNDING, 'from 0 to 1',
         '; ram.tasks.read_pictures(model.config, *paths) makes such an array of files').check(images)
    return images if images.dtype == np.uint8 else images.astype(np.float32, copy=False)


def for_sensor(images):
    """Images of any size and range: of uint8, or of floats; bool and float16 become float32.

    Raises:
        ValueError: they are something else, or have values that are infinite or NaN.
    """
    Gate(('B', 'C', 'H', 'W'), backend.get_device_from_array(images)).check(images)
    if images.dtype == np.uint8:
        return images
    return images.astype(np.result_type(images.dtype, np.float32), copy=False)


class Gate:
    """What a function takes as images.

    Args:
        shape: the lengths of the axes: ints, or letters for any length of at least 1; there may be
            0 images.
        device: chainer device of the array.
        least, most: bounds of floats.
        floats: the same in words.
        advice: what is said last to whoever brings something else.
    """

    def __init__(self, shape, device, least=-sys.float_info.max, most=sys.float_info.max,
                 floats='that are finite', advice=''):
        self.shape, self.device, self.least, self.most = shape, device, least, most
        lengths = ', '.join(map(str, shape))
        self.wanted = f'an array ({lengths}) of uint8, or of bool or floats {floats}'
        self.advice = advice

    def check(self, images):
        """Raises ValueError if it is no such array; the text says what was expected and what came."""
        self.check_form(images)
        if images.dtype.kind == 'f' and images.size:
            least, most = _range(images)
            if not self.least <= least <= most <= self.most:  # nor if they are NaN
                self._refuse(images)

    def check_form(self, images):
        """The same for its shape, type and device alone: its values are not read."""
        if not is_array(images):
            self._refuse(images)
        fits = len(images.shape) == len(self.shape) and all(map(_fits, images.shape, self.shape))
        if not fits or images.dtype.kind not in 'bf' and images.dtype != np.uint8:
            self._refuse(images)
        device = backend.get_device_from_array(images)
        if device != self.device:
            raise ValueError(f'images must be on {self.device}, where the model is, not on {device}; '
                             'ram.tasks.send(model.device, images) sends them')

    def _refuse(self, images):
        raise ValueError(f'images must be {self.wanted}, not {described(images)}{self.advice}')


def is_array(x):
    """Whether it is an array of NumPy or CuPy, none of whose values are masked."""
    return isinstance(x, (np.ndarray, cuda.ndarray)) and not isinstance(x, np.ma.MaskedArray)


def described(x):
    """What it is, in an error's text: an array's shape, type and values, or else its type."""
    if not is_array(x):
        return f'of type {type(x).__qualname__}'
    values = ' from {:g} to {:g}'.format(*_range(x)) if x.size and x.dtype.kind in 'biuf' else ''
    return f'{x.shape} of {x.dtype}{values}'


def _fits(length, wanted):
    return length == wanted or isinstance(wanted, str) and (length > 0 or wanted == 'B')


def _range(numbers):
    return float(numbers.min()), float(numbers.max())
