import io

import numpy as np
import pytest
from PIL import Image

from ram.pictures import heatmap


def test_density_counts_points(rng):
    points = rng.uniform(-5, 15, (500, 2))
    points[:2] = (0.2, 9.9), (9.9, 0.2)  # bottom left and top right
    counts = heatmap.density(points, (0, 10), 10)
    for row in range(10):
        for column in range(10):
            assert counts[row, column] == sum(row <= y < row + 1 and column <= x < column + 1 for x, y in points)
    assert counts[9, 0] >= 1 and counts[0, 9] >= 1


@pytest.mark.parametrize('centres, height', [(None, 1), (np.tile([[51.0, 12.0], [9.0, 50.0]], (50, 1, 1)), 2)])
def test_heatmap_is_bright_where_the_gaze_is(centres, height):
    """Every glimpse at the top right of the image, which is the centre of one of two digits."""
    locations = np.broadcast_to(np.float32([0.7, -0.6]), (2, 50, 2))
    with Image.open(io.BytesIO(heatmap.heatmap(locations, 60, centres))) as picture:
        assert picture.format == 'PNG'
        pixels = np.asarray(picture.convert('RGB')).astype(int)
    # The map's brightest colour, and nothing but black around it: one spot for each glimpse in each row of maps.
    spots = (abs(pixels - [252, 253, 191]).sum(axis=2) < 12).nonzero()
    assert len(spots[0])
    across, down = pixels.shape[1], pixels.shape[0]
    first_row = spots[0] < down / height
    left = spots[1] < across / 2
    assert {bool(row) for row in first_row} == {True, False} if height == 2 else {True}
    assert 0.3 * across < spots[1][first_row & left].mean() < 0.5 * across  # right in the left map
