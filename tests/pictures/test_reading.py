from types import SimpleNamespace

import chainer
import numpy as np
import pytest
from PIL import ImageColor

from ram.agents.recurrent_attention import Episode
from ram.pictures.drawing import OTHER, RIGHT, RIGHT_BAR, WRONG, WRONG_BAR
from ram.pictures.frame import frame
from ram.pictures.reading import Reading, used
from ram.pictures.retina import seen
from ram.pictures.sheet import Sheet
from tests import rows as task

rows = task.rows


def reading(answers, truth=None, each=2):
    """An episode of a few glimpses for each of four answers: what is said after each glimpse."""
    config, image = task.config(glimpses=each), np.zeros((1, 28, 28), np.float32)
    chances = np.full((4 * each, 4), 0.1)
    chances[np.arange(4 * each), answers] = 0.7
    locations = np.zeros((4 * each, 2), np.float32)
    return Reading(image, locations, seen(image[None], locations[:, None], config)[:, 0], chances, truth, config)


def test_the_text_grows_up_to_its_end(rows):
    """The answers are those of every second glimpse; the first of them that is the end is the last that is shown."""
    shown = reading([0, 1, 3, 2, 1, 3, 0, 0], truth=[1, 2, 3, -1])
    assert len(shown) == 6
    assert [shown.words(t)[0][0] for t in range(6)] == [
        'So far: ', 'So far: b', 'So far: b', 'So far: bc', 'So far: bc', 'Answer: bc']
    assert shown.words(5)[1] == ('Right', RIGHT)
    captions = [shown.thoughts(t)[0][0] for t in range(6)]
    assert captions == [f'Answer {n} may be' for n in (1, 1, 2, 2, 3, 3)]


def test_a_wrong_text_is_told_with_the_true_one(rows):
    shown = reading([0, 0, 3, 3, 0, 0, 0, 0], truth=[0, 2, 1, 3])
    assert shown.words(3) == [('Answer: a', shown.words(3)[0][1]), ('Wrong: it is acb', WRONG)]
    bars = {name: colour for name, _, colour in shown.thoughts(3)[0][1]}
    assert bars == {'a': OTHER, 'b': OTHER, 'c': RIGHT_BAR, 'end': WRONG_BAR}


def test_a_text_without_an_end_has_all_characters(rows):
    shown = reading([0, 0, 1, 1, 2, 2, 0, 0])
    assert len(shown) == 8 and shown.words(7) == [('Answer: abc', shown.words(7)[0][1])]


def test_a_text_of_nothing_is_called_so(rows):
    shown = reading([3] * 8, truth=[0, 3, -1, -1])
    assert [text for text, _ in shown.words(1)] == ['Answer: nothing', 'Wrong: it is a']


def test_a_text_that_is_longer_than_the_truth_has_no_right_answer_after_its_end(rows):
    shown = reading([0] * 8, truth=[0, 3, -1, -1])
    assert [shown.wanted(t) for t in range(8)] == [0, 0, 3, 3, None, None, None, None]
    assert {colour for _, _, colour in shown.thoughts(5)[0][1]} == {OTHER}


def test_a_sheet_has_room_for_episodes_of_several_lengths(rows):
    """Twelve glimpses are in two rows; the shorter episode, of three, has one."""
    long, short = reading([0] * 12, each=3), reading([3] * 12, each=3)

    def height(*scenes):
        figure = Sheet(scenes).canvas.figure
        assert len(figure.axes) == 1 + sum(map(len, scenes))  # with the ground
        return figure.get_size_inches()[1]

    assert height(long, long) - height(long, short) > 0.5


def test_a_wrong_text_is_one_that_is_read_wrongly(rng):
    """What is said after the end of a text does not matter, nor in the last place."""
    said = np.array([[0, 3, 1, 1], [0, 1, 2, 0], [0, 3, 3, 3], [0, 1, 3, 3]])
    labels = np.int32([[0, 3, -1, -1], [0, 1, 2, 3], [0, 1, 3, -1], [0, 1, 2, 3]])
    logits = np.eye(4)[said.T] + rng.random((4, 4, 4)) / 2
    assert Reading.mistakes(logits, labels).tolist() == [False, False, True, True]


def test_the_map_leaves_out_what_is_after_the_end(rng):
    said, locations = np.array([[0, 3, 1, 3], [0, 1, 2, 0]]), rng.random((8, 2, 2), np.float32)
    episode = Episode(locations, None, chainer.Variable(np.eye(4, dtype=np.float32)[said.T]))
    found = used(episode, SimpleNamespace(classes='abc', glimpses=2))
    np.testing.assert_array_equal(found[:4], locations[:4])
    assert np.isnan(found[4:, 0]).all()
    np.testing.assert_array_equal(found[:, 1], locations[:, 1])


@pytest.mark.parametrize('scales', [4, 5])
def test_a_frame_has_room_for_the_bars_of_ten_digits_and_the_end(rows, scales):
    config = task.config(classes=tuple('0123456789'), scales=scales)
    image, locations = np.zeros((1, 28, 28), np.float32), np.zeros((8, 2), np.float32)
    chances = np.full((8, 11), 0.1)
    shown = Reading(image, locations, seen(image[None], locations[:, None], config)[:, 0], chances, [3, 10, -1, -1],
                    config)
    assert len(shown.thoughts(0)[0][1]) == (11 if scales == 4 else 10)
    there = (np.asarray(frame(shown, 0, 'a title')) == ImageColor.getrgb(OTHER)).all(axis=2).any(axis=1)
    bands = np.flatnonzero(np.diff(np.r_[0, there, 0])).reshape(-1, 2)
    assert (abs(np.diff(bands) - np.diff(bands)[0]) <= 2).all()  # none is cut
