import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from datasets import crops

sides = st.integers(1, 300)


def test_the_tight_square_is_in_the_middle_of_the_number():
    boxes = [(30, 50, 10, 30), (45, 40, 15, 20)]  # together from 30 to 60 and from 40 to 80
    for place in (0, 0), (0.3, 0.9):
        assert crops.square(boxes, 500, 500, 1, place) == (45 - 26, 60 - 26, 52)
    assert crops.square([(-20, 10, 60, 20)], 100, 100, 1, (0, 0)) == (20 - 26, 20 - 26, 52)  # 40 pixels of it are there


@given(sides, sides, st.floats(1, 8), st.tuples(*[st.floats(0, 1)] * 2), st.tuples(*[st.floats(0, 0.9)] * 2),
       st.tuples(*[st.floats(0.05, 1)] * 2))
def test_squares_contain_the_tight_one_and_show_what_they_can(width, height, margin, place, corner, part):
    """Compared with all squares of that size at whole pixels, one by one."""
    box = (corner[0] * width, corner[1] * height, part[0] * width, part[1] * height)
    left, top, side = crops.square([box], width, height, margin, place)
    tight = 1.3 * max(min(box[0] + box[2], width) - box[0], min(box[1] + box[3], height) - box[1])
    assert abs(side - margin * tight) <= 0.5 or side == 1
    for start, first, extent, length in (left, box[0], box[2], width), (top, box[1], box[3], height):
        middle = (first + min(first + extent, length)) / 2
        lowest, highest = middle + tight / 2 - margin * tight, middle - tight / 2
        assert lowest - 1 <= start <= highest + 1

        def shown(at, length=length):
            return max(0, min(at + margin * tight, length) - max(at, 0))

        assert shown(start) >= max(map(shown, np.linspace(lowest, highest, 50))) - 2


def test_numbers_lie_anywhere_in_wide_squares():
    boxes = [(500, 500, 20, 40)]
    found = np.array([crops.square(boxes, 1000, 1000, 2, crops.place_of(f'{i}.png'))[:2] for i in range(400)])
    assert found.min() in range(432, 436) and found.max() in range(488, 500)  # 546 - 104 and 520 - 26, or 510 - 26
    assert abs(np.corrcoef(found.T)[0, 1]) < 0.15 and crops.place_of('1.png') == crops.place_of('1.png')


def test_boxes_outside_are_refused():
    for box in (100, 0, 5, 5), (-9, 0, 9, 5), (0, -50, 9, 5):
        with pytest.raises(ValueError, match='box .* of a digit is outside the picture, which is 100 x 80 pixels'):
            crops.square([(10, 10, 5, 5), box], 100, 80, 1, (0, 0))


def test_what_is_cut_out_is_the_picture_with_its_border_repeated(rng):
    """Without a change of scale: pixel by pixel, with each coordinate clipped."""
    pixels = rng.integers(0, 256, (20, 30, 3)).astype(np.uint8)
    for left, top, side in (3, 4, 10), (-5, 2, 16), (20, 15, 25), (-40, -40, 100):
        found = np.asarray(crops.cropped(Image.fromarray(pixels), left, top, side, side))
        expected = [[pixels[min(max(top + y, 0), 19), min(max(left + x, 0), 29)] for x in range(side)]
                    for y in range(side)]
        np.testing.assert_array_equal(found, expected)
        inside = np.zeros((side, side), bool)
        inside[max(-top, 0):20 - top, max(-left, 0):30 - left] = True
        for fill, colour in ((1, 2, 3), (1, 2, 3)), (255, (255, 255, 255)):
            filled = np.asarray(crops.cropped(Image.fromarray(pixels), left, top, side, side, fill))
            np.testing.assert_array_equal(filled[inside], found[inside])
            assert (filled[~inside] == colour).all()


@given(sides, sides, st.integers(-50, 299), st.integers(-50, 299), sides, st.integers(1, 70))
def test_every_square_has_its_size(width, height, left, top, side, size):
    if left < width and top < height and left + side > 0 and top + side > 0:
        found = crops.cropped(Image.new('L', (width, height), 9), left, top, side, size)
        assert found.size == (size, size) and found.getextrema() == (9, 9)
