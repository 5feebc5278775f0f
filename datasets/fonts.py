"""Digits drawn from the fonts that matplotlib ships, distorted at random.  Needs no data files and no network."""
import functools
import math
import pathlib

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

FONTS = ('DejaVuSans', 'DejaVuSans-Bold', 'DejaVuSans-Oblique', 'DejaVuSansMono', 'DejaVuSansMono-Bold',
         'DejaVuSansMono-Oblique', 'DejaVuSerif', 'DejaVuSerif-Bold', 'DejaVuSerif-Italic', 'STIXGeneral',
         'STIXGeneralBol', 'STIXGeneralItalic', 'STIXGeneralBolIta', 'cmb10', 'cmr10', 'cmss10', 'cmtt10')
COUNTS = {'train': 24000, 'test': 5000}
SEEDS = {'train': 1, 'test': 2}
SIDE = 28
FINE = 3    # glyphs are drawn this many times finer than the digits
BOX = 20    # and fill a box of this many pixels, like MNIST's digits


@functools.cache
def load(part):
    """The 'train' (24,000) or 'test' (5,000) font digits; every call returns the same.

    Each is a glyph with a random rotation, shear, stretch and shift, and a random elastic distortion.

    Returns:
        uint8 array (N, 28, 28) in [0, 255] and int32 array (N,) in [0, 9], in random order.
    """
    n, rng = COUNTS[part], np.random.default_rng(SEEDS[part])
    glyphs = _glyphs()
    which = rng.permutation(n) % len(glyphs)
    warps = _warps(n, rng)
    digits = np.empty((n, SIDE, SIDE), np.float32)
    for index, glyph in enumerate(glyphs):
        mine = which == index
        digits[mine] = ndimage.map_coordinates(glyph, _distorted_grid(*(warp[mine] for warp in warps)), order=1)
    return np.rint(digits).clip(0, 255).astype(np.uint8), (which % 10).astype(np.int32)


def _glyphs():
    """float32 (F * 10, FINE * 28, FINE * 28): digits 0 to 9 in the first font, then in the second, and so on."""
    folder = pathlib.Path(matplotlib.get_data_path()) / 'fonts' / 'ttf'
    glyphs = []
    for name in FONTS:
        font = ImageFont.truetype(str(folder / f'{name}.ttf'), 100)
        for digit in '0123456789':
            left, top, right, bottom = font.getbbox(digit)
            drawn = Image.new('L', (right - left, bottom - top))
            ImageDraw.Draw(drawn).text((-left, -top), digit, fill=255, font=font)
            shrink = FINE * BOX / max(drawn.size)
            drawn = drawn.resize([max(1, round(side * shrink)) for side in drawn.size], Image.Resampling.LANCZOS)
            glyph = Image.new('L', (FINE * SIDE, FINE * SIDE))
            glyph.paste(drawn, [(FINE * SIDE - side) // 2 for side in drawn.size])
            # Blurred to the resolution at which it will be sampled.
            glyphs.append(ndimage.gaussian_filter(np.asarray(glyph, np.float32), FINE / 2))
    return np.stack(glyphs)


def _warps(n, rng):
    """Random distortions of n digits: float32 arrays (n, 1, 1), and the noise (n, 2, 28, 28).

    They are: angle in radians, shear as a ratio, noise, horizontal stretch as a ratio and shift in pixels, and the same
    two vertically.
    """
    def uniform(low, high):
        return rng.uniform(low, high, (n, 1, 1)).astype(np.float32)

    return (uniform(-0.3, 0.3), uniform(-0.25, 0.25),
            rng.standard_normal((2, n, SIDE, SIDE), np.float32).swapaxes(0, 1),
            uniform(0.9, 1.4), uniform(-1.5, 1.5), uniform(0.9, 1.3), uniform(-1.5, 1.5))


def _distorted_grid(angle, shear, noise, stretch_x, shift_x, stretch_y, shift_y):
    """float32 (2, n, 28, 28): the row and column in a fine glyph where each pixel of each digit is sampled."""
    down, right = np.mgrid[:SIDE, :SIDE].astype(np.float32) - (SIDE - 1) / 2
    smooth, pixels = 3.5, 0.8
    elastic = ndimage.gaussian_filter(noise, (0, 0, smooth, smooth)) * (pixels * 2 * smooth * math.sqrt(math.pi))
    x = (right + shear * down) * stretch_x + shift_x + elastic[:, 0]
    y = down * stretch_y + shift_y + elastic[:, 1]
    rows = np.sin(angle) * x + np.cos(angle) * y
    columns = np.cos(angle) * x - np.sin(angle) * y
    return np.stack([rows, columns]) * FINE + (FINE * SIDE - 1) / 2
