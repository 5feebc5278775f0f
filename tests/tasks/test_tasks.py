import dataclasses

import numpy as np

import datasets
from ram import tasks
from ram.config import Config


def test_fixed_scenes_differ_between_splits_only(monkeypatch, tiny):
    digits = np.random.default_rng(0).integers(0, 256, (6, 28, 28)).astype(np.uint8)
    monkeypatch.setattr('datasets.load_digits', lambda *args: (digits, np.arange(6)))
    config = dataclasses.replace(tiny, size=60, clutter=4)
    validation, again, test = (tasks.load_scenes(config, split)[0]
                               for split in ('validation', 'validation', 'test'))
    np.testing.assert_array_equal(validation, again)
    assert (validation != test).any()


def test_digit_centres_are_where_the_digits_are(monkeypatch):
    """Digits that are one white square, without clutter: the middle of what is bright."""
    monkeypatch.setattr(datasets, 'load_digits', lambda *arguments: (np.full((7, 28, 28), 255, np.uint8), np.zeros(7)))
    c = Config(size=60)
    images, _ = tasks.load_scenes(c, 'test')
    for image, (x, y) in zip(images, tasks.digit_boxes(c, 'test', 7)[0]):
        rows, columns = image[0].nonzero()
        assert (columns.mean() + 0.5, rows.mean() + 0.5) == (x, y)
