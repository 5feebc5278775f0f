import ctypes

import numpy as np
import pytest
import scipy.ndimage

from datasets.augmentation import Augmentation, distortion
from datasets.augmentation.distortion import POINTS
from tests.conftest import pointers
from tests.datasets.conftest import Drawn, kernel, pictures

ALL = Augmentation(rotate=20, zoom=0.3, shear=0.2, elastic=3, flip=True)
SHAPES = [(6, 1, 28, 28), (4, 3, 32, 32), (3, 3, 20, 37), (2, 1, 1, 5)]
MODES = [(False, 'grid-constant'), (True, 'nearest')]


def identity(count, height, width):
    """Control points that leave a picture as it is."""
    y, x = np.linspace(0, height - 1, POINTS), np.linspace(0, width - 1, POINTS)
    return np.tile(np.stack(np.meshgrid(y, x, indexing='ij')), (count, 1, 1, 1)).astype(np.float32)


def by_scipy(images, points, mode):
    """The same map by SciPy, which interpolates the control points and then the picture."""
    height, width = images.shape[2:]
    grid = np.meshgrid(np.linspace(0, POINTS - 1, height), np.linspace(0, POINTS - 1, width), indexing='ij')
    out = np.empty(images.shape)
    for n, picture in enumerate(images):
        places = [scipy.ndimage.map_coordinates(axis.astype(float), grid, order=1) for axis in points[n]]
        for c, channel in enumerate(picture.astype(float)):
            out[n, c] = scipy.ndimage.map_coordinates(channel, places, order=1, mode=mode)
    return out


@pytest.mark.parametrize('shape', SHAPES)
@pytest.mark.parametrize('repeat, mode', MODES)
def test_distortion_is_that_of_scipy(rng, shape, repeat, mode):
    images = pictures(rng, shape)
    points = distortion.draw_points(np, rng, shape[0], *shape[2:], ALL)
    found = distortion.distorted(np, images, points, repeat)
    assert found.shape == shape and found.dtype == np.uint8
    # Places are rounded to 1/256 of a pixel, each way; neighbours differ by up to 255.
    np.testing.assert_allclose(found, by_scipy(images, points, mode), atol=2.6)


@pytest.mark.parametrize('repeat', [False, True])
def test_distortion_that_changes_nothing(rng, repeat):
    for shape in SHAPES:
        images = pictures(rng, shape)
        np.testing.assert_array_equal(
            distortion.distorted(np, images, identity(shape[0], *shape[2:]), repeat), images)


def test_many_pictures_are_distorted_as_few(rng):
    """They are made in parts."""
    images = pictures(rng, (100, 1, 28, 28))
    points = distortion.draw_points(np, rng, 100, 28, 28, ALL)
    found = distortion.distorted(np, images, points, False)
    for n in (0, 40, 99):
        np.testing.assert_array_equal(found[n:n + 1], distortion.distorted(
            np, images[n:n + 1], points[n:n + 1], False))


@pytest.mark.parametrize('shape', SHAPES)
@pytest.mark.parametrize('repeat, mode', MODES)
def test_kernel_is_that_of_scipy(rng, cpp, shape, repeat, mode):
    """What distorts pictures on a GPU, compiled as C++ and run pixel by pixel."""
    run = kernel(cpp, distortion.DISTORTION_INPUTS, distortion.DISTORTION_OUTPUTS, distortion.DISTORTION_OPERATION)
    images, out = pictures(rng, shape), np.empty(shape, np.uint8)
    points = np.ascontiguousarray(distortion.draw_points(np, rng, shape[0], *shape[2:], ALL))
    run(*pointers(images, points), *shape[1:], int(repeat), POINTS, *pointers(out), ctypes.c_ssize_t(out.size))
    np.testing.assert_allclose(out, by_scipy(images, points, mode), atol=0.51)


@pytest.mark.parametrize('augmented', [ALL, Augmentation(), Augmentation(rotate=90, zoom=0.5, flip=True)])
def test_kernel_draws_the_same_points(rng, cpp, augmented):
    """What draws control points on a GPU, compiled as C++, from the same random numbers as on a CPU."""
    run = kernel(cpp, distortion.POINTS_INPUTS, distortion.POINTS_OUTPUTS, distortion.POINTS_OPERATION)
    drawn, noise = rng.random((50, 4), np.float32), rng.random((50, 2, POINTS, POINTS), np.float32)
    expected = distortion.draw_points(np, Drawn(2 * drawn - 1, 2 * noise - 1), 50, 28, 41, augmented)
    out = np.empty(noise.shape, np.float32)
    a, real = augmented, ctypes.c_float
    run(*pointers(drawn, noise), real(np.radians(a.rotate)), real(a.zoom), real(a.shear), real(a.elastic), int(a.flip),
        28, 41, POINTS, *pointers(out), ctypes.c_ssize_t(out.size))
    np.testing.assert_allclose(out, expected, atol=1e-4)


def points_of(augmented, *values, height=29, width=41):
    """Where the control points of one picture are, from its centre, (2, G, G)."""
    points, = distortion.draw_points(np, Drawn(*values), 1, height, width, augmented)
    return points - np.array([(height - 1) / 2, (width - 1) / 2]).reshape(2, 1, 1)


def test_the_geometry_is_the_closed_form():
    y, x = points_of(Augmentation(), np.zeros(4))
    np.testing.assert_allclose(y[:, 0], [-14, -7, 0, 7, 14])
    np.testing.assert_allclose(x[0], [-20, -10, 0, 10, 20])
    y2, x2 = points_of(Augmentation(rotate=90), [1, 0, 0, 0])
    np.testing.assert_allclose([y2, x2], [x, -y], atol=1e-5)  # a quarter of a turn
    np.testing.assert_allclose(points_of(Augmentation(zoom=1), [0, 1, 0, 0]), np.stack([y, x]) / 2)  # twice as large
    np.testing.assert_allclose(points_of(Augmentation(zoom=1), [0, -1, 0, 0]), np.stack([y, x]) * 2)
    np.testing.assert_allclose(points_of(Augmentation(shear=0.5), [0, 0, 1, 0]), [y, x + 0.5 * y])
    np.testing.assert_allclose(points_of(Augmentation(flip=True), [0, 0, 0, -0.5]), [y, -x])
    np.testing.assert_allclose(points_of(Augmentation(flip=True), [0, 0, 0, 0.5]), [y, x])
    bent = np.zeros((1, 2, POINTS, POINTS))
    bent[0, 1, 2, 3] = 0.5
    np.testing.assert_allclose(points_of(Augmentation(elastic=4), np.zeros(4), bent) - [y, x], 4 * bent[0], atol=1e-5)


def test_a_rotated_picture_is_that_of_scipy(rng):
    image = scipy.ndimage.gaussian_filter(pictures(rng, (33, 33)).astype(float), 2)
    image = (255 * (image - image.min()) / np.ptp(image)).astype(np.uint8)
    points = distortion.draw_points(np, Drawn([1, 0, 0, 0]), 1, 33, 33, Augmentation(rotate=30))
    turned = distortion.distorted(np, image[None, None], points, True)[0, 0]
    expected = scipy.ndimage.rotate(image.astype(float), 30, reshape=False, order=1, mode='nearest')
    np.testing.assert_allclose(turned, expected, atol=2)


def test_what_is_drawn_is_uniform_within_its_range(rng):
    points = distortion.draw_points(np, rng, 20000, 3, 3, Augmentation(rotate=40, zoom=0.5)).astype(float)
    y, x = (points[:, :, 2, 4] - points[:, :, 2, 2]).T  # what one pixel to the right shows, from the middle
    for drawn, most in ((np.degrees(np.arctan2(y, x)), 40), (np.log(np.hypot(y, x)), np.log(1.5))):
        assert abs(drawn).max() <= most * 1.001
        counts, _ = np.histogram(drawn, 10, (-most * 1.001, most * 1.001))
        assert abs(counts - 2000).max() < 5 * 2000 ** 0.5


def test_half_of_the_pictures_are_mirrored(rng):
    points = distortion.draw_points(np, rng, 20000, 3, 3, Augmentation(flip=True))
    mirrored = points[:, 1, 0, 0] > points[:, 1, 0, -1]
    assert abs(mirrored.sum() - 10000) < 5 * 5000 ** 0.5
