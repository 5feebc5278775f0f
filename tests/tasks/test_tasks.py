import dataclasses

import numpy as np
import pytest
from PIL import Image

import datasets
from ram import tasks
from ram.config import PRESETS, Config
from ram.registry import make_model
from ram.tasks.folder import UNCHANGED


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


@pytest.mark.parametrize('preset, changes', [
    ('mnist', {}), ('svhn', {}), ('folder', {'colour': True}), ('folder', {**UNCHANGED, 'fit': 'native'})], ids=str)
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
