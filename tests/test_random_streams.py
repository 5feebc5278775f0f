import itertools

import chainer
import numpy as np

from ram.random_streams import BATCH, ORDER, generator

CPU = chainer.get_device('@numpy')


def test_the_same_key_gives_the_same_stream():
    one, two = (generator(CPU, 3, BATCH, 1, 5).random(8) for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_no_two_keys_give_the_same_stream():
    """Among them a rank's first batch and an epoch's order, and keys that end in zeros."""
    keys = [(), *itertools.product((ORDER, BATCH), range(3)), *itertools.product((ORDER, BATCH), range(3), range(3))]
    first = {key: generator(CPU, 7, *key).random() for key in keys}
    assert len(set(first.values())) == len(keys)


def test_streams_are_not_correlated():
    """20 x 20,000 numbers: the correlation of two independent columns has a standard deviation of 1 / sqrt(20,000)."""
    drawn = [generator(CPU, 0, BATCH, rank, iteration).standard_normal(20_000)
             for rank in range(2) for iteration in range(10)]
    apart = np.corrcoef(drawn)[~np.eye(20, dtype=bool)]
    assert abs(apart).max() < 5 / 20_000 ** 0.5


def test_without_a_key_it_is_numpys_own():
    assert generator(CPU, 11).random() == np.random.default_rng(11).random()
