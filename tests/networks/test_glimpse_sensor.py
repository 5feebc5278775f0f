import ctypes
import shutil
import subprocess

import chainer
import numpy as np
import pytest

from ram.networks import glimpse_sensor as module
from ram.networks.glimpse_sensor import GlimpseSensor, glimpse_sensor
from tests.conftest import pointers


def naive_glimpse(images, locations, patch, scales, factor):
    """Pixel by pixel, in double precision; only the fixated edge is in single precision, where its ties are."""
    count, channels, height, width = images.shape
    one, two = np.float32(1), np.float32(2)  # before version 2, NumPy makes a double of np.float32(3) + 1
    out = np.zeros((count, scales * channels, patch, patch))
    for b in range(count):
        x = int(np.rint((locations[b, 0] + one) / two * np.float32(width)))
        y = int(np.rint((locations[b, 1] + one) / two * np.float32(height)))
        for k in range(scales):
            block = factor ** k
            side = patch * block
            for c in range(channels):
                for i in range(side):
                    for j in range(side):
                        row, column = y - side // 2 + i, x - side // 2 + j
                        if 0 <= row < height and 0 <= column < width:
                            out[b, k * channels + c, i // block, j // block] += images[b, c, row, column] / block ** 2
    return out


# channels, height, width, patch, scales, factor
CASES = [(1, 28, 28, 8, 1, 2), (2, 9, 7, 3, 3, 2), (1, 20, 31, 4, 3, 2), (3, 5, 6, 12, 2, 2), (1, 1, 1, 2, 3, 2),
         (1, 12, 13, 4, 2, 3), (2, 6, 17, 1, 4, 2), (1, 10, 10, 5, 2, 1)]
# On every border and corner, on rounding's ties, over the borders, and far away.
BORDERS = [(-1, -1), (1, 1), (-1, 1), (1, -1), (0, 0), (-1, 0.3), (0.2, 1), (1.2, 0), (-0.4, -1.3), (1.9, -1.9),
           (50, 0), (0, -1e9)]


@pytest.fixture(params=CASES, ids=str)
def case(request, rng):
    channels, height, width, patch, scales, factor = request.param
    locations = np.concatenate([np.array(BORDERS, np.float32), rng.uniform(-1.1, 1.1, (12, 2)).astype(np.float32)])
    images = rng.random((len(locations), channels, height, width), np.float32)
    return images, locations, patch, scales, factor


def test_equals_a_naive_loop(case):
    expected = naive_glimpse(*case)
    glimpse = glimpse_sensor(*case)
    assert glimpse.dtype == np.float32 and glimpse.shape == expected.shape
    np.testing.assert_allclose(glimpse.array, expected, atol=1e-6)


def test_random_sizes_equal_a_naive_loop(rng):
    for _ in range(40):
        channels, patch, scales, factor = rng.integers(1, [4, 7, 4, 4])
        images = rng.random((3, channels, *rng.integers(1, 24, 2)), np.float32)
        locations = rng.uniform(-1.5, 1.5, (3, 2)).astype(np.float32)
        np.testing.assert_allclose(glimpse_sensor(images, locations, patch, scales, factor).array,
                                   naive_glimpse(images, locations, patch, scales, factor), atol=1e-6)


def kernel_source(channels, patch, scales, factor, before, after):
    """The GPU kernel's operation between other lines of C++."""
    constants = module.KERNEL_CONSTANTS.format(channels, patch, scales, factor)
    return f'{before}\n{constants}\n{after[0]}\n{module.KERNEL_OPERATION}\n{after[1]}\n'


def test_kernel_equals_the_cpu(case, cpp):
    """The GPU kernel's operation, compiled as C++ and run element by element."""
    images, locations, patch, scales, factor = case
    source = kernel_source(images.shape[1], patch, scales, factor, '''
        #include <algorithm>
        #include <cmath>
        #include <cstddef>
        using std::min; using std::max;
        typedef float T; typedef float L;''', ('''
        extern "C" void run(const T* images, const L* locations, int height, int width, T* out, ptrdiff_t n) {
            for (ptrdiff_t i = 0; i < n; ++i) { T& glimpse = out[i];''', '} }'))
    expected = glimpse_sensor(*case).array
    out = np.empty_like(expected)
    cpp('kernel', source).run(
        *pointers(images, locations), *images.shape[2:], *pointers(out), ctypes.c_ssize_t(out.size))
    np.testing.assert_allclose(out, expected, atol=1e-6)


@pytest.mark.parametrize('architecture', ['sm_80', 'sm_90'])
def test_kernel_compiles_for_gpus(architecture, tmp_path):
    if not shutil.which('nvcc'):
        pytest.skip('no nvcc')
    source = kernel_source(1, 12, 3, 2, 'typedef float T; typedef float L;', ('''
        __global__ void run(const T* images, const L* locations, int height, int width, T* out, ptrdiff_t n) {
            ptrdiff_t i = blockIdx.x * (ptrdiff_t) blockDim.x + threadIdx.x;
            if (i >= n) return;
            T& glimpse = out[i];''', '}'))
    (tmp_path / 'kernel.cu').write_text(source)
    subprocess.run(['nvcc', f'-arch={architecture}', '-cubin', '-o', tmp_path / 'kernel.cubin', tmp_path / 'kernel.cu'],
                   check=True)
    assert (tmp_path / 'kernel.cubin').stat().st_size > 0


def test_constant_image_gives_that_constant_inside(rng):
    images = np.full((30, 2, 64, 80), 0.7, np.float32)
    locations = rng.uniform(-0.3, 0.3, (30, 2)).astype(np.float32)  # the largest patch, 32 pixels, stays inside
    np.testing.assert_allclose(glimpse_sensor(images, locations, 8, 3).array, 0.7, rtol=1e-6)


def test_x_counts_columns_and_y_rows():
    image = np.zeros((1, 1, 10, 20), np.float32)
    image[0, 0, 2, 15] = 1
    location = np.array([[15.5 / 20 * 2 - 1, 2.5 / 10 * 2 - 1]], np.float32)  # x = 15.5, y = 2.5: ties go to even
    np.testing.assert_array_equal(glimpse_sensor(image, location, 2, 1).array[0, 0], [[0, 0], [1, 0]])


def test_works_on_float64_and_on_images_that_are_not_contiguous(rng):
    images = rng.random((4, 9, 8, 2)).transpose(0, 3, 1, 2)
    locations = rng.uniform(-1, 1, (4, 2)).astype(np.float32)
    glimpse = glimpse_sensor(images, locations, 3, 2).array
    assert glimpse.dtype == np.float64
    np.testing.assert_allclose(glimpse, naive_glimpse(images, locations, 3, 2, 2), atol=1e-12)


def test_fills_an_array_that_it_is_given(rng):
    images, locations = rng.random((3, 2, 9, 11), np.float32), rng.uniform(-1, 1, (3, 2)).astype(np.float32)
    filled = np.full((3, 2 * 2 * 16), np.nan, np.float32)
    GlimpseSensor(4, 2).forward((images, locations), filled)
    np.testing.assert_array_equal(filled, glimpse_sensor(images, locations, 4, 2).array.reshape(filled.shape))


def test_no_gradient_to_images_or_locations(rng):
    images = chainer.Variable(rng.random((2, 1, 8, 8), np.float32))
    locations = chainer.Variable(rng.uniform(-1, 1, (2, 2)).astype(np.float32))
    glimpse = glimpse_sensor(images, locations, 4, 2)
    glimpse.grad = np.ones_like(glimpse.array)
    glimpse.backward()
    assert images.grad is None and locations.grad is None


@pytest.mark.parametrize('shapes', [((2, 8, 8), (2, 2)), ((2, 1, 8, 8), (3, 2)), ((2, 1, 8, 8), (2, 3))])
def test_rejects_wrong_shapes(shapes):
    with pytest.raises(chainer.utils.type_check.InvalidType):
        glimpse_sensor(*(np.zeros(shape, np.float32) for shape in shapes), 4, 1)
