import dataclasses

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ram.networks.glimpse_sensor import glimpse_sensor
from ram.pictures.drawing import OTHER, RIGHT, RIGHT_BAR, WRONG, WRONG_BAR
from ram.pictures.retina import seen
from ram.pictures.scene import ROWS, Scene


def scene(config, location, image=None, probabilities=None, truth=3):
    """An episode whose glimpses all go to one place, or to a place each."""
    image = np.zeros((1, 40, 60), np.float32) if image is None else image
    locations = np.broadcast_to(np.asarray(location, np.float32), (config.glimpses, 2))
    retina = seen(image[None], locations[:, None], config)[:, 0]
    if probabilities is None:
        probabilities = np.full((config.glimpses, 10), 0.1)
    return Scene(image, locations, retina, probabilities, truth, config)


@pytest.mark.parametrize('location', [(-0.7, -0.55), (0.9, -0.9), (0, 0), (-0.31, 0.77)])
def test_squares_are_where_the_sensor_looks(tiny, location):
    """Painting the squares white, one at a time, must fill exactly that scale's glimpse."""
    shown = scene(tiny, location)
    for k, (left, top, side) in enumerate(shown.patches(0)):
        image = np.zeros((1, 1, 40, 60), np.float32)
        image[0, 0, max(top, 0):max(top + side, 0), max(left, 0):max(left + side, 0)] = 1
        glimpse = glimpse_sensor(image, shown.locations[:1], tiny.patch, tiny.scales).array[0, k]
        whole = glimpse_sensor(np.ones_like(image), shown.locations[:1], tiny.patch, tiny.scales).array[0, k]
        np.testing.assert_array_equal(glimpse, whole)
        assert glimpse.sum() * side ** 2 / tiny.patch ** 2 == pytest.approx(image.sum())  # and nothing but the glimpse


def test_axes_show_the_digit_in_its_corner(tiny):
    """A digit in the top-right corner, fixated: the squares and the pixels are drawn in the same place."""
    image = np.zeros((1, 60, 60), np.float32)
    image[0, 4:12, 46:56] = 1
    config = dataclasses.replace(tiny, patch=12, scales=1)
    shown = scene(config, (51 / 60 * 2 - 1, 8 / 60 * 2 - 1), image)
    axes = Figure().subplots()
    shown.draw_image(axes, 0)
    square, = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    assert (square.get_x(), square.get_y(), square.get_width()) == (45, 2, 12)
    picture, = axes.images
    assert tuple(picture.get_extent()) == (0, 60, 60, 0)
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # y grows downwards
    np.testing.assert_array_equal(picture.get_array(), np.repeat(image[0, :, :, None], 3, axis=2))


@pytest.mark.parametrize('shape', [(1, 375, 1), (1, 1, 375), (1, 1, 1), (3, 1, 1), (3, 1, 375), (3, 375, 1)])
def test_strips_and_single_pixels_can_be_drawn(tiny, rng, shape):
    """Grey or in colour, with an axis of one pixel."""
    image = rng.random(shape, np.float32)
    axes = Figure().subplots()
    scene(tiny, (0, 0), image).draw_image(axes, 0)
    found = np.asarray(axes.images[0].get_array())
    np.testing.assert_allclose(found, np.broadcast_to(image.transpose(1, 2, 0), found.shape), atol=1 / 255)


@pytest.mark.parametrize('location, x, y', [
    ((0, 0), (0, 60), (40, 0)),         # the coarse patch, but not the fine one, may be cut
    ((-1, 0), (-2, 60), (40, 0)),
    ((1, 1), (0, 62), (42, 0)),
    ([(0, 0), (1, 0), (0, -1)], (0, 62), (40, -2))])
def test_the_outside_is_shown_where_a_fine_patch_needs_it(tiny, location, x, y):
    axes = Figure().subplots()
    scene(tiny, location).draw_image(axes, 0)
    assert (axes.get_xlim(), axes.get_ylim()) == (x, y)


def test_bars_are_the_probabilities(tiny, rng):
    chances = rng.dirichlet(np.ones(10), tiny.glimpses)
    chances[1] = [0, 0, 0, 0.1, 0.9, 0, 0, 0, 0, 0]
    (caption, bars), = scene(tiny, (0, 0), probabilities=chances).thoughts(1)
    assert [name for name, _, _ in bars] == list('0123456789')
    assert [share for _, share, _ in bars] == pytest.approx(chances[1])
    assert [colour for _, _, colour in bars] == [OTHER] * 3 + [RIGHT_BAR, WRONG_BAR] + [OTHER] * 5


def test_of_many_classes_the_likeliest_and_the_truth_have_bars(tiny):
    config = dataclasses.replace(tiny, dataset='folder', classes=tuple(f'class {n:02}' for n in range(40)))
    chances = np.tile(np.arange(40.0), (3, 1))
    (_, bars), = scene(config, (0, 0), probabilities=chances / chances.sum(axis=1, keepdims=True)).thoughts(0)
    assert [name for name, _, _ in bars] == ['class 03', *(f'class {n}' for n in range(41 - ROWS, 40))]


@pytest.mark.parametrize('truth, words', [
    (3, [('Right', RIGHT)]), (4, [('Wrong: it is 4', WRONG)]), (None, [])])
def test_words_say_the_answer_and_whether_it_is_right(tiny, truth, words):
    shown = scene(tiny, (0, 0), probabilities=np.eye(10)[[3, 3, 3]], truth=truth)
    assert [shown.words(t)[0][0] for t in range(3)] == ['So far: 3', 'So far: 3', 'Answer: 3']
    assert shown.words(2)[1:] == words
