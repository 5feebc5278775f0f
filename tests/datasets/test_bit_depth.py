"""Pictures with more than 8 bits a value come out neither black nor white."""
import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from datasets import bit_depth, folder, picture_reading


def png16(path, values, clear=()):
    """Writes a PNG file of 16 bits a value, one of which may be transparent; Pillow writes only grey ones."""
    values = np.asarray(values, '>u2')
    height, width = values.shape[:2]
    kind = {2: 0, 3: {2: 4, 3: 2, 4: 6}.get(values.shape[-1])}[values.ndim]

    def chunk(name, data):
        return struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data))

    path.write_bytes(b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 16, kind, 0, 0, 0))
                     + (chunk(b'tRNS', struct.pack(f'>{len(clear)}H', *clear)) if clear else b'')
                     + chunk(b'IDAT', zlib.compress(b''.join(b'\0' + row.tobytes() for row in values)))
                     + chunk(b'IEND', b''))


def knows_floats():
    try:
        Image.new('F', (1, 1)).save(io.BytesIO(), 'PPM')
        return True
    except OSError:
        return False


FLOATS = pytest.mark.skipif(not knows_floats(), reason='this Pillow has no pictures of floats')


def read(path, colour=False):
    """The picture as it is, and the value that is said to be white."""
    whites = []
    found = picture_reading.read(path, 0, colour, 'native', scaled=whites.append)
    return found.transpose(1, 2, 0).squeeze(), *whites


@pytest.mark.parametrize('largest, white', [
    (65535, 65535), (32768, 65535), (16384, 65535), (16383, 16383), (4096, 16383), (4095, 4095), (1300, 4095),
    (1023, 1023), (255, 255), (256, 1023), (3, 255)])
@pytest.mark.parametrize('layers', [1, 3, 4])
def test_white_is_the_largest_value_of_the_depth(tmp_path, rng, largest, white, layers):
    values = rng.integers(0, largest + 1, (6, 7, layers)).squeeze()
    values[0, 0] = largest
    if layers == 4:
        values[..., 3] = 65535  # opaque
    png16(tmp_path / 'x.png', values)
    pixels, told = read(tmp_path / 'x.png', layers > 1)
    assert told == (None if white == 65535 else white)
    expected = values[..., :3] if layers == 4 else values
    assert abs(pixels - 255 * expected / white).max() <= 1


def test_a_picture_that_uses_all_bits_is_its_upper_bytes_as_before(tmp_path, rng):
    values = rng.integers(0, 65536, (20, 20))
    png16(tmp_path / 'x.png', values)
    assert (read(tmp_path / 'x.png')[0] == values // 256).all()


def test_pictures_of_one_camera_are_scaled_alike(tmp_path):
    """Dark or bright, as long as they are not nearly black."""
    for bright in 4095, 2047, 1024:
        png16(tmp_path / 'x.png', np.full((4, 4), bright))
        assert read(tmp_path / 'x.png')[0][0, 0] == bright // 16


def test_opacity_of_12_bits(tmp_path):
    values = np.zeros((2, 2, 4), int)
    values[..., 0], values[0, 0, 3], values[1, 1, 3] = 4095, 4095, 2048
    png16(tmp_path / 'x.png', values)
    pixels, white = read(tmp_path / 'x.png', True)
    assert white == 4095 and (pixels[0, 0] == (255, 0, 0)).all() and (pixels[0, 1] == 255).all()
    assert abs(pixels[1, 1].astype(int) - (255, 127, 127)).max() <= 1


@pytest.mark.parametrize('largest', [65535, 1000])
@pytest.mark.parametrize('layers', [1, 3])
@pytest.mark.parametrize('clear', [65535, 300])
def test_the_value_that_is_transparent_is_white(tmp_path, rng, largest, layers, clear):
    """As in a picture of 8 bits; it says nothing of the depth."""
    values = rng.integers(0, largest + 1, (6, 7, layers))
    values[2], values[4, 0], values[5, 0] = clear, 0, largest // 2
    png16(tmp_path / 'x.png', values.squeeze(), (clear,) * layers)
    pixels = read(tmp_path / 'x.png', layers > 1)[0].reshape(6, 7, layers)
    assert (pixels[2] == 255).all() and not pixels[4, 0].any()
    assert abs(pixels[5, 0].astype(int) - 127).max() <= 4


def test_grey_with_opacity_is_not_black(tmp_path):
    """Pillow reads only its upper bytes."""
    values = np.full((2, 2, 2), 65535)
    values[..., 0] = [[4095, 2048], [1024, 0]]
    png16(tmp_path / 'x.png', values)
    pixels, white = read(tmp_path / 'x.png')
    assert white == 4095 and abs(pixels.astype(int) - values[..., 0] / 16).max() <= 16


@pytest.mark.parametrize('kind', ['I;16', pytest.param('F', marks=FLOATS)])
def test_a_black_picture_stays_black(tmp_path, kind):
    Image.new(kind, (3, 3)).save(tmp_path / 'x', 'PPM' if kind == 'F' else 'PNG')
    pixels, white = read(tmp_path / 'x')
    assert not pixels.any() and white is None


@pytest.mark.parametrize('largest, kind', [(4095, 'P5'), (4095, 'P2'), (1000, 'P5'), (65535, 'P5'), (65535, 'P2')])
def test_a_pgm_file_says_what_is_white(tmp_path, largest, kind):
    """Only a file that allows all 16 bits may mean fewer."""
    values = np.array([[0, 1, 300, 900]])
    body = values.astype('>u2').tobytes() if kind == 'P5' else ' '.join(map(str, values[0])).encode()
    (tmp_path / 'x.pgm').write_bytes(f'{kind}\n4 1\n{largest}\n'.encode() + body)
    pixels, white = read(tmp_path / 'x.pgm')
    assert white == (1023 if largest == 65535 else None)
    assert abs(pixels - 255 * values[0] / (white or largest)).max() <= 1


@FLOATS
@pytest.mark.parametrize('values, white', [
    ([0, 0.25, 1], 1), ([0, 0.01, 0.1], 1), ([0, 1.5, 3.7], 3.7), ([0, 100, 255], 255), ([0, 20, 800], 800),
    ([-1, 0.5, 1], 1)])
def test_floats(tmp_path, values, white):
    Image.fromarray(np.array([values], np.float32)).save(tmp_path / 'x.pfm', 'PPM')
    pixels, told = read(tmp_path / 'x.pfm')
    assert told == pytest.approx(white) and abs(pixels - 255 * np.array(values).clip(0, white) / white).max() <= 1


@FLOATS
def test_floats_that_are_no_numbers(tmp_path):
    values = np.array([[np.nan, np.inf, -np.inf, 2, 4]], np.float32)
    Image.fromarray(values).save(tmp_path / 'x.pfm', 'PPM')
    assert read(tmp_path / 'x.pfm')[0].tolist() == [0, 255, 0, 128, 255]


def test_the_summary():
    assert bit_depth.summary([None, None], 'pictures') == '' == bit_depth.summary([], 'pictures')
    text = bit_depth.summary([None, 4095, 4095, 1.0, 9.5, 9.5, 9.5, 255], 'train pictures')
    assert text.startswith('7 of 8 train pictures') and text.endswith('9.5 in 3, 4095 in 2, 1 in 1, and others in 1')


def test_a_folder_says_so_once_also_when_its_store_exists(tmp_path, rng, monkeypatch):
    monkeypatch.setenv('RAM_CACHE', str(tmp_path / 'cache'))
    root = tmp_path / 'pictures'
    for name in 'a', 'b':
        (root / name).mkdir(parents=True)
        for i in range(10):
            png16(root / name / f'{i}.png', rng.integers(0, 4096 if i else 65536, (9, 9)))
    for _ in range(2):
        folder.picture_cache._opened.clear()
        images, _, ((heading, lines),) = folder.load(root, 'train+validation', ('a', 'b'), 9, False)
        files = [path for paths in folder.class_files(root, 'train+validation').values() for path in paths]
        full = sum(path.name == '0.png' for path in files)
        assert heading.startswith(f'{len(files) - full} of {len(files)} train+validation pictures') and not lines
        for image, path in zip(images, files):
            np.testing.assert_array_equal(image, picture_reading.read(path, 9, False))  # as --predict sees them
            assert image.max() > 200
