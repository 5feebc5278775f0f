import dataclasses
from types import SimpleNamespace

import chainer
import numpy as np
import pytest

from ram import tasks
from ram.registry import make_model
from ram.reports import games
from ram.training.extensions.validation import GameValidation, SceneValidation
from tests.networks.conftest import shake
from tests.training.conftest import ranks_of

pytestmark = pytest.mark.usefixtures('few_digits')


def test_the_ranks_count_every_scene_once_even_if_one_has_none(tiny):
    model, device = make_model(dataclasses.replace(tiny, start='center')), chainer.get_device('@numpy')
    counts, wrong = {}, {}
    for size in 1, 7, 10_000:
        shares = [SceneValidation(model, device, ranks=SimpleNamespace(rank=rank, size=size))()
                  for rank in ({0, size - 1} if size == 10_000 else range(size))]
        wrong[size], counts[size] = (sum(numbers) for numbers in zip(*shares))
    assert counts[7] == counts[1] > 7 and counts[10_000] == 1
    assert wrong[7] == wrong[1] > 7 and wrong[10_000] <= 1


def test_the_answers_after_the_last_glimpse_count(tiny, rng):
    model = make_model(tiny)
    shake(model, rng)
    images, labels = tasks.load_scenes(tiny, 'validation')
    logits = model.rollout(images, np.random.default_rng(tiny.seed), tiny.policy).logits.array
    count = SceneValidation(model, chainer.get_device('@numpy'))
    assert count() == ((logits.argmax(axis=1) != labels).sum(), len(labels))


def test_each_rank_plays_its_share_of_games_and_counts_those_that_are_lost(monkeypatch):
    """Of players that win a quarter of their games, as the generator says; the same in each validation."""
    drawn = []

    def play(model, rng, count):
        drawn.append(tuple(rng.random(count)))
        return SimpleNamespace(won=np.array(drawn[-1]) < 0.25)

    monkeypatch.setattr(games, 'play_model', play)
    for _ in range(2):
        lost, played = np.sum([GameValidation(None, chainer.get_device('@numpy'), ranks=ranks)()
                               for ranks in ranks_of(3)], axis=0)
        assert 4000 <= played <= 4002 and 0.7 < lost / played < 0.8
    assert len(set(drawn)) == 3 and drawn[:3] == drawn[3:]
