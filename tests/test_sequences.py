import numpy as np

from ram import sequences


def naive(said, end):
    """One row, read place by place."""
    row = []
    for answer in said[:-1]:
        row.append(int(answer))
        if answer == end:
            break
    if row[-1:] != [end]:
        row.append(end)
    return row + [-1] * (len(said) - len(row))


def test_the_first_end_stops_the_reading(rng):
    said = rng.integers(0, 4, (500, 5))
    kept = said.copy()
    found = sequences.read(said, 3)
    assert found.dtype == np.int32 and found.tolist() == [naive(row, 3) for row in said.tolist()]
    np.testing.assert_array_equal(said, kept)
    assert sequences.read(np.array([[3, 0, 3], [0, 0, 0], [0, 3, 1]]), 3).tolist() == [
        [3, -1, -1], [0, 0, 3], [0, 3, -1]]


def test_texts():
    rows = np.array([[2, 0, 3, -1], [3, -1, -1, -1], [1, 1, 1, 3]])
    assert sequences.texts(rows, 'abc') == ['ca', '', 'bbb']
