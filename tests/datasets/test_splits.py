
import pytest

from datasets import splits


@pytest.mark.parametrize('sizes, counts', [
    ([1, 1, 1], (1, 1, 1)), ([50, 1, 1], (50, 1, 1)), ([10, 10, 80], (80, 10, 10)), ([30, 3, 4, 30, 30], (60, 30, 7)),
    ([5] * 20, (70, 15, 15))])
def test_shares_are_as_close_as_groups_allow(sizes, counts):
    groups = [(str(name), [f'{name}-{i}' for i in range(size)]) for name, size in enumerate(sizes)]
    parts = splits.set_aside(groups, ['validation', 'test'], 'cat')
    assert sorted([len(parts['validation']), len(parts['test'])]) == sorted(counts[1:])
    assert len(parts['train']) == counts[0]
