import numpy as np
import pytest
from chainer.serializers import DictionarySerializer, NpzDeserializer

from ram import random_streams
from ram.training.scene_iterator import SceneIterator
from tests.training.conftest import ranks_of


@pytest.fixture
def digits(rng):
    return rng.integers(1, 256, (20, 28, 28)).astype(np.uint8)


@pytest.fixture
def pictures(rng):
    return rng.integers(0, 256, (9, 3, 32, 32)).astype(np.uint8)


def test_iterator_shows_every_digit_once_an_epoch_and_never_the_same_scene(digits, rng):
    labels = np.arange(20, dtype=np.int32)
    iterator = SceneIterator(digits, labels, 60, 0, 8)
    seen, first_image, details = [], [], []
    while iterator.epoch < 2:
        images, batch, _ = next(iterator)
        assert images.shape == (8, 1, 60, 60) and images.dtype == np.uint8
        seen += batch.tolist()
        first_image += [images[i] for i in range(8) if batch[i] == 0]
        details.append(iterator.epoch_detail)
    assert sorted(seen[:20]) == sorted(seen[20:40]) == list(range(20))
    assert seen[:20] != seen[20:40]
    assert (first_image[0] != first_image[1]).any()
    np.testing.assert_allclose(details, [0.4, 0.8, 1.2, 1.6, 2.0])


def test_iterator_rejects_a_batch_larger_than_the_data(digits, rng):
    with pytest.raises(ValueError, match='batchsize'):
        SceneIterator(digits, np.zeros(20, np.int32), 60, 0, 21)


def test_a_batch_of_all_ranks_has_no_digit_twice(digits):
    labels = np.arange(20, dtype=np.int32)
    batches = [next(SceneIterator(digits, labels, 60, 0, 10, ranks=ranks))[1] for ranks in ranks_of(2)]
    assert sorted(np.concatenate(batches)) == list(range(20))
    with pytest.raises(ValueError, match='at most 10, the number of training images for each process, not 11'):
        SceneIterator(digits, labels, 60, 0, 11, ranks=ranks_of(2)[0])


def test_a_seed_says_what_is_drawn_and_no_stream_is_drawn_twice(digits, monkeypatch):
    def drawn(seed, ranks):
        iterator = SceneIterator(digits, np.arange(20, dtype=np.int32), 60, 2, 5, seed, ranks=ranks)
        images, labels, _ = zip(*(next(iterator) for _ in range(12)))
        return np.concatenate(images), np.concatenate(labels)

    made, make = [], random_streams.generator
    monkeypatch.setattr(random_streams, 'generator', lambda *key: made.append(make(*key)) or make(*key))
    one, other = ranks_of(2)
    images, labels = drawn(1, one)
    drawn(1, other)
    first = [generator.random() for generator in made]
    assert len(set(first)) == 24 + 7  # for the batches, and for the order of each epoch, the same for both
    again, same = drawn(1, one)
    np.testing.assert_array_equal(again, images)
    np.testing.assert_array_equal(same, labels)
    changed, others = drawn(2, one)
    assert (others != labels).any()
    assert (changed != images)[others == labels].any(axis=(1, 2, 3)).all()


def test_every_rank_draws_its_own_scenes_and_episodes(digits):
    """All digits are the same, so only what is drawn differs; ranks with the same stream would learn the same twice."""
    same = np.broadcast_to(digits[0], digits.shape)
    batches = [next(SceneIterator(same, np.zeros(20, np.int32), 60, 2, 5, ranks=ranks)) for ranks in ranks_of(2)]
    (one, _, first), (two, _, second) = batches
    assert not any((scene == other).all() for scene in one for other in two)
    assert not np.isin(first.random(100), second.random(100)).any()


@pytest.mark.parametrize('size, shift', [(32, 0), (32, 2), (64, 0), (64, 3)])
def test_iterator_makes_scenes_of_pictures(pictures, rng, size, shift):
    labels = np.arange(9, dtype=np.int32)
    iterator = SceneIterator(pictures, labels, size, 0, 9, shift=shift)
    (images, batch, _), (again, next_batch, _) = next(iterator), next(iterator)
    assert images.shape == (9, 3, size, size) and images.dtype == np.uint8 and sorted(batch) == list(range(9))
    if (size, shift) == (32, 0):
        np.testing.assert_array_equal(images, pictures[batch])
        np.testing.assert_array_equal(again, pictures[next_batch])
    else:
        assert (again[next_batch.argsort()] != images[batch.argsort()]).any(axis=(1, 2, 3)).sum() > 5


def test_pictures_may_be_a_view(rng):
    """As SVHN's are in its files."""
    pictures = rng.integers(0, 256, (32, 32, 3, 20)).astype(np.uint8).transpose(3, 2, 0, 1)
    images, labels, _ = next(SceneIterator(pictures, np.arange(20, dtype=np.int32), 32, 0, 8))
    np.testing.assert_array_equal(images, pictures[labels])


@pytest.mark.parametrize('before, batches', [(20, 7), (50, 6), (1000, 99), (8, 3)])
def test_no_stream_is_drawn_twice_if_the_number_of_digits_changes(before, batches, rng):
    """Also where an epoch had come further than there are digits now: it ends, and the next has each digit once."""
    def iterator(count):
        return SceneIterator(np.zeros((count, 28, 28), np.uint8), np.arange(count, dtype=np.int32), 28, 0, 8)

    def state(rng):
        return rng.bit_generator.state['state']['state']

    old, new, drawn, serializer = iterator(before), iterator(20), set(), DictionarySerializer()
    for _ in range(batches):
        drawn.add(state(next(old)[2]))
    old.serialize(serializer)
    new.serialize(NpzDeserializer(serializer.target))
    assert (new.iteration, new.epoch, new.position) == (batches, old.epoch, min(old.position, 19))
    seen = []
    while new.epoch < old.epoch + 2:
        images, labels, rng = next(new)
        assert len(labels) == 8 and new.is_new_epoch == (new.position < 8)
        drawn.add(state(rng))
        seen += labels.tolist()
    assert len(drawn) == new.iteration
    assert sorted(seen[-new.position - 20:][:20]) == list(range(20))
