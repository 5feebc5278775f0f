import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ram.pictures import learning_curves

NAMES = ['mnist-T2', 'mnist-T10', 'mnist-T4', 'mnist-T4-seed1', 'mnist-T4-near', 'mnist-fc64', 'mnist-fc256',
         'mnist-conv', 'street-T8', 'street-T8-seed1', 'photographs/street', 'photographs/street-seed2',
         'photographs/street-conv3-seed1']


def test_each_model_is_in_one_panel_with_its_seeds():
    panels = learning_curves.grouped(dict.fromkeys(NAMES))
    assert {title: list(kinds) for title, kinds in panels.items()} == {
        'mnist': ['T2', 'T4', 'T10'], 'mnist, others': ['T4-near', 'fc64', 'fc256', 'conv'], 'street': ['T8'],
        'photographs/street': ['RAM', 'conv3']}
    assert panels['mnist']['T4'] == ['mnist-T4', 'mnist-T4-seed1']
    assert sorted(name for kinds in panels.values() for names in kinds.values() for name in names) == sorted(NAMES)


def test_lines_are_the_errors_and_labels_lie_beside_their_ends():
    rng = np.random.default_rng(0)
    logs = {name: [{'epoch': n, 'validation/error': float(error)} for n, error in
                   enumerate(rng.uniform(0.004, 0.9, 5 + len(name)), 1)] for name in NAMES}
    figure = learning_curves.draw(logs, {'mnist-conv', 'mnist-fc64', 'mnist-fc256'})
    figure.canvas.draw()
    lines = {tuple(line.get_ydata()): line.get_linestyle() for axes in figure.axes for line in axes.lines}
    assert lines == {tuple(100 * entry['validation/error'] for entry in log):
                     '--' if name in ('mnist-conv', 'mnist-fc64', 'mnist-fc256') else '-' for name, log in logs.items()}
    for axes in figure.axes:
        boxes = [text.get_window_extent() for text in axes.texts]
        end = axes.transData.transform([(axes.dataLim.x1, 1)])[0, 0]
        assert all(box.x0 > end and box.x1 < figure.bbox.x1 for box in boxes)
        for n, box in enumerate(boxes):
            assert not any(box.overlaps(other) for other in boxes[:n])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=5).map(sorted))
def test_spread_labels_are_in_order_and_apart_and_inside(heights):
    places = learning_curves.spread(heights, 0.2, 0, 1)
    assert all(later - earlier >= 0.2 - 1e-9 for earlier, later in zip(places, places[1:]))
    assert -1e-9 <= places[0] and places[-1] <= 1 + 1e-9


@pytest.mark.parametrize('heights, expected', [
    ([0.1, 0.4, 0.9], [0.1, 0.4, 0.9]),         # all apart: none moves
    ([0.5, 0.5], [0.4, 0.6]),                   # each moves as far as the other
    ([0.5, 0.6, 0.65], [0.3833333, 0.5833333, 0.7833333]),  # by their mean distance from steps of 0.2
    ([0, 0.05, 0.9], [0, 0.2, 0.9]),            # the lowest place is full
    ([0.95, 1], [0.8, 1])])
def test_spread_moves_labels_no_further_than_it_must(heights, expected):
    assert learning_curves.spread(heights, 0.2, 0, 1) == pytest.approx(expected)
