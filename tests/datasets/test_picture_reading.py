"""One picture of one's own, read from its file and fitted into a square."""
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from datasets import folder
from tests.test_fuzz import MUTATIONS, mutated


def bomb(path):
    """A small PNG file that claims to have 30,000 x 30,000 pixels."""
    Image.new('1', (30_000, 30_000)).save(path, compress_level=1)


def test_a_picture_bomb_is_rejected(tmp_path):
    bomb(tmp_path / 'bomb.png')
    with pytest.raises(ValueError, match='bomb.png .*pixels'):
        folder.read(tmp_path / 'bomb.png', 32, True)


@pytest.mark.parametrize('fit, expected', [('resize', (16, 8)), ('pad', (8, 4))])
def test_fit(fit, expected):
    """A white picture of 8 x 4 pixels in a square of 16."""
    square = np.asarray(folder.fitted(Image.new('L', (8, 4), 255), 16, fit, fill=0))
    assert square.shape == (16, 16)
    width, height = expected
    left, top = (16 - width) // 2, (16 - height) // 2
    assert (square[top:top + height, left:left + width] == 255).all() and (square > 0).sum() == width * height


def test_the_margin_has_the_mean_colour():
    picture = Image.new('RGB', (10, 4), (200, 0, 50))
    picture.paste((0, 100, 50), (0, 0, 5, 4))
    square = np.asarray(folder.fitted(picture, 10))
    assert (square[:3] == (100, 50, 50)).all() and (square[7:] == (100, 50, 50)).all()
    assert np.asarray(folder.fitted(Image.new('L', (2, 1), 7), 8)).tolist() == [[7] * 8] * 8


def test_pictures_that_are_too_large_are_reduced():
    for fit in ('resize', 'pad'):
        square = np.asarray(folder.fitted(Image.new('L', (50, 200), 255), 16, fit, fill=0))
        assert (square[:, 6:10] == 255).all() and not square[:, :5].any() and not square[:, 11:].any()


def picture(mode):
    """A picture of 4 x 2 pixels, left half black, right half white, in one of Pillow's modes."""
    half = np.zeros((2, 4), np.uint8)
    half[:, 2:] = 255
    if mode == 'I;16':
        return Image.fromarray(half.astype(np.uint16) * 257)
    if mode in ('LA', 'RGBA'):  # the white half is black and transparent
        layers = np.zeros((2, 4, len(mode)), np.uint8)
        layers[:, :, -1] = 255 - half
        return Image.fromarray(layers, mode)
    return Image.fromarray(half).convert(mode)


@pytest.mark.parametrize('mode, kind', [
    ('1', 'PNG'), ('L', 'PNG'), ('P', 'PNG'), ('RGB', 'PNG'), ('I;16', 'PNG'), ('LA', 'PNG'), ('RGBA', 'PNG'),
    ('L', 'JPEG'), ('RGB', 'JPEG'), ('CMYK', 'JPEG'), ('P', 'GIF'), ('RGB', 'BMP')])
@pytest.mark.parametrize('colour', [False, True])
def test_every_kind_of_picture_looks_as_it_should(tmp_path, mode, kind, colour):
    big = picture(mode).resize((64, 32), Image.Resampling.NEAREST)
    big.save(tmp_path / 'x', kind)
    pixels = folder.read(tmp_path / 'x', 64, colour)
    assert pixels.shape == (3 if colour else 1, 64, 64) and pixels.dtype == np.uint8
    seen = pixels[:, 16:48].astype(int)
    assert (seen[:, :, :31] < 6).all() and (seen[:, :, 33:] > 249).all()
    rest = np.concatenate([pixels[:, :15], pixels[:, 49:]])
    assert (abs(rest.astype(int) - 127) < 4).all()


def test_pictures_stand_upright(tmp_path):
    """Cameras store their orientation."""
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise
    picture('L').resize((64, 32), Image.Resampling.NEAREST).save(tmp_path / 'x.jpg', exif=exif)
    pixels = folder.read(tmp_path / 'x.jpg', 64, False)[0]
    assert (pixels[40:, 20:44] > 249).all() and (pixels[:24, 20:44] < 6).all()  # black above white


@pytest.fixture(scope='module')
def picture_bytes():
    files = []
    for kind in ('PNG', 'JPEG', 'GIF', 'BMP', 'WEBP'):
        file = io.BytesIO()
        Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 20, 3)).astype(np.uint8)).save(file, kind)
        files.append(file.getvalue())
    return files


@given(which=st.integers(0, 4), mutations=MUTATIONS)
def test_damaged_pictures(tmp_path, picture_bytes, which, mutations):
    (tmp_path / 'x').write_bytes(mutated(picture_bytes[which], mutations))
    try:
        assert folder.read(tmp_path / 'x', 16, True).shape == (3, 16, 16)
    except ValueError as error:
        assert 'is not a picture that can be read' in str(error)
