"""One picture of one's own, read from its file and fitted into a square."""
import io
import struct
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFile

from datasets import memory, picture_reading
from tests.test_fuzz import MUTATIONS, mutated


def bomb(path):
    """A small PNG file that claims to have 30,000 x 30,000 pixels."""
    file = io.BytesIO()
    Image.new('1', (30, 30)).save(file, 'PNG')
    head = b'IHDR' + struct.pack('>II', 30_000, 30_000) + file.getvalue()[24:29]
    path.write_bytes(file.getvalue()[:12] + head + struct.pack('>I', zlib.crc32(head)) + file.getvalue()[33:])


def test_a_picture_bomb_is_rejected(tmp_path):
    bomb(tmp_path / 'bomb.png')
    with pytest.raises(ValueError, match='bomb.png .*more than 90 megapixels.*--largest'):
        picture_reading.read(tmp_path / 'bomb.png', 32, True)


@pytest.mark.parametrize('kind', ['PNG', 'JPEG', 'GIF', 'BMP', 'PPM', 'WEBP'])
def test_the_limit_is_the_callers(tmp_path, kind):
    """Pictures up to the limit are read, and no larger ones, however much larger."""
    before = Image.MAX_IMAGE_PIXELS
    for pixels, largest, allowed in [(1.0, 1, True), (1.01, 1, False), (2.3, 1, False), (2.3, 3, True)]:
        Image.new('L', (1000, round(1000 * pixels)), 255).save(tmp_path / 'x', kind, compress_level=1, method=0)
        for fit in 'resize', 'native':
            with picture_reading.limit(largest):
                assert isinstance(picture_reading.measure(tmp_path / 'x'), tuple) == allowed
            if allowed:
                assert picture_reading.read(tmp_path / 'x', 8, False, fit, largest=largest).max() > 250
            else:
                with pytest.raises(ValueError, match='x is not a picture .*more than 1 megapixels.*--largest'):
                    picture_reading.read(tmp_path / 'x', 8, False, fit, largest=largest)
    assert Image.MAX_IMAGE_PIXELS == before


def test_without_a_limit_memory_is_one(tmp_path, monkeypatch):
    Image.new('L', (1000, 2000)).save(tmp_path / 'x.png')
    for held, allowed in [(64e6, True), (63e6, False), (float('inf'), True)]:
        monkeypatch.setattr(memory, 'total', lambda held=held: held)
        with picture_reading.limit(0):
            assert isinstance(picture_reading.measure(tmp_path / 'x.png'), tuple) == allowed


def test_large_pictures_take_turns(tmp_path, monkeypatch):
    """They need much memory while they are decoded."""
    Image.new('L', (1000, 1001)).save(tmp_path / 'x.png')
    monkeypatch.setattr(picture_reading, 'LARGEST', 1)
    at_once, most, real = [], [], picture_reading.opaque

    def opaque(found):
        at_once.append(found)
        time.sleep(0.01)
        most.append(len(at_once))
        at_once.pop()
        return real(found)

    monkeypatch.setattr(picture_reading, 'opaque', opaque)
    with picture_reading.limit(2), ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: picture_reading.decoded(tmp_path / 'x.png', 8, False, 'native'), range(8)))
    assert most == [1] * 8


@pytest.mark.parametrize('content, words', [
    (b'', 'it is empty'), (b'<html>404', 'its format is not one of PNG'), (None, 'it is a folder')])
def test_files_that_are_no_pictures(tmp_path, content, words):
    path = tmp_path / 'x.png'
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(ValueError, match=f'x.png is not a picture that can be read: {words}'):
        picture_reading.read(path, 8, False)


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    Image.new('L', (3, 3)).save(tmp_path / 'x.png')

    def denied(*arguments, **named):
        raise PermissionError(13, 'Permission denied', str(tmp_path / 'x.png'))

    monkeypatch.setattr(Image, 'open', denied)
    with pytest.raises(ValueError, match='can be read: Permission denied$'):
        picture_reading.read(tmp_path / 'x.png', 8, False)


def test_a_damaged_orientation_is_no_matter_and_no_warning(tmp_path, recwarn):
    exif = b'Exif\0\0MM\0*\0\0\0\x08\xff\xff' + b'\1' * 40
    Image.new('L', (40, 20), 255).save(tmp_path / 'x.jpg', exif=exif)
    assert picture_reading.read(tmp_path / 'x.jpg', 8, False, 'native').shape == (1, 20, 40)
    assert not recwarn.list


@pytest.mark.parametrize('fit, expected', [('resize', (16, 8)), ('pad', (8, 4))])
def test_fit(fit, expected):
    """A white picture of 8 x 4 pixels in a square of 16."""
    square = np.asarray(picture_reading.fitted(Image.new('L', (8, 4), 255), 16, fit, fill=0))
    assert square.shape == (16, 16)
    width, height = expected
    left, top = (16 - width) // 2, (16 - height) // 2
    assert (square[top:top + height, left:left + width] == 255).all() and (square > 0).sum() == width * height


def test_the_margin_has_the_mean_colour():
    picture = Image.new('RGB', (10, 4), (200, 0, 50))
    picture.paste((0, 100, 50), (0, 0, 5, 4))
    square = np.asarray(picture_reading.fitted(picture, 10))
    assert (square[:3] == (100, 50, 50)).all() and (square[7:] == (100, 50, 50)).all()
    assert np.asarray(picture_reading.fitted(Image.new('L', (2, 1), 7), 8)).tolist() == [[7] * 8] * 8


def test_strips_keep_a_pixel():
    for size in (3000, 4), (4, 3000):
        for fit in 'resize', 'pad':
            square = np.asarray(picture_reading.fitted(Image.new('L', size, 255), 16, fit, fill=0))
            assert (square == 255).sum() == 16


def test_pictures_that_are_too_large_are_reduced():
    for fit in ('resize', 'pad'):
        square = np.asarray(picture_reading.fitted(Image.new('L', (50, 200), 255), 16, fit, fill=0))
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
    pixels = picture_reading.read(tmp_path / 'x', 64, colour)
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
    pixels = picture_reading.read(tmp_path / 'x.jpg', 64, False)[0]
    assert (pixels[40:, 20:44] > 249).all() and (pixels[:24, 20:44] < 6).all()  # black above white


@pytest.mark.parametrize('kind', picture_reading.FORMATS)
def test_a_picture_is_measured_without_being_decoded(tmp_path, monkeypatch, kind):
    Image.new('RGB', (900, 700)).save(tmp_path / 'x', kind)
    monkeypatch.setattr(ImageFile.ImageFile, 'load', lambda file: pytest.fail('it was decoded'))
    assert sorted(picture_reading.measure(tmp_path / 'x')) == [700, 900]


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
        assert picture_reading.read(tmp_path / 'x', 16, True).shape == (3, 16, 16)
    except ValueError as error:
        assert 'is not a picture that can be read' in str(error)
