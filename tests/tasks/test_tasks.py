import dataclasses

import numpy as np
import pytest
from PIL import Image

import datasets
from ram import tasks
from ram.config import PRESETS, Config
from ram.registry import make_model
from ram.tasks import own_pictures


def test_fixed_scenes_differ_between_splits_only(monkeypatch, tiny):
    digits = np.random.default_rng(0).integers(0, 256, (6, 28, 28)).astype(np.uint8)
    monkeypatch.setattr('datasets.load_digits', lambda *args: (digits, np.arange(6)))
    config = dataclasses.replace(tiny, size=60, clutter=4)
    validation, again, test = (tasks.load_scenes(config, split)[0]
                               for split in ('validation', 'validation', 'test'))
    np.testing.assert_array_equal(validation, again)
    assert (validation != test).any()


@pytest.mark.parametrize('split, expected', [
    ('validation', [[19, 17], [[11, 47], [46, 3]], [3], [[18, 4]], [[67, 66]]]),
    ('test', [[19, 8], [[64, 11], [30, 56]], [4], [[0, 8]], [[20, 51]]]),
    ('train+validation', [[19, 0], [[55, 22], [1, 5]], [5], [[13, 19]], [[29, 58]]])])
def test_the_fixed_scenes_stay_those_of_the_published_figures(split, expected):
    """The last of twenty: what is drawn in another way is no better or worse, but another test set."""
    layout = tasks._fixed_layout(dataclasses.replace(PRESETS['pairs'], clutter=1), split, 20)
    assert [part[-1].tolist() for part in vars(layout).values()] == expected


def test_digit_centres_are_where_the_digits_are(monkeypatch):
    """Digits that are one white square, without clutter: the middle of what is bright, also of two."""
    digits = np.full((7, 28, 28), 255, np.uint8), np.zeros(7, int)
    monkeypatch.setattr(datasets, 'load_digits', lambda *arguments: digits)
    c = Config(size=60)
    images, _ = tasks.load_scenes(c, 'test')
    for image, [(x, y)] in zip(images, tasks.digit_boxes(c, 'test', 7)[0]):
        rows, columns = image[0].nonzero()
        assert (columns.mean() + 0.5, rows.mean() + 0.5) == (x, y)
    images, _ = tasks.load_scenes(PRESETS['addition'], 'test')
    for image, centres in zip(images, tasks.digit_boxes(PRESETS['addition'], 'test', 7)[0].astype(int)):
        expected = np.zeros_like(image[0])
        for x, y in centres:
            expected[y - 14:y + 14, x - 14:x + 14] = 255
        np.testing.assert_array_equal(image[0], expected)


def test_a_model_is_not_taken_for_its_config(tiny):
    model = make_model(tiny)
    for call in (lambda it: tasks.read_pictures(it, 'a.png'), lambda it: tasks.read_picture(it, 'a.png'),
                 lambda it: tasks.load_scenes(it, 'test'), tasks.completed, tasks.fingerprint,
                 lambda it: tasks.digit_boxes(it, 'test', 3)):
        with pytest.raises(ValueError, match='a Config, such as model.config, not .* RecurrentAttentionModel'):
            call(model)


@pytest.mark.parametrize('preset, changes', [
    ('mnist', {}), ('svhn', {}), ('folder', {'colour': True}), ('folder', {'fit': 'native'})], ids=str)
def test_pictures_of_files_are_what_a_model_takes(tmp_path, rng, preset, changes):
    """In the one line that the messages about other arrays name."""
    for name, shape in ('a.png', (50, 31, 3)), ('b.png', (9, 14, 3)):
        Image.fromarray(rng.integers(0, 256, shape).astype(np.uint8)).save(tmp_path / name)
    model = make_model(dataclasses.replace(PRESETS[preset], **changes))
    images = tasks.read_pictures(model.config, tmp_path / 'a.png', str(tmp_path / 'b.png'))
    assert model.predict(images).shape == (2,)
    assert len(tasks.read_pictures(model.config, tmp_path / 'b.png')) == 1
    with pytest.raises(FileNotFoundError):
        tasks.read_pictures(model.config, tmp_path / 'c.png')
    for wrong, words in ((), 'none'), (([tmp_path / 'b.png'],), 'list'), ((images,), '(ndarray|NativePictures)'):
        with pytest.raises(ValueError, match=f'takes paths of files, at least one, not .*{words}$'):
            tasks.read_pictures(model.config, *wrong)


def differing(one, other):
    """The splits and classes in which two fingerprints differ."""
    return [(split, name) for split in one for name in one[split] if one[split][name] != other[split][name]]


@pytest.mark.parametrize('change', ['pixel', 'label', 'order'])
def test_the_fingerprint_of_digits_shows_the_class_that_changed(monkeypatch, tiny, change):
    digits, labels = np.random.default_rng(0).integers(0, 256, (60, 28, 28)).astype(np.uint8), np.arange(60) % 10
    monkeypatch.setattr(datasets, 'load_digits', lambda source, split, folder: (digits, labels))
    before = tasks.fingerprint(tiny)
    assert list(before) == ['train', 'validation'] and list(before['train']) == list('0123456789')
    assert [count for count, _ in before['train'].values()] == [6] * 10 and tasks.fingerprint(tiny) == before
    other, others = digits.copy(), labels.copy()
    monkeypatch.setattr(datasets, 'load_digits', lambda source, split, folder: (
        (digits, labels) if split == 'train' else (other, others)))
    assert tasks.fingerprint(tiny) == before
    if change == 'pixel':
        other[13, 5, 5] ^= 1
    elif change == 'label':
        others[13] = 4
    else:
        other[[3, 13]] = other[[13, 3]]
    assert differing(before, tasks.fingerprint(tiny)) == [
        ('validation', '3')] + [('validation', '4')] * (change == 'label')
    assert list(tasks.fingerprint(dataclasses.replace(tiny, model='archived', scales=1))) == ['test', 'validation']


@pytest.mark.parametrize('count, epoch', [(1, 300), (400, 300), (3000, 100), (15000, 20), (100_000, 20)])
def test_more_pictures_need_fewer_epochs(count, epoch):
    assert own_pictures.epochs(count) == epoch


def test_the_fingerprint_of_a_folder_is_of_its_files_names_and_sizes(tmp_path, monkeypatch):
    for name in 'ab':
        for number in range(8):
            path = tmp_path / 'here' / name / f'{number}.png'
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new('L', (9 + number, 9)).save(path)
    config = tasks.completed(dataclasses.replace(PRESETS['folder'], images=str(tmp_path / 'here')))
    assert (config.batchsize, config.epoch) == (6, 300)  # of 12 pictures
    assert tasks.completed(dataclasses.replace(config, batchsize=5, epoch=9)).epoch == 9
    monkeypatch.setattr(Image, 'open', None)  # none is read
    before = tasks.fingerprint(config)
    assert {split: {name: count for name, (count, _) in found.items()} for split, found in before.items()} == {
        'train': {'a': 6, 'b': 6}, 'validation': {'a': 1, 'b': 1}}
    (tmp_path / 'here').rename(tmp_path / 'there')
    config = dataclasses.replace(config, images=str(tmp_path / 'there'))
    assert tasks.fingerprint(config) == before
    for path in sorted((tmp_path / 'there' / 'b').iterdir()):
        size, content = path.stat().st_size, path.read_bytes()
        path.write_bytes(content + b'0')
        (split, name), *rest = differing(before, tasks.fingerprint(config)) or [(None, 'b')]  # a test picture
        assert name == 'b' and not rest
        path.write_bytes(content)
        assert path.stat().st_size == size and tasks.fingerprint(config) == before


def test_a_game_has_no_data():
    assert set(map(len, tasks.fingerprint(PRESETS['catch']).values())) == {0}
