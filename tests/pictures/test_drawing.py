import io
import pathlib
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, ImageColor

from ram.pictures import drawing


@pytest.mark.parametrize('model, out, kind, expected', [
    ('a/mnist.npz', None, '', 'result/mnist.png'), ('a/mnist-0.5.npz', None, 'wrong', 'result/mnist-0.5-wrong.png'),
    ('mnist-0.5', None, '', 'result/mnist-0.5.png'), ('a.npz', 'b/run.v2', 'wrong', 'b/run.v2.png'),
    ('a.npz', 'run.v2.GIF', '', 'run.v2.png'), ('a.npz', 'run', '', 'run.png')])
def test_a_dot_in_a_name_is_kept(model, out, kind, expected):
    found = drawing.file_for(SimpleNamespace(model=model, out=out, image=None), '.png', kind)
    assert found.as_posix() == expected


@pytest.mark.parametrize('opened', [
    lambda frame: Image.open(io.BytesIO(drawing.few_colours(frame))),
    lambda frame: Image.open(io.BytesIO(drawing.animation([frame], [100])))])
def test_a_colour_that_few_pixels_have_survives_among_many_others(rng, opened):
    """A photograph has more colours than a palette; a few letters in colour must not become grey."""
    pixels = rng.integers(0, 256, (100, 100, 3)).astype(np.uint8)
    pixels[:10] = 255
    kept = [ImageColor.getrgb(colour) for colour in (drawing.WRONG, drawing.RIGHT, drawing.GAZE)]
    for n, colour in enumerate(kept):
        pixels[2, 10 * n:10 * n + 3] = colour
    found = np.asarray(opened(Image.fromarray(pixels)).convert('RGB')).astype(int)
    assert (found[:2] == 255).all()
    for n, colour in enumerate(kept):
        assert (found[2, 10 * n:10 * n + 3] == colour).all()
        assert (found == colour).all(axis=2).sum() == (pixels == colour).all(axis=2).sum()  # no other pixel gets it
    assert abs(found - pixels).mean() < 25  # and the photograph is still one


def test_a_folder_as_out_takes_the_model_s_name(tmp_path):
    for out in tmp_path, f'{tmp_path}/', f'{tmp_path}/none/':
        found = drawing.file_for(SimpleNamespace(model='a/mnist-0.5.npz', out=str(out), image=None), '.png', 'wrong')
        assert found == pathlib.Path(out) / 'mnist-0.5-wrong.png'
    runs = [SimpleNamespace(model=run / 'model.npz', out=str(tmp_path), image=None)
            for run in (tmp_path / 'a', tmp_path / 'b')]
    assert [drawing.file_for(run, '.gif') for run in runs] == [tmp_path / 'a.gif', tmp_path / 'b.gif']
    assert drawing.given(tmp_path / 'look.html', 'a.html') == tmp_path / 'look.html'


@pytest.mark.parametrize('model, out, image, expected', [
    ('run/model.npz', None, 'b/one.0.jpg', 'run/model-one.0.gif'), ('a.npz', None, 'two.png', 'result/a-two.gif'),
    ('a.npz', 'c/', 'two.png', 'c/a-two.gif'), ('a.npz', 'look.gif', 'two.png', 'look.gif')])
def test_each_picture_of_one_s_own_has_its_file(model, out, image, expected):
    found = drawing.file_for(SimpleNamespace(model=model, out=out, image=image), '.gif')
    assert found.as_posix() == expected
