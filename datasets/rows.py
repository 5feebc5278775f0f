"""Rows of digits: a stand-in for whole house numbers, made of the digits drawn from fonts, or of SVHN's."""
import functools

import numpy as np
from PIL import Image

import datasets
from datasets import crops, street

COUNTS = {'train': 12_000, 'validation': 1_000, 'test': 2_000}
SEEDS = {'train': 21, 'validation': 22, 'test': 23}
CHUNK = 500
MIDDLE = slice(6, 26)   # the columns of SVHN's pictures where the digit is, which is as high as the picture
ALIKE = 0.01            # SVHN's digits in a row have ranks, by brightness, that differ by at most this share of all
FADE = 3                # pixels at their border over which they become the ground of the row


@functools.lru_cache(maxsize=2)
def load(source, split, folder, size, longest, margin=1.0):
    """Rows of 1 to ``longest`` digits, each length as often; every call returns the same.

    They are cut out as house numbers are, see :func:`datasets.crops.square`.  Font digits are in one
    colour on a street, see :func:`datasets.street.painted`.  SVHN's are pictures of nearly the
    same brightness side by side, made to have one ground: the mean of the medians of their borders.

    Args:
        source: 'fonts' or 'svhn', the digits of SVHN's Format 2.
        split: 'train' (12,000), 'validation' (1,000), 'train+validation' or 'test' (2,000); they are
            made of the digits of the same split.
        folder: see :func:`datasets.data_folder`.
        size: side of a picture in pixels.
        longest, margin: see :func:`datasets.house_numbers.load`.

    Returns:
        uint8 array (N, 3, size, size), and list of N str, the numbers.

    Raises: as :func:`datasets.load_pictures`.
    """
    if '+' in split:
        images, texts = zip(*(load(source, part, folder, size, longest, margin) for part in split.split('+')))
        return np.concatenate(images), sum(texts, [])
    rng = np.random.default_rng(SEEDS[split])
    draw, pictures, labels = ((_of_fonts, *datasets.load_digits('fonts', split)) if source == 'fonts' else
                              (_of_svhn, *_by_brightness(*datasets.load_pictures('mnist', split, folder))))
    images, texts = [], []
    for start in range(0, COUNTS[split], CHUNK):
        squares = []
        for _ in range(min(CHUNK, COUNTS[split] - start)):
            which, cells, corners, ground = draw(pictures, rng.integers(1, longest + 1), rng)
            row, boxes = side_by_side(cells, corners)
            place = crops.square(boxes, *row.shape[1::-1], margin, rng.random(2))
            squares.append(np.asarray(crops.cropped(Image.fromarray(row), *place, size, ground)))
            texts.append(''.join(map(str, labels[which])))
        squares = np.stack(squares)
        images.append(street.painted(squares.astype(np.float32) / 255, rng) if squares.ndim == 3 else
                      np.ascontiguousarray(squares.transpose(0, 3, 1, 2)))
    return np.concatenate(images), texts


def side_by_side(cells, corners):
    """A row of pictures.  Where they overlap, the brighter pixel is kept; what none covers is black.

    Args:
        cells: list of uint8 arrays (h, w) or (h, w, 3).
        corners: list of (top, left) in pixels, at least 0.

    Returns:
        uint8 array (H, W) or (H, W, 3), as large as needed; and the boxes of the cells, a list of
        (left, top, width, height) in pixels.
    """
    bottom, right = (max(corner[axis] + cell.shape[axis] for cell, corner in zip(cells, corners)) for axis in (0, 1))
    row, boxes = np.zeros((bottom, right, *cells[0].shape[2:]), np.uint8), []
    for cell, (top, left) in zip(cells, corners):
        window = row[top:top + cell.shape[0], left:left + cell.shape[1]]
        np.maximum(window, cell, out=window)
        boxes.append((left, top, cell.shape[1], cell.shape[0]))
    return row, boxes


def _of_fonts(digits, n, rng):
    """Which of the digits are in a row, their strokes, where they go, and the ground, which is black."""
    which, gaps, jitter = rng.integers(0, len(digits), n), rng.integers(1, 6, n), rng.integers(0, 5, n)
    cells, corners, left = [], [], 0
    for digit, gap, down in zip(digits[which], gaps, jitter):
        rows, columns = (np.flatnonzero(digit.any(axis=axis)) for axis in (1, 0))
        cells.append(digit[rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1])
        corners.append((rows[0] + down, left))
        left += cells[-1].shape[1] + gap
    return which, cells, corners, 0


def _of_svhn(pictures, n, rng):
    """Which of the pictures are in a row, their middles, where they go, and their common ground."""
    reach = max(1, round(ALIKE * len(pictures)))
    which = (rng.integers(0, len(pictures)) + rng.integers(-reach, reach + 1, n)).clip(0, len(pictures) - 1)
    cells = pictures[which][:, :, :, MIDDLE].transpose(0, 2, 3, 1).astype(np.float32)
    height, width = cells.shape[1:3]
    inside = [np.minimum(np.arange(side), np.arange(side)[::-1]) for side in (height, width)]
    distance = np.minimum(inside[0][:, None], inside[1])  # to the border in pixels
    grounds = np.median(cells[:, distance < FADE], axis=1)
    ground = np.rint(grounds.mean(axis=0))
    opaque = (distance / np.float32(FADE)).clip(0, 1)[:, :, None]
    cells = np.rint((ground + opaque * (cells - grounds[:, None, None])).clip(0, 255)).astype(np.uint8)
    return which, list(cells), [(0, i * width) for i in range(n)], tuple(map(int, ground))


def _by_brightness(pictures, labels):
    order = pictures.mean(axis=(1, 2, 3)).argsort(kind='stable')
    return pictures[order], labels[order]
