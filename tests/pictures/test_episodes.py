import dataclasses
import io

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from ram.agents.recurrent_attention import RecurrentAttentionModel
from ram.networks.glimpse_sensor import glimpse_sensor
from ram.pictures import episodes


def scene(config, location, image=None):
    image = np.zeros((1, 40, 60), np.float32) if image is None else image
    locations = np.broadcast_to(np.asarray(location, np.float32), (config.glimpses, 2))
    return episodes.Scene(image, locations, np.full((config.glimpses, 10), 0.1), 3, config)


@pytest.mark.parametrize('location', [(-0.7, -0.55), (0.9, -0.9), (0, 0), (-0.31, 0.77)])
def test_squares_are_where_the_sensor_looks(tiny, rng, location):
    """Painting the squares white, one at a time, must fill exactly that scale's glimpse."""
    shown = scene(tiny, location)
    for k, (left, top, side) in enumerate(shown.patches(0)):
        image = np.zeros((1, 1, 40, 60), np.float32)
        image[0, 0, max(top, 0):max(top + side, 0), max(left, 0):max(left + side, 0)] = 1
        seen = glimpse_sensor(image, shown.locations[:1], tiny.patch, tiny.scales).array[0, k]
        whole = glimpse_sensor(np.ones_like(image), shown.locations[:1], tiny.patch, tiny.scales).array[0, k]
        np.testing.assert_array_equal(seen, whole)
        assert seen.sum() * side ** 2 / tiny.patch ** 2 == pytest.approx(image.sum())  # and nothing but the glimpse


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
    assert picture.get_extent() == [0, 60, 60, 0] or tuple(picture.get_extent()) == (0, 60, 60, 0)
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # y grows downwards
    np.testing.assert_array_equal(picture.get_array(), image[0])


def test_gif_has_a_frame_a_glimpse_and_the_sheet_is_a_png(tiny, rng):
    model = RecurrentAttentionModel(dataclasses.replace(tiny, patch=6))
    images = rng.integers(0, 256, (2, 1, 28, 28)).astype(np.uint8)
    scenes = episodes.watch(model, images, np.array([3, 8]), rng)
    assert scenes[1].truth == 8 and scenes[0].probabilities.shape == (3, 10)
    np.testing.assert_allclose(scenes[0].probabilities.sum(axis=1), 1, rtol=1e-5)
    with Image.open(io.BytesIO(episodes.gif(scenes))) as gif:
        assert gif.n_frames == 3 and gif.info['loop'] == 0
        frames = []
        for t in range(3):
            gif.seek(t)
            frames.append(np.asarray(gif.convert('RGB')))
    assert (frames[0] != frames[1]).any()
    with Image.open(io.BytesIO(episodes.contact_sheet(scenes))) as sheet:
        assert sheet.format == 'PNG' and sheet.width > sheet.height


def test_colour_images_are_drawn_too(tiny, rng):
    image = rng.random((3, 30, 30), np.float32)
    assert episodes.frame([scene(tiny, (0, 0), image)], 0).mode == 'RGB'
