import dataclasses

import numpy as np
import pytest
from PIL import ImageColor

from ram.pictures.canvas import LINE, measured
from ram.pictures.drawing import RIGHT, RIGHT_BAR, WRONG, WRONG_BAR
from ram.pictures.frame import COLUMN, DPI, frame
from ram.pictures.scene import NAME, Scene

PATCHES = '#c81e82', '#1ec864', '#641ec8'  # colours that nothing else has
SCENE = '#326496'


def plain(colour, height, width):
    """An image of one colour, float array (3, height, width)."""
    return np.broadcast_to(np.float64(ImageColor.getrgb(colour))[:, None, None] / 255, (3, height, width))


def drawn(tiny, answer, share=0.7, height=40, width=40, scales=3):
    """A frame as pixels.  The truth is 3; patch k has the k-th of PATCHES."""
    config = dataclasses.replace(tiny, scales=scales, glimpses=1, patch=1)
    chances = np.full((1, 10), (1 - share) / 9)
    chances[0, answer] = share
    retina = np.stack([plain(PATCHES[k % 3], 1, 1) for k in range(scales)])[None]
    shown = Scene(plain(SCENE, height, width), np.zeros((1, 2), np.float32), retina, chances, 3, config)
    return np.asarray(frame(shown, 0, 'Title'))


def where(pixels, colour):
    return (pixels == ImageColor.getrgb(colour)).all(axis=2).nonzero()



def test_the_patches_are_side_by_side_right_of_the_image(tiny):
    pixels = drawn(tiny, 3)
    assert pixels.shape[1] <= 640 and pixels.shape[0] <= 450
    right = where(pixels, SCENE)[1].max()
    for colour in PATCHES:
        rows, columns = where(pixels, colour)
        side = columns.max() - columns.min() + 1
        assert columns.min() > right and side > 60 and rows.max() - rows.min() + 1 == pytest.approx(side, abs=1)
        assert len(rows) == pytest.approx(side ** 2, rel=0.05)  # and nothing is in front of it
        right = columns.max()


def test_a_name_has_room_beside_its_percentage():
    assert NAME + measured('100%') + 0.1 <= COLUMN


@pytest.mark.parametrize('height, width', [(40, 40), (30, 60), (60, 30)])
def test_the_image_has_its_shape_and_no_margin(tiny, height, width):
    rows, columns = where(drawn(tiny, 3, height=height, width=width), SCENE)
    assert np.ptp(rows) / np.ptp(columns) == pytest.approx(height / width, rel=0.03)
    assert max(np.ptp(rows), np.ptp(columns)) > 300


@pytest.mark.parametrize('answer, bar, word, absent', [(3, RIGHT_BAR, RIGHT, WRONG), (8, WRONG_BAR, WRONG, RIGHT)])
def test_bars_and_words_have_their_colours(tiny, answer, bar, word, absent):
    pixels = drawn(tiny, answer)
    _, columns = where(pixels, bar)
    assert np.ptp(columns) == pytest.approx(0.7 * COLUMN * DPI, abs=2)
    assert len(where(pixels, word)[0]) > 100 and not len(where(pixels, absent)[0])


@pytest.mark.parametrize('scales', [1, 4, 5, 8])
def test_there_is_room_for_all_patches_and_all_bars(tiny, scales):
    pixels = drawn(tiny, 9, scales=scales)
    rows, columns = where(pixels, WRONG_BAR)  # the last bar
    assert np.ptp(rows) == pytest.approx((LINE - 0.02) * DPI, abs=2)
    patches = sum(len(where(pixels, colour)[0]) for colour in PATCHES) / scales
    assert patches > 40 ** 2
