import numpy as np
import pytest

from datasets import fonts, rows


def test_pictures_side_by_side(rng):
    """Pixel by pixel."""
    cells = [rng.integers(0, 256, (h, w)).astype(np.uint8) for h, w in ((5, 4), (6, 3), (2, 7))]
    corners = [(2, 0), (0, 3), (7, 9)]
    row, boxes = rows.side_by_side(cells, corners)
    expected = np.zeros((9, 16), int)
    for cell, (top, left) in zip(cells, corners):
        for y, x in np.ndindex(cell.shape):
            expected[top + y, left + x] = max(expected[top + y, left + x], cell[y, x])
    np.testing.assert_array_equal(row, expected)
    assert boxes == [(0, 2, 4, 5), (3, 0, 3, 6), (9, 7, 7, 2)]


def test_font_digits_in_a_row_are_apart_and_whole(rng):
    digits, _ = fonts.load('test')
    for n in 1, 3, 5:
        which, cells, corners, ground = rows._of_fonts(digits, n, rng)
        row, boxes = rows.side_by_side(cells, corners)
        assert len(which) == n and ground == 0 and row.astype(int).sum() == digits[which].astype(int).sum()
        assert all(left + width < after for (left, _, width, _), (after, *_) in zip(boxes, boxes[1:]))


@pytest.mark.parametrize('source', ['fonts', 'svhn'])
def test_rows_have_all_lengths_and_are_always_the_same(source, monkeypatch, rng):
    monkeypatch.setattr(rows, 'COUNTS', {'train': 60, 'validation': 20, 'test': 20})
    pictures = rng.integers(0, 256, (50, 3, 32, 32)).astype(np.uint8)
    monkeypatch.setattr('datasets.load_pictures', lambda *arguments: (pictures, np.arange(50) % 10))
    rows.load.cache_clear()
    images, texts = rows.load(source, 'train+validation', None, 40, 4, 2.0)
    assert images.shape == (80, 3, 40, 40) and images.dtype == np.uint8 and set(map(len, texts)) == {1, 2, 3, 4}
    assert images.flags.c_contiguous  # so that a fingerprint can be taken
    assert set(''.join(texts)) == set('0123456789')
    rows.load.cache_clear()
    again, others = rows.load(source, 'train', None, 40, 4, 2.0)
    np.testing.assert_array_equal(images[:60], again)
    assert again.flags.c_contiguous
    assert texts[:60] == others
    rows.load.cache_clear()
