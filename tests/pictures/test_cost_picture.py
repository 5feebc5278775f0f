import numpy as np
import pytest

from ram.pictures import cost_picture
from ram.pictures.drawing import png
from ram.reports.published import USUAL_START, Row


def result(*points):
    table = [{'multiplications': cost * 1e6, 'error': error} for cost, error in points]
    return {'until': {'table': table}, 'multiplications': table[-1]['multiplications'], 'test_error': points[-1][1]}


def test_a_line_for_each_model_and_a_point_for_each_control():
    results = {Row('mnist28', 'ram', 6, USUAL_START): result((1.5, 4), (2, 2), (3, 0.8)),
               Row('mnist28', 'ram', 5, USUAL_START): result((1, 9), (2, 9)),
               Row('mnist28', 'ram', 4, 'first glimpse in [-0.4, 0.4]^2'): result((1, 9), (2, 9)),
               Row('mnist28', 'fc 2x64', None, ''): {'multiplications': 0.05e6, 'test_error': 1.9},
               Row('cluttered60', 'ram', 4, USUAL_START): result((1, 30), (2.5, 9))}
    figure = cost_picture.draw(results)
    panels = [axes for axes in figure.axes if axes.get_title()]
    lines = [{line.get_label(): line.get_xydata().tolist() for line in axes.get_lines()} for axes in panels]
    assert lines == [{'RAM, up to 6 glimpses': [[1.5, 4], [2, 2], [3, 0.8]], 'fc 2x64': [[0.05, 1.9]]},
                     {'RAM, up to 4 glimpses': [[1, 30], [2.5, 9]]}]
    assert png(figure).startswith(b'\x89PNG')
    assert all(np.diff(axes.get_xticks()).min() > 0 for axes in panels)
    with pytest.raises(ValueError, match='--cost: no model looks from a random place'):
        cost_picture.draw({Row('mnist28', 'fc 2x64', None, ''): {}})
