import dataclasses
import io

import numpy as np
import pytest
from PIL import Image, ImageColor

from ram.pictures import canvas
from ram.pictures.drawing import RIGHT_BAR, WRONG_BAR
from ram.pictures.sheet import Sheet, contact_sheet
from tests.pictures.test_scene import scene


def opened(scenes):
    with Image.open(io.BytesIO(contact_sheet(scenes))) as sheet:
        assert sheet.format == 'PNG'
        return np.asarray(sheet.convert('RGB'))


@pytest.mark.parametrize('classes', [tuple('0123456789'), tuple(f'a long name, number {n}' for n in range(10))])
def test_a_bar_for_each_glimpse_of_each_scene(tiny, classes):
    """Wrong, right and right, with three probabilities, in each of two rows."""
    config = dataclasses.replace(tiny, dataset='folder', classes=classes)
    chances = np.full((3, 10), 0.02)
    for t, (answer, share) in enumerate([(8, 0.5), (3, 0.7), (3, 0.9)]):
        chances[t, answer] = share
    sheet = opened([scene(config, (0, 0), probabilities=chances)] * 2)
    assert sheet.shape[1] == round(canvas.WIDTH * canvas.DPI)
    side = canvas.grid(3)[1] * canvas.DPI
    for colour, shares in (WRONG_BAR, [0.5]), (RIGHT_BAR, [0.7, 0.9]):
        there = (sheet == ImageColor.getrgb(colour)).all(axis=2)
        rows = np.flatnonzero(np.diff(np.r_[0, there.any(axis=1), 0]))
        assert len(rows) == 2 * 2  # two bands
        for top, bottom in rows.reshape(2, 2):
            edges = np.flatnonzero(np.diff(np.r_[0, there[top], 0])).reshape(-1, 2)
            assert np.diff(edges).ravel() == pytest.approx(side * np.array(shares), abs=2)
            assert bottom - top == pytest.approx(canvas.LINE * canvas.DPI, abs=4)



def test_a_tall_picture_does_not_make_a_tall_sheet(tiny):
    square, tall = (opened([scene(tiny, (0, 0), np.zeros((1, height, 30), np.float32))]) for height in (30, 900))
    assert tall.shape[0] < 1.5 * square.shape[0]


@pytest.mark.parametrize('length, lines', [(6, 1), (18, 2)])
def test_the_truth_is_told_in_full(tiny, length, lines):
    """Where an answer and the truth are too long for one line, each has its own."""
    config = dataclasses.replace(tiny, dataset='folder', classes=tuple(f'{n}' + 'n' * length for n in range(10)))
    sheet = Sheet([scene(config, (0, 0), probabilities=np.eye(10)[[8, 8, 8]])])
    told = [text.get_text() for text in sheet.canvas.ground.texts]
    parts = [f'Answer: {config.classes[8]}.', f'Wrong: it is {config.classes[3]}.']
    assert (' '.join(parts) in told) == (lines == 1)
    assert (parts[0][:-1] in told and parts[1][:-1] in told) == (lines == 2)
