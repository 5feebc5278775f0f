import ctypes
import shutil
import subprocess
import tracemalloc

import chainer
import numpy as np
import pytest

from ram.fast import block_sums as sums
from ram.networks import glimpse_sensor as module
from ram.networks.glimpse_sensor import GlimpseSensor, glimpse_sensor
from ram.networks.pixels import whole
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
         (1, 12, 13, 4, 2, 3), (2, 6, 17, 1, 4, 2), (1, 10, 10, 5, 2, 1), (1, 3, 14, 2, 4, 3), (1, 7, 6, 1, 3, 9)]
# On every border and corner, on rounding's ties, over the borders, and far away.
BORDERS = [(-1, -1), (1, 1), (-1, 1), (1, -1), (0, 0), (-1, 0.3), (0.2, 1), (1.2, 0), (-0.4, -1.3), (1.9, -1.9),
           (50, 0), (0, -1e9)]


@pytest.fixture(params=CASES, ids=str)
def case(request, rng):
    channels, height, width, patch, scales, factor = request.param
    locations = np.concatenate([np.array(BORDERS, np.float32), rng.uniform(-1.1, 1.1, (12, 2)).astype(np.float32)])
    images = rng.integers(0, 256, (len(locations), channels, height, width)).astype(np.uint8)
    return images, locations, patch, scales, factor


def test_bytes_equal_a_naive_loop(case):
    images, *rest = case
    expected = naive_glimpse(images / 255, *rest)
    glimpse = glimpse_sensor(*case)
    assert glimpse.dtype == np.float32 and glimpse.shape == expected.shape
    np.testing.assert_allclose(glimpse.array, expected, atol=1e-6)


@pytest.mark.filterwarnings('error')
@pytest.mark.parametrize('normalise', [False, True])
def test_a_location_that_is_not_a_number_sees_nothing(normalise, rng):
    """As of a run that diverges, which is to end with the message that its loss is not finite."""
    images = rng.integers(0, 256, (2, 1, 28, 28)).astype(np.uint8)
    glimpse = GlimpseSensor(images, 8, 2, 2, normalise)(np.array([[np.nan, 0], [0, np.nan]], np.float32))
    assert (glimpse == 0).all()


@pytest.mark.parametrize('dtype, error', [(np.float32, 1e-6), (np.float64, 1e-12)])
def test_floats_equal_a_naive_loop(case, dtype, error):
    images, *rest = case
    images = (images / 255).astype(dtype)
    glimpse = glimpse_sensor(images, *rest).array
    assert glimpse.dtype == dtype
    np.testing.assert_allclose(glimpse, naive_glimpse(images, *rest), atol=error)


@pytest.mark.parametrize('dtype', [np.uint8, np.float32])
def test_normalised_glimpses_are_those_of_normalised_images(case, dtype):
    images, locations, *retina = case
    images = images if dtype == np.uint8 else (images / 255).astype(np.float32)
    expected = naive_glimpse(whole(images, normalise=True), locations, *retina)
    # A small contrast enlarges the errors of rounding.
    contrast = images.std() / (255 if dtype == np.uint8 else 1) if images[0].size > 1 else 1e-3
    found = GlimpseSensor(images, *retina, normalise=True)(locations)
    np.testing.assert_allclose(found, expected, atol=1e-6 / contrast)


@pytest.mark.parametrize('large', [False, True])
def test_random_sizes_equal_a_naive_loop(rng, monkeypatch, large):
    """Also where levels are made of a few images at a time, or of what is under the largest patch alone."""
    monkeypatch.setattr(sums, 'LARGE', 0 if large else sums.LARGE)
    for _ in range(40):
        channels, patch, scales, factor = rng.integers(1, [4, 7, 4, 4])
        monkeypatch.setattr(sums, 'MADE', int(rng.integers(1, 3000)))
        monkeypatch.setattr(sums, 'READ', int(rng.integers(1, 3000)))
        size = rng.integers(1, 24, 2) + large * 3 * patch * factor ** (scales - 1)
        images = rng.integers(0, 256, (3, channels, *size)).astype(np.uint8)
        assert isinstance(GlimpseSensor(images, patch, scales, factor).sums, sums.WindowSums) == large
        locations = rng.uniform(-1.5, 1.5, (3, 2)).astype(np.float32)
        np.testing.assert_allclose(glimpse_sensor(images, locations, patch, scales, factor).array,
                                   naive_glimpse(images / 255, locations, patch, scales, factor), atol=1e-6)


@pytest.mark.parametrize('scales, dtype', [(1, np.uint8), (5, np.uint16), (6, np.uint32)])
def test_the_brightest_bytes_do_not_overflow(scales, dtype):
    """Blocks of 1, 16 x 16 and 32 x 32 pixels."""
    images = np.full((2, 1, 80, 90), 255, np.uint8)
    sensor = GlimpseSensor(images, 2, scales)
    assert sensor.sums.levels.dtype == dtype
    np.testing.assert_allclose(sensor(np.zeros((2, 2), np.float32)), 1, rtol=1e-6)


@pytest.mark.parametrize('retina', [(4, 5, 4), (1, 8, 3), (2, 3, 16)])
def test_memory_follows_the_image_and_not_the_largest_patch(retina, rng):
    images = rng.integers(0, 256, (20, 1, 28, 20)).astype(np.uint8)
    sums._spare.clear()
    tracemalloc.start()
    try:
        GlimpseSensor(images, *retina)(np.zeros((20, 2), np.float32))
        assert tracemalloc.get_traced_memory()[1] < 1000 * images.size
    finally:
        tracemalloc.stop()


def test_batches_that_are_alive_share_no_memory(rng):
    """Memory is used again only when a batch is done with, and nothing of that batch is left in it."""
    def batch(shape):
        images = rng.integers(0, 256, shape).astype(np.uint8)
        return images, GlimpseSensor(images, 4, 3)

    locations = rng.uniform(-1.5, 1.5, (6, 2)).astype(np.float32)
    for first, second in ((1, 30, 30), (1, 30, 30)), ((1, 30, 30), (2, 9, 14)), ((1, 8, 8), (3, 40, 20)):
        batches = [batch((6, *first)), batch((6, *second))]
        seen = [(images, sensor(locations)) for images, sensor in batches]
        assert not np.may_share_memory(batches[0][1].sums.levels, batches[1][1].sums.levels)
        del batches
        batch((6, *first))[1](locations[::-1])
        for images, glimpse in seen:
            np.testing.assert_allclose(glimpse, naive_glimpse(images / 255, locations, 4, 3, 2), atol=1e-6)


def kernel_source(retina, before, after):
    """The GPU kernel's operation between other lines of C++."""
    return f'{before}\n{module.KERNEL_CONSTANTS.format(*retina)}\n{after[0]}\n{module.KERNEL_OPERATION}\n{after[1]}\n'


def test_kernels_equal_a_naive_loop(case, cpp):
    """The operations of the GPU's kernels, compiled as C++ and run element by element."""
    images, locations, patch, scales, factor = case
    count, channels, height, width = images.shape
    before = '''
        #include <algorithm>
        #include <cmath>
        #include <cstddef>
        using std::min; using std::max;
        typedef unsigned char I; typedef unsigned short S; typedef float T; typedef float L;'''
    level = cpp('level', before.replace('char I', 'short I') + '''
        extern "C" void run(const I* finer, int height, int width, int low, int narrow, int tall, int wide, S* out,
                            ptrdiff_t n) {
            for (ptrdiff_t i = 0; i < n; ++i) { S& coarser = out[i];''' + module.LEVEL_OPERATION + '} }')
    finer, levels = images.astype(np.uint16), []
    blocks = sums.spans((height, width), scales, factor)
    for smaller, (tall, wide) in zip(blocks, blocks[1:]):
        coarser = np.empty(count * channels * (height + tall - 1) * (width + wide - 1), np.uint16)
        level.run(*pointers(finer), height, width, *smaller, tall, wide, *pointers(coarser),
                  ctypes.c_ssize_t(coarser.size))
        levels.append(coarser)
        finer = coarser
    levels = np.concatenate(levels or [np.zeros(1, np.uint16)])
    glimpse = cpp('kernel', kernel_source((channels, patch, scales, factor), before, ('''
        extern "C" void run(const I* images, const S* levels, const L* locations, int count, int height, int width,
                            T gain, T shift, T* out, ptrdiff_t n) {
            for (ptrdiff_t i = 0; i < n; ++i) { T& glimpse = out[i];''', '} }')))
    out = np.empty((count, scales * channels, patch, patch), np.float32)
    gain, shift = 1 / 255, 0.2
    glimpse.run(*pointers(images, levels, locations), count, height, width, ctypes.c_float(gain), ctypes.c_float(shift),
                *pointers(out), ctypes.c_ssize_t(out.size))
    np.testing.assert_allclose(out, naive_glimpse(images / 255 - 0.2, locations, patch, scales, factor), atol=1e-6)


@pytest.mark.parametrize('architecture', ['sm_80', 'sm_90'])
def test_kernel_compiles_for_gpus(architecture, tmp_path):
    if not shutil.which('nvcc'):
        pytest.skip('no nvcc')
    source = kernel_source(
        (1, 12, 3, 2), 'typedef unsigned char I; typedef unsigned short S; typedef float T; typedef float L;', ('''
        __global__ void run(const I* images, const S* levels, const L* locations, int count, int height, int width,
                            T gain, T shift, T* out, ptrdiff_t n) {
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


@pytest.mark.parametrize('side', [4, 7])
def test_the_corner_of_a_patch_is_where_its_first_pixel_is(rng, side):
    images = rng.random((20, 1, 30, 40), np.float32)
    locations = rng.uniform(-0.6, 0.6, (20, 2)).astype(np.float32)
    for image, seen, top, left in zip(images, glimpse_sensor(images, locations, side, 1).array,
                                      *module.patch_corners(locations, 30, 40, side)):
        np.testing.assert_array_equal(seen, image[:, top:top + side, left:left + side])


def test_images_need_not_be_contiguous(rng):
    images = rng.integers(0, 256, (4, 9, 8, 2)).astype(np.uint8).transpose(0, 3, 1, 2)
    locations = rng.uniform(-1, 1, (4, 2)).astype(np.float32)
    np.testing.assert_allclose(glimpse_sensor(images, locations, 3, 2).array,
                               naive_glimpse(images / 255, locations, 3, 2, 2), atol=1e-6)


def test_fills_an_array_that_it_is_given(rng):
    images, locations = rng.random((3, 2, 9, 11), np.float32), rng.uniform(-1, 1, (3, 2)).astype(np.float32)
    filled = np.full((3, 2 * 2 * 16), np.nan, np.float32)
    GlimpseSensor(images, 4, 2)(locations, filled)
    np.testing.assert_array_equal(filled, glimpse_sensor(images, locations, 4, 2).array.reshape(filled.shape))


def test_no_gradient_to_images_or_locations(rng):
    images = chainer.Variable(rng.random((2, 1, 8, 8), np.float32))
    locations = chainer.Variable(rng.uniform(-1, 1, (2, 2)).astype(np.float32))
    glimpse = glimpse_sensor(images, locations, 4, 2)
    assert not glimpse.requires_grad  # so that no layer computes one
    glimpse.grad = np.ones_like(glimpse.array)
    glimpse.backward()
    assert images.grad is None and locations.grad is None


RIGHT = dict(images=np.zeros((2, 1, 8, 8), np.float32), locations=np.zeros((2, 2), np.float32), patch=4, scales=1,
             factor=2)


@pytest.mark.parametrize('name, wrong', [
    ('images', np.zeros((2, 8, 8), np.float32)), ('images', np.zeros((2, 1, 8, 8), np.int64)), ('images', [[1]]),
    ('images', np.full((2, 1, 8, 8), np.nan, np.float32)), ('images', np.zeros((2, 1, 8, 8), np.uint16)),
    ('images', np.zeros((2, 1, 8, 0), np.float32)), ('images', np.full((2, 1, 8, 8), -np.inf)),
    ('locations', np.zeros((3, 2), np.float32)), ('locations', np.zeros((2, 3), np.float32)),
    ('locations', np.zeros(2, np.float32)), ('locations', np.zeros((2, 2), int)), ('locations', [(0, 0), (0, 0)]),
    ('locations', np.full((2, 2), np.nan, np.float32)), ('locations', np.full((2, 2), np.inf)),
    ('patch', 0), ('patch', 2.0), ('scales', 0), ('scales', None), ('factor', -1), ('factor', '2')], ids=str)
def test_what_it_cannot_take_is_refused(name, wrong):
    with pytest.raises(ValueError, match=f'^{name} must be .*, not '):
        glimpse_sensor(**{**RIGHT, name: wrong})
    assert glimpse_sensor(**RIGHT).shape == (2, 1, 4, 4)


@pytest.mark.parametrize('changes', [dict(patch=4097), dict(patch=8, scales=11), dict(scales=3, factor=33),
                                     dict(scales=10 ** 9), dict(factor=10 ** 30, scales=2)], ids=str)
def test_a_patch_that_no_memory_holds_is_refused(changes):
    with pytest.raises(ValueError, match='largest patch in pixels, must be at most 4096, not'):
        glimpse_sensor(**{**RIGHT, **changes})


def test_the_largest_patches():
    """Of 4096 pixels; and of as many scales as one likes, if they are all the same."""
    for changes in dict(patch=1, scales=13), dict(patch=1, scales=4, factor=16), dict(patch=1, scales=100, factor=1):
        assert (glimpse_sensor(**{**RIGHT, 'images': RIGHT['images'][:1, :, :2, :2],
                                  'locations': RIGHT['locations'][:1], **changes}).array == 0).all()


@pytest.mark.parametrize('dtype', ['?', np.float16, '>f4', '>f8'])
def test_other_types_equal_a_naive_loop(case, dtype):
    """Of float16, all sums are of float32."""
    images, locations, *retina = case
    images = (images / 255).astype(dtype) if dtype != '?' else images > 100
    glimpse = glimpse_sensor(images, locations, *retina)
    assert glimpse.dtype == (np.float64 if dtype == '>f8' else np.float32)
    np.testing.assert_allclose(glimpse.array, naive_glimpse(images.astype(float), locations, *retina), atol=1e-6)


def test_float16_locations_are_as_good_as_float32(rng):
    images = rng.random((5, 1, 1, 3000), np.float32)
    locations = rng.uniform(-1, 1, (5, 2)).astype(np.float16)
    np.testing.assert_array_equal(glimpse_sensor(images, locations, 4, 1).array,
                                  glimpse_sensor(images, locations.astype(np.float32), 4, 1).array)


def test_an_empty_batch_has_no_glimpses():
    assert glimpse_sensor(np.zeros((0, 1, 8, 8), np.uint8), np.zeros((0, 2), np.float32), 4, 2).shape == (0, 2, 4, 4)
