"""digitStruct.mat of SVHN's Format 1 (Netzer et al., 2011): the digits in each picture, and their boxes.

It is a file of MATLAB 7.3, which is HDF5.  ``digitStruct/name`` and ``digitStruct/bbox`` have a reference
for each picture: to its file's name as numbers of characters, and to a group with ``label``, ``left``,
``top``, ``width`` and ``height``.  Each of these holds the value itself if there is one digit, and else a
reference to the value of each digit.
"""
import math
import pathlib

import h5py

from datasets.progress import progress

FILE = 'digitStruct.mat'
BOX = 'left', 'top', 'width', 'height'


def read(path):
    """The numbers in a digitStruct.mat.

    Args:
        path: pathlib.Path.

    Returns:
        list of two lists: [name, text, boxes] of each picture, its file's name, its digits as a str, and a list
        of [left, top, width, height] of each digit in pixels; and the faults, a str for each that is left out.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is damaged, or not a file of Format 1.
    """
    numbers, faults = [], []
    try:
        with h5py.File(path, 'r') as file:
            names, boxes = (file['digitStruct'][key][()].reshape(-1) for key in ('name', 'bbox'))
            if len(names) != len(boxes):
                raise ValueError(f'it has {len(names)} names and {len(boxes)} bboxes')
            with progress(f'reading {FILE}', len(names), 'numbers') as bar:
                for i, pair in enumerate(zip(names, boxes), 1):
                    try:
                        numbers.append(_number(file, *pair))
                    except Exception as error:  # h5py raises many kinds of errors for damaged bytes
                        faults.append(f'{FILE}, entry {i}: {error}')
                    bar.update()
    except FileNotFoundError:
        raise
    except Exception as error:
        raise ValueError(f"{path} is damaged, or not of SVHN's Format 1, an HDF5 file with digitStruct/name and "
                         f'digitStruct/bbox: {error}') from None
    return [numbers, faults]


def _number(file, name, bbox):
    """A picture's name, text and boxes; an error of any kind if they are damaged."""
    name = ''.join(map(chr, file[name][()].reshape(-1)))
    if not name or pathlib.PurePath(name).name != name:
        raise ValueError(f'{name!r} is not the name of a file')
    labels, *box = (_values(file, file[bbox][key]) for key in ('label', *BOX))
    if not labels or {len(values) for values in box} != {len(labels)}:
        raise ValueError(f'{name} has {len(labels)} labels, and {[len(values) for values in box]} values of {BOX}')
    odd = [label for label in labels if label not in range(1, 11)]
    if odd:
        raise ValueError(f'{name} has the label {odd[0]:g}; it must be 1 to 10, which is the digit 0')
    boxes = [list(values) for values in zip(*box)]
    for values in boxes:
        if not all(map(math.isfinite, values)) or min(values[2:]) <= 0:
            raise ValueError(f'{name} has a digit with {", ".join(map("{} {:g}".format, BOX, values))}')
    return [name, ''.join(str(int(label) % 10) for label in labels), boxes]


def _values(file, dataset):
    """The values of each digit, floats: one as it is, several by reference."""
    values = dataset[()].reshape(-1)
    if dataset.dtype.kind == 'O':
        values = [file[reference][()].reshape(-1)[0] for reference in values]
    return [float(value) for value in values]
