import ctypes

import numpy as np
import pytest
import scipy.ndimage

from datasets import augmentation, scenes
from datasets.augmentation import POINTS, Augmentation
from ram.training.scene_iterator import SceneIterator
from tests.conftest import pointers

ALL = Augmentation(rotate=20, zoom=0.3, shear=0.2, elastic=3, flip=True, brightness=0.5, contrast=0.5, tint=0.3)
SHAPES = [(6, 1, 28, 28), (4, 3, 32, 32), (3, 3, 20, 37), (2, 1, 1, 5)]
MODES = [(False, 'grid-constant'), (True, 'nearest')]


def pictures(rng, shape):
    return rng.integers(0, 256, shape).astype(np.uint8)


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
    points = augmentation.draw_points(np, rng, shape[0], *shape[2:], ALL)
    found = augmentation.distorted(np, images, points, repeat)
    assert found.shape == shape and found.dtype == np.uint8
    # Places are rounded to 1/256 of a pixel, each way; neighbours differ by up to 255.
    np.testing.assert_allclose(found, by_scipy(images, points, mode), atol=2.6)


@pytest.mark.parametrize('repeat', [False, True])
def test_distortion_that_changes_nothing(rng, repeat):
    for shape in SHAPES:
        images = pictures(rng, shape)
        np.testing.assert_array_equal(
            augmentation.distorted(np, images, identity(shape[0], *shape[2:]), repeat), images)


def test_many_pictures_are_distorted_as_few(rng):
    """They are made in parts."""
    images = pictures(rng, (100, 1, 28, 28))
    points = augmentation.draw_points(np, rng, 100, 28, 28, ALL)
    found = augmentation.distorted(np, images, points, False)
    for n in (0, 40, 99):
        np.testing.assert_array_equal(found[n:n + 1], augmentation.distorted(
            np, images[n:n + 1], points[n:n + 1], False))


@pytest.mark.parametrize('shape', SHAPES)
@pytest.mark.parametrize('repeat, mode', MODES)
def test_kernel_is_that_of_scipy(rng, cpp, shape, repeat, mode):
    """What distorts pictures on a GPU, compiled as C++ and run pixel by pixel."""
    inputs = [part.split() for part in augmentation.DISTORTION_INPUTS.split(', ')]
    kinds = {'raw uint8': 'const unsigned char*', 'raw float32': 'const float*', 'int32': 'int'}
    arguments = ', '.join(f'{kinds[" ".join(kind)]} {name}' for *kind, name in inputs)
    run = cpp('distort', f"""#include <cmath>
        #include <cstddef>
        #include <algorithm>
        using std::min; using std::max;
        extern "C" void run({arguments}, unsigned char* out, ptrdiff_t n) {{
            for (ptrdiff_t i = 0; i < n; ++i) {{ unsigned char& pixel = out[i]; {augmentation.DISTORTION_OPERATION} }}
        }}""").run
    images, out = pictures(rng, shape), np.empty(shape, np.uint8)
    points = np.ascontiguousarray(augmentation.draw_points(np, rng, shape[0], *shape[2:], ALL))
    run(*pointers(images, points), *shape[1:], int(repeat), POINTS, *pointers(out), ctypes.c_ssize_t(out.size))
    np.testing.assert_allclose(out, by_scipy(images, points, mode), atol=0.51)


class Drawn:
    """A generator that draws what it is told, between -1 and 1."""

    def __init__(self, *values):
        self.values = list(values)

    def random(self, shape, dtype):
        value = np.asarray(self.values.pop(0), dtype)
        return np.broadcast_to((value.reshape(value.shape + (1,) * (len(shape) - value.ndim)) + 1) / 2, shape)


def points_of(augmented, *values, height=29, width=41):
    """Where the control points of one picture are, from its centre, (2, G, G)."""
    points, = augmentation.draw_points(np, Drawn(*values), 1, height, width, augmented)
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
    points = augmentation.draw_points(np, Drawn([1, 0, 0, 0]), 1, 33, 33, Augmentation(rotate=30))
    turned = augmentation.distorted(np, image[None, None], points, True)[0, 0]
    expected = scipy.ndimage.rotate(image.astype(float), 30, reshape=False, order=1, mode='nearest')
    np.testing.assert_allclose(turned, expected, atol=2)


def test_what_is_drawn_is_uniform_within_its_range(rng):
    points = augmentation.draw_points(np, rng, 20000, 3, 3, Augmentation(rotate=40, zoom=0.5)).astype(float)
    y, x = (points[:, :, 2, 4] - points[:, :, 2, 2]).T  # what one pixel to the right shows, from the middle
    for drawn, most in ((np.degrees(np.arctan2(y, x)), 40), (np.log(np.hypot(y, x)), np.log(1.5))):
        assert abs(drawn).max() <= most * 1.001
        counts, _ = np.histogram(drawn, 10, (-most * 1.001, most * 1.001))
        assert abs(counts - 2000).max() < 5 * 2000 ** 0.5


def test_half_of_the_pictures_are_mirrored(rng):
    points = augmentation.draw_points(np, rng, 20000, 3, 3, Augmentation(flip=True))
    mirrored = points[:, 1, 0, 0] > points[:, 1, 0, -1]
    assert abs(mirrored.sum() - 10000) < 5 * 5000 ** 0.5


def curves_of(augmented, values, mean=0.5):
    return augmentation.draw_curves(np, Drawn(np.asarray(values)[None]), np.float32([mean]), len(values) - 2,
                                    augmented)[0]


def test_curves_are_the_closed_form():
    v = np.arange(256) / 255
    one = curves_of(Augmentation(brightness=1), [1, 0, 0.3, 0.4, 0.5])
    np.testing.assert_allclose(one, np.tile(255 * v ** 2, (3, 1)), atol=0.51)
    dark = curves_of(Augmentation(brightness=1), [-1, 0, 0])
    np.testing.assert_allclose(dark[0], 255 * v ** 0.5, atol=0.51)
    np.testing.assert_allclose(curves_of(Augmentation(contrast=1), [0.7, 1, 0])[0],
                               np.clip(255 * (2 * v - 0.5), 0, 255), atol=0.51)
    np.testing.assert_allclose(curves_of(Augmentation(contrast=1), [0.7, -1, 0])[0], 255 * (v / 2 + 0.25), atol=0.51)
    np.testing.assert_allclose(curves_of(Augmentation(brightness=1, contrast=1), [1, 1, 0], 0.3)[0],
                               np.clip(255 * (0.09 + 2 * (v ** 2 - 0.09)), 0, 255), atol=0.51)
    tinted = curves_of(Augmentation(tint=1), [0, 0, -1, 0, 1])
    np.testing.assert_allclose(tinted, np.clip(255 * np.outer([0.5, 1, 2], v), 0, 255), atol=0.51)
    assert (curves_of(Augmentation(), [1, 1, 1])[0] == np.arange(256)).all()


def test_contrast_keeps_a_dark_pictures_mean(rng):
    images = rng.integers(20, 40, (50, 3, 8, 8)).astype(np.uint8)
    changed = Augmentation(contrast=0.5).retone(np, rng, images)
    np.testing.assert_allclose(changed.mean(axis=(1, 2, 3)), images.mean(axis=(1, 2, 3)), atol=0.5)
    spreads = changed.std(axis=(1, 2, 3)) / images.std(axis=(1, 2, 3))
    assert 0.6 < spreads.min() < 0.8 and 1.3 < spreads.max() < 1.6


def test_tones_are_looked_up(rng):
    images, curves = pictures(rng, (5, 3, 4, 6)), pictures(rng, (5, 3, 256))
    found = augmentation.retoned(np, images, curves)
    for place in np.ndindex(images.shape):
        assert found[place] == curves[place[0], place[1], images[place]]


@pytest.mark.parametrize('sources, size, pieces', [
    ((9, 28, 28), 28, 0), ((9, 28, 28), 60, 4), ((9, 3, 32, 32), 32, 0), ((9, 3, 32, 32), 48, 0)])
def test_scenes_of_augmented_sources(rng, sources, size, pieces):
    images, chosen = pictures(rng, sources), np.array([3, 3, 0, 8])
    plain = scenes.fresh_scenes(np, np.random.default_rng(1), images, chosen, size, pieces, 2)
    off = scenes.fresh_scenes(np, np.random.default_rng(1), images, chosen, size, pieces, 2, Augmentation())
    np.testing.assert_array_equal(plain, off)
    changed = scenes.fresh_scenes(np, np.random.default_rng(1), images, chosen, size, pieces, 2, ALL)
    assert changed.shape == plain.shape and changed.dtype == np.uint8 and (changed[0] != changed[1]).any()
    again = scenes.fresh_scenes(np, np.random.default_rng(1), images, chosen, size, pieces, 2, ALL)
    np.testing.assert_array_equal(changed, again)


def test_a_digit_is_distorted_before_a_scene_is_made_of_it(rng):
    """With a map that mirrors, the digit of the scene is mirrored, and the pieces of clutter are not."""
    digits = pictures(rng, (20, 28, 28))
    layout = scenes.draw_layout(rng, np.arange(20), 20, 60, 4)
    own = digits[:, :, ::-1].copy()
    found = scenes.compose(np, digits, layout, 60, own)
    for n in range(20):
        both = np.concatenate([digits, own])
        layout_n = layout[n:n + 1]
        layout_n.source = layout_n.source + 20
        np.testing.assert_array_equal(found[n:n + 1], scenes.compose(np, both, layout_n, 60))


def test_beyond_a_digit_is_black_and_beyond_a_picture_its_border(rng):
    shrunk = Augmentation(zoom=1)
    digits = scenes.fresh_scenes(np, rng, np.full((1, 28, 28), 200, np.uint8), np.zeros(50, int), 28, 0,
                                 augmentation=shrunk)
    for digit, side in zip(digits[:, 0], (digits[:, 0] > 99).sum(axis=2).max(axis=1)):
        inside = slice(14 - side // 2 + 1, 14 + side // 2 - 1)
        assert (digit[inside, inside] == 200).all()
        assert side == 28 or (digit[0] < 200).all() and (digit[:, -1] < 200).all()
    assert digits[:, 0, 0, 0].min() == 0
    whole = np.full((1, 3, 32, 32), 200, np.uint8)
    assert (scenes.fresh_scenes(np, rng, whole, np.zeros(9, int), 32, 0, augmentation=shrunk) == 200).all()


def test_iterator_augments(rng):
    iterator = SceneIterator(pictures(rng, (8, 28, 28)), np.arange(8, dtype=np.int32), 28, 0, 8, augmentation=ALL)
    (one, first, _), (two, second, _) = next(iterator), next(iterator)
    assert (one[first == 5] != two[second == 5]).any() and one.dtype == np.float32
