import dataclasses

import chainer
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from datasets.picture_store import PictureStore
from ram.config import PRESETS
from ram.networks.images import Gate, for_model, for_sensor
from ram.networks.native_sensor import NativePictures

CPU = chainer.get_device('@numpy')


@pytest.fixture
def native():
    return dataclasses.replace(PRESETS['folder'], fit='native', colour=True)


def test_bytes_and_float32_pass_as_they_are(tiny, rng):
    for images in rng.integers(0, 256, (3, 1, 28, 28)).astype(np.uint8), rng.random((3, 1, 28, 28), np.float32):
        assert for_model(images, tiny, CPU) is images and for_sensor(images) is images


def test_a_blank_image_and_no_image_are_images(tiny):
    for images in np.zeros((1, 1, 28, 28), np.float32), np.ones((1, 1, 28, 28)), np.zeros((0, 1, 28, 28), np.uint8):
        assert for_model(images, tiny, CPU).shape == for_sensor(images).shape == images.shape


@pytest.mark.parametrize('dtype', ['<f2', '>f4', '<f8', 'g'])
def test_the_sensor_keeps_the_precision_of_images(rng, dtype):
    images = rng.random((3, 1, 28, 28)).astype(dtype)
    found = for_sensor(images)
    assert found.dtype.isnative and found.dtype.itemsize == max(4, images.dtype.itemsize)
    np.testing.assert_array_equal(found, images)


def test_what_is_no_image_of_the_sensor_is_refused():
    images = np.full((1, 1, 2, 2), np.nan, np.float32)
    with pytest.raises(ValueError) as found:
        for_sensor(images)
    assert str(found.value) == ('images must be an array (B, C, H, W) of uint8, or of bool or floats that are finite, '
                                'not (1, 1, 2, 2) of float32 from nan to nan')


def test_the_values_of_bytes_are_not_read(tiny):
    """So that training and evaluation, whose images are bytes, pay nothing."""
    class Unread(np.ndarray):
        def min(self):
            raise AssertionError
        max = astype = __array_ufunc__ = min

    for_model(np.zeros((3, 1, 28, 28), np.uint8).view(Unread), tiny, CPU)


def test_bool_is_0_and_1(tiny, rng):
    images = rng.random((3, 1, 28, 28)) < 0.5
    for found in for_model(images, tiny, CPU), for_sensor(images):
        assert found.dtype == np.float32 and found[images].min() == 1 and found[~images].max() == 0


@pytest.mark.parametrize('dtype', ['<f2', '>f2', '>f4', '<f8', '>f8', 'g'])
def test_other_floats_become_float32(tiny, rng, dtype):
    images = rng.random((3, 1, 28, 28)).astype(dtype)
    found = for_model(images, tiny, CPU)
    assert found.dtype == np.float32 and found.dtype.isnative
    np.testing.assert_allclose(found, images.astype(float), rtol=1e-6)


def test_rounding_may_go_beyond_0_and_1(tiny):
    images = np.zeros((1, 1, 28, 28))
    for least, most in (-1e-4, 1 + 1e-4), (0, np.float16(1.001)):
        images[0, 0, 0, :2] = least, most
        for_model(images, tiny, CPU)


ODD = {
    'channels last': (np.zeros((2, 28, 28, 1), np.uint8), ['(2, 28, 28, 1) of uint8']),
    'no channel': (np.zeros((2, 28, 28), np.uint8), ['(2, 28, 28)']),
    'one picture': (np.zeros((1, 28, 28), np.uint8), ['(1, 28, 28)']),
    'a number': (np.array(0.5), ['() of float64 from 0.5 to 0.5']),
    'rows': (np.zeros((2, 784), np.float32), ['(2, 784)']),
    'colour': (np.zeros((2, 3, 28, 28), np.uint8), ['(2, 3, 28, 28)']),
    'larger': (np.zeros((2, 1, 60, 60), np.uint8), ['(2, 1, 60, 60)']),
    'five axes': (np.zeros((1, 2, 1, 28, 28), np.uint8), ['(1, 2, 1, 28, 28)']),
    'none, of another size': (np.zeros((0, 1, 32, 32), np.uint8), ['(0, 1, 32, 32) of uint8;']),
    'uint16': (np.full((2, 1, 28, 28), 40000, np.uint16), ['uint16 from 40000 to 40000']),
    'int32': (np.full((2, 1, 28, 28), 255, np.int32), ['int32 from 255 to 255']),
    'int8': (np.full((2, 1, 28, 28), -1, np.int8), ['int8 from -1 to -1']),
    'complex': (np.zeros((2, 1, 28, 28), complex), ['(2, 1, 28, 28) of complex128;']),
    'objects': (np.zeros((2, 1, 28, 28), object), ['object']),
    'text': (np.zeros((2, 1, 28, 28), 'U1'), ['<U1']),
    'dates': (np.zeros((2, 1, 28, 28), 'M8[s]'), ['datetime64']),
    'records': (np.zeros((2, 1, 28, 28), [('a', 'f4')]), ["('a', '<f4')"]),
    'up to 255': (np.full((2, 1, 28, 28), 255, np.float32), ['float32 from 255 to 255']),
    'standardised': (np.full((2, 1, 28, 28), -0.4242), ['float64 from -0.4242 to -0.4242']),
    'beyond float32': (np.full((2, 1, 28, 28), 1e300), ['1e+300']),
    'NaN': (np.full((2, 1, 28, 28), np.nan, np.float32), ['from nan to nan']),
    'infinity': (np.full((2, 1, 28, 28), np.inf, np.float16), ['from inf to inf']),
    'a list': ([np.zeros((1, 28, 28), np.uint8)], ['of type list']),
    'nothing': (None, ['of type NoneType']),
    'a path': ('seven.png', ['of type str']),
    'a Variable': (chainer.Variable(np.zeros((2, 1, 28, 28), np.float32)), ['of type Variable']),
    'a picture': (Image.new('L', (28, 28)), ['of type Image']),
    'masked': (np.ma.masked_array(np.zeros((2, 1, 28, 28), np.float32), True), ['of type MaskedArray']),
    'memory': (memoryview(bytes(784)), ['of type memoryview']),
}


@pytest.mark.filterwarnings('error')
@pytest.mark.parametrize('name', ODD)
def test_what_is_no_image_of_the_model_is_refused(tiny, name):
    images, words = ODD[name]
    with pytest.raises(ValueError) as found:
        for_model(images, tiny, CPU)
    words += ['images must be an array (B, 1, 28, 28) of uint8, or of bool or floats from 0 to 1', 'read_pictures']
    assert all(word in str(found.value) for word in words) and '\n' not in str(found.value)


def test_one_bad_value_among_many(tiny, rng):
    for value in 1.1, -0.1, np.nan, -np.inf:
        images = rng.random((9, 1, 28, 28), np.float32)
        images[4, 0, 13, 17] = value
        with pytest.raises(ValueError, match=f'from .*{value:g}'):
            for_model(images, tiny, CPU)


ANY = st.one_of(
    arrays.arrays(arrays.scalar_dtypes() | st.just(np.dtype(np.uint8)), st.sampled_from([
        (1, 1, 2, 3), (2, 1, 3, 2), (0, 1, 2, 2), (1, 2, 3), (1, 0, 2, 2), (2, 2, 2, 2), ()])),
    st.none(), st.integers(), st.text(), st.lists(st.floats()))


@pytest.mark.filterwarnings('error')
@given(images=ANY)
def test_anything_else_is_an_image_or_refused(images):
    """What passes has the right form, and the values that it had."""
    for_model_of = dataclasses.replace(PRESETS['folder'], fit='native')
    for gate, model in (lambda x: for_model(x, for_model_of, CPU), True), (for_sensor, False):
        try:
            found = gate(images)
        except ValueError as error:
            assert str(error).startswith('images must be')
            continue
        assert found.shape == images.shape and found.ndim == 4 and found.dtype in (
            [np.uint8, np.float32] if model else [np.uint8, np.float32, np.float64, np.longdouble])
        np.testing.assert_allclose(found.astype(float), images.astype(float), rtol=1e-6)
        assert np.isfinite(found).all() and (found.dtype == np.uint8 or not model or (abs(found - 0.5) < 0.51).all())


def test_a_native_model_takes_any_size(native, rng):
    images = rng.integers(0, 256, (2, 3, 7, 150)).astype(np.uint8)
    pictures = NativePictures(PictureStore.of(list(images), native.factor), np.arange(2))
    assert for_model(images, native, CPU) is images and for_model(pictures, native, CPU) is pictures
    for shape in (2, 1, 7, 150), (2, 3, 0, 5), (3, 7, 150):
        with pytest.raises(ValueError, match=r'\(B, 3, H, W\)'):
            for_model(np.zeros(shape, np.uint8), native, CPU)


def test_native_pictures_are_for_native_models(tiny, native, rng):
    images = rng.integers(0, 256, (2, 1, 28, 28)).astype(np.uint8)
    pictures = NativePictures(PictureStore.of(list(images), 2), np.arange(2))
    with pytest.raises(ValueError, match='28 x 28 pixels .* NativePictures are for models with fit native'):
        for_model(pictures, tiny, CPU)
    with pytest.raises(ValueError, match='3 channels for this model, not 1'):
        pictures.sensor(native)


def test_another_device_is_named(tiny):
    class Elsewhere:
        def __str__(self):
            return '@cupy:7'

    with pytest.raises(ValueError, match=r'on @cupy:7, where the model is, not on @numpy; ram.tasks.send'):
        Gate(('B', 1, 2, 2), Elsewhere()).check(np.zeros((1, 1, 2, 2), np.uint8))
