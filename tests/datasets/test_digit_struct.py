"""digitStruct.mat, written as MATLAB 7.3 writes it."""
import h5py
import numpy as np
import pytest

from datasets import digit_struct


def write(path, numbers):
    """Writes the file: a name, and (label, left, top, width, height) of each digit, for each picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, 'w', userblock_size=512) as file:
        kept, struct = file.create_group('#refs#'), file.create_group('digitStruct')
        kind = h5py.ref_dtype

        def stored(value):
            name = f'{len(kept):x}'
            kept[name] = value
            return kept[name].ref

        names, boxes = [], []
        for name, digits in numbers:
            names.append(stored(np.array([[ord(c)] for c in name], np.uint16)))
            group = kept.create_group(f'{len(kept):x}')
            boxes.append(group.ref)
            for place, field in enumerate(('label', 'left', 'top', 'width', 'height')):
                values = [float(digit[place]) for digit in digits]
                if len(values) == 1:
                    group[field] = np.array([values])
                else:
                    references = [stored(np.array([[value]])) for value in values]
                    group.create_dataset(field, (len(values), 1), kind, np.array(references, object)[:, None])
        for field, references in ('name', names), ('bbox', boxes):
            struct.create_dataset(field, (len(numbers), 1), kind, np.array(references, object)[:, None])
    with open(path, 'r+b') as file:
        file.write(b'MATLAB 7.3 MAT-file, Platform: GLNXA64'.ljust(124) + b'\x00\x02IM')


NUMBERS = [('1.png', [(1, 246, 77, 81, 219), (9, 323, 81, 96, 219)]), ('2.png', [(10, -1, 5, 7, 9)]),
           ('10.png', [(2, 1, 2, 3, 4), (10, 5, 6, 7, 8), (10, 9, 10, 11, 12)])]


def test_one_digit_and_several(tmp_path):
    write(tmp_path / 'digitStruct.mat', NUMBERS)
    numbers, faults = digit_struct.read(tmp_path / 'digitStruct.mat')
    assert not faults and numbers == [[name, text, [list(digit[1:]) for digit in digits]]
                                      for (name, digits), text in zip(NUMBERS, ('19', '0', '200'))]


@pytest.mark.parametrize('number, words', [
    (('../1.png', [(1, 2, 3, 4, 5)]), "'../1.png' is not the name of a file"),
    (('', [(1, 2, 3, 4, 5)]), 'is not the name'),
    (('3.png', [(0, 2, 3, 4, 5)]), '3.png has the label 0; it must be 1 to 10'), (('3.png', []), '3.png has 0 labels'),
    (('3.png', [(1.5, 2, 3, 4, 5)] * 2), 'the label 1.5'), (('3.png', [(float('nan'), 2, 3, 4, 5)]), 'the label nan'),
    (('3.png', [(1, 2, 3, 0, 5)]), '3.png has a digit with left 2, top 3, width 0, height 5'),
    (('3.png', [(1, 2, float('inf'), 4, 5)]), 'top inf')])
def test_damaged_entries_are_named_and_left_out(tmp_path, number, words):
    write(tmp_path / 'digitStruct.mat', [NUMBERS[0], number, NUMBERS[1]])
    numbers, (fault,) = digit_struct.read(tmp_path / 'digitStruct.mat')
    assert [name for name, *_ in numbers] == ['1.png', '2.png']
    assert fault.startswith('digitStruct.mat, entry 2: ') and words in fault


def test_files_that_are_not_of_format_1(tmp_path):
    path = tmp_path / 'digitStruct.mat'
    with pytest.raises(FileNotFoundError):
        digit_struct.read(path)
    write(path, NUMBERS)
    whole = path.read_bytes()
    for content in b'', b'nothing', whole[:512], whole[:len(whole) // 2]:
        path.write_bytes(content)
        with pytest.raises(ValueError, match="digitStruct.mat is damaged, or not of SVHN's Format 1"):
            digit_struct.read(path)
    for names in ('other',), ('digitStruct/name',):
        with h5py.File(path, 'w') as file:
            for name in names:
                file[name] = np.zeros(3)
        with pytest.raises(ValueError, match="digitStruct.mat is damaged, or not of SVHN's Format 1"):
            digit_struct.read(path)
    with h5py.File(path, 'w') as file:
        file['digitStruct/name'], file['digitStruct/bbox'] = np.zeros(3), np.zeros(2)
    with pytest.raises(ValueError, match='it has 3 names and 2 bboxes'):
        digit_struct.read(path)
