from types import SimpleNamespace

import chainer
import pytest

from ram.registry import make_model
from ram.training.extensions.validation import SceneValidation

pytestmark = pytest.mark.usefixtures('few_digits')


def test_the_ranks_count_every_scene_once_even_if_one_has_none(tiny):
    model, device = make_model(tiny), chainer.get_device('@numpy')
    counts = {}
    for size in 1, 7, 10_000:
        shares = [SceneValidation(model, device, ranks=SimpleNamespace(rank=rank, size=size))()
                  for rank in ({0, size - 1} if size == 10_000 else range(size))]
        counts[size] = sum(count for _, count in shares)
    assert counts[7] == counts[1] > 7 and counts[10_000] == 1
