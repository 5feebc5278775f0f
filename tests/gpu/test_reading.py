"""The GPU and the CPU read the same, and learn the same from it."""
import numpy as np
import pytest
from chainer.backends import cuda

from ram import sequences
from ram.registry import make_model
from tests import rows as task
from tests.gpu.test_gpu import disagreements

rows = task.rows


@pytest.mark.parametrize('changes', [
    {}, {'reward': 'right'}, {'start': 'random', 'mc': 2}, {'glimpses': 1, 'context': True}, {'policy': 'random'},
    {'model': 'places'}], ids=str)
def test_loss_and_all_gradients(rows, changes, rng):
    model, labels, found = make_model(task.config(**changes)), task.random_labels(rng, 24), []
    while len(found) < 3 and all(found):  # as in the tests of the other losses
        images = task.pictures_of(labels) / np.float32(255) * rng.random((24, 1, 28, 28), np.float32)
        found.append(disagreements(model, images, labels))
    assert not found[-1], found


def test_what_is_read(rng):
    said = rng.integers(0, 4, (300, 5))
    found = sequences.read(cuda.to_gpu(said), 3)
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found.get(), sequences.read(said, 3))
