import csv
import os
import pathlib

import numpy as np
import pytest
from PIL import Image

from datasets import house_numbers
from tests.datasets.test_digit_struct import write

REAL = pathlib.Path(os.environ.get('RAM_DATA') or 'data') / 'real'


def photograph(path, digits):
    """A grey picture of 60 x 40 pixels; the box of each digit has its label's tone."""
    pixels = np.full((40, 60, 3), 100, np.uint8)
    for label, left, top, width, height in digits:
        pixels[top:top + height, left:left + width] = 20 * (label % 10)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def numbers_of(count):
    return [(f'{i + 1}.png', [(1 + (i + place) % 10, 5 + 9 * place, 10 + i % 5, 8, 12) for place in range(1 + i % 4)])
            for i in range(count)]


@pytest.fixture
def svhn(tmp_path):
    for part, count in ('train', 40), ('test', 8), ('extra', 8):
        write(tmp_path / 'svhn' / part / 'digitStruct.mat', numbers_of(count))
        for name, digits in numbers_of(count):
            photograph(tmp_path / 'svhn' / part / name, digits)
    return tmp_path


def test_svhn_as_published(svhn):
    split = {name: house_numbers.load(svhn, name, 26, 5)
             for name in ('train', 'validation', 'train+validation', 'test')}
    assert {name: images.shape[0] for name, (images, _, _) in split.items()} == {
        'train': 36, 'validation': 4, 'train+validation': 40, 'test': 8}
    assert all(images.shape[1:] == (3, 26, 26) for images, _, _ in split.values())
    assert sorted(split['train'][1] + split['validation'][1]) == sorted(split['train+validation'][1])
    texts = {name: ''.join(str(digit[0] % 10) for digit in digits) for name, digits in numbers_of(8)}
    images, found, told = split['test']
    assert found == [texts[name] for name in sorted(texts)] and not told
    for image, text in zip(images, found):
        if len(text) == 1:  # 12 pixels high, in a square of 16
            assert abs(int(image[0, 13, 13]) - 20 * int(text)) < 4 and abs(int(image[0, 0, 0]) - 100) < 4
    assert len(house_numbers.load(svhn, 'train', 26, 5, extra=True)[1]) == 44
    assert len(house_numbers.load(svhn, 'validation', 26, 5, extra=True)[1]) == 4
    _, found, ((said, _),) = house_numbers.load(svhn, 'train', 26, 2)
    assert max(map(len, found)) == 2 and said == (f'{36 - len(found)} of 36 train pictures have more than 2 characters '
                                                  '(--longest) and are left out')


def test_bad_files_are_named_and_left_out(svhn):
    folder = svhn / 'svhn' / 'test'
    (folder / '1.png').unlink()
    (folder / '2.png').write_bytes(b'no picture')
    Image.new('RGB', (6, 6)).save(folder / '3.png')
    (folder / '4.png').write_bytes((folder / '4.png').read_bytes()[:80])
    _, texts, told = house_numbers.load(svhn, 'test', 26, 5)
    (rows, faults), (heading, lines) = told
    assert len(texts) == 4 and heading == '3 of 7 test pictures cannot be read and are left out'
    assert 'damaged rows' in rows and faults == [f'digitStruct.mat, 1.png: there is no file {folder}/1.png']
    assert [line.split(': ')[0] for line in lines] == [f'{folder}/{i}.png' for i in (2, 3, 4)]
    assert 'is outside the picture, which is 6 x 6' in lines[1]
    with pytest.raises(ValueError, match='none of the test numbers .*: 7 of 7 test pictures have more than 0 char'):
        house_numbers.load(svhn, 'test', 26, 0)
    for path in folder.glob('*.png'):
        path.write_bytes(b'')
    with pytest.raises(ValueError, match='none of the test numbers .* can be used'):
        house_numbers.load(svhn, 'test', 26, 5)


def test_missing_files_say_where_they_go(svhn):
    (svhn / 'svhn' / 'extra' / 'digitStruct.mat').unlink()
    with pytest.raises(FileNotFoundError, match='extra/digitStruct.mat is missing: unpack extra.tar.gz .*fonts'):
        house_numbers.parts(svhn, 'train', extra=True)


def test_tables_of_boxes(tmp_path):
    folder = tmp_path / 'numbers' / 'train'
    for name in 'abcde':
        photograph(folder / f'{name}.png', [(1, 5, 5, 10, 20)])
    (folder / 'labels.csv').write_text('file,label\na.png,1\nb.png,22\nc.png,x\nd.png,1\ne.png,3\n')
    (folder / 'digits.csv').write_text('file,label,left,top,width,height\na.png,1,5,5,10,20\nb.png,2,5,5,10,20\n'
                                       'c.png,x,5,5,10,20\nd.png,1,5,five,10,20\ne.png,3,15,5,10,20\n')
    part, = house_numbers.parts(tmp_path, 'train+validation')
    assert [(picture.text, picture.boxes) for picture in part.numbers] == [
        ('1', ((5, 5, 10, 20),)), ('3', ((15, 5, 10, 20),))]
    for fault, words in zip(part.faults, ["b.png: its label is 22, and digits.csv has the digits ['2']",
                                          'c.png: its label is not a number',
                                          'line 5: 5,five,10,20 is no box'], strict=True):
        assert words in fault
    before = house_numbers.load(tmp_path, 'train+validation', 20, 5)[0]
    (folder / 'digits.csv').write_text((folder / 'digits.csv').read_text().replace('a.png,1,5', 'a.png,1,9'))
    after = house_numbers.load(tmp_path, 'train+validation', 20, 5)[0]
    assert (before[0] != after[0]).any() and (before[1] == after[1]).all()  # the store is made anew
    (folder / 'digits.csv').unlink()
    with pytest.raises(FileNotFoundError, match='digits.csv is missing'):
        house_numbers.parts(tmp_path, 'train')


@pytest.mark.skipif(not (REAL / 'numbers').is_dir(), reason='the real numbers are not here')
def test_real_numbers():
    split = {name: house_numbers.parts(REAL, name)[0] for name in ('train', 'validation', 'test')}
    assert {name: len(part.numbers) for name, part in split.items()} == {'train': 1800, 'validation': 200, 'test': 600}
    assert not any(part.faults for part in split.values())
    for name in 'train', 'test':
        with open(REAL / 'numbers' / name / 'labels.csv', newline='') as file:
            texts = {row['file']: row['label'] for row in csv.DictReader(file)}
        assert {picture.path.name: picture.text for picture in split[name].everything} == texts
    for picture in split['validation'].numbers[::20]:
        with Image.open(picture.path) as photo:
            for left, top, width, height in picture.boxes:
                assert -2 <= left < left + width <= photo.width + 2 and -2 <= top < top + height <= photo.height + 2
