import pytest

from datasets import splits


@pytest.mark.parametrize('sizes, counts', [
    ([1, 1, 1], (1, 1, 1)), ([50, 1, 1], (50, 1, 1)), ([10, 10, 80], (80, 10, 10)), ([30, 3, 4, 30, 30], (60, 30, 7)),
    ([5] * 20, (70, 15, 15)), ([1] * 5, (3, 1, 1)), ([1, 1, 1, 1, 10], (10, 2, 2)),
    ([2] * 10, (12, 4, 4)),          # of two that are as close, the larger
    ([63, 60, 61], (63, 60, 61))])   # all are too large, so the smallest
def test_shares_are_as_close_as_groups_allow(sizes, counts):
    groups = [(str(name), [f'{name}-{i}' for i in range(size)]) for name, size in enumerate(sizes)]
    parts = splits.set_aside(groups, ['validation', 'test'], 'cat')
    assert sorted([len(parts['validation']), len(parts['test'])]) == sorted(counts[1:])
    assert len(parts['train']) == counts[0]


def test_the_first_group_names_a_file():
    texts = ['00012-3.jpg', '00012-4.jpg', 'x.jpg', '-1', 'é7-ü', 'a\nb5-', '\udcff9-']
    assert splits.group_names(r'(\d+)-', texts) == ['00012', '00012', '', '', '7', '5', '9']
    assert splits.group_names(r'^(x)?', texts) == ['', '', 'x', '', '', '', '']
    assert splits.group_names(r'([^0-9].)', texts[-1:]) == ['\udcff9'] and splits.group_names('(x)', []) == []


@pytest.mark.parametrize('pattern', ['(a+)+$', '(a|aa)+$', '(a*a*a*a*a*a*a*a*)b', '((((a)*)*)*)*c'])
def test_a_pattern_that_backtracks_without_end_is_stopped(monkeypatch, pattern):
    monkeypatch.setattr(splits, 'LONGEST', 0.2)
    with pytest.raises(ValueError, match='--group-by .* takes more than 0.2 s for 2 files'):
        splits.group_names(pattern, ['b', 'a' * 60 + '!'])


def test_a_search_that_fails_says_why(monkeypatch):
    monkeypatch.setattr(splits, 'SEARCH', 'raise MemoryError("much")')
    with pytest.raises(ValueError, match=r"--group-by '\(a\)' cannot be searched for: MemoryError: much"):
        splits.group_names('(a)', ['a'])
