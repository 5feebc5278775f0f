"""Reads a picture of the user's, upright, as a square or in its own size."""
import contextlib
import functools
import os
import threading
import warnings

import numpy as np
from PIL import Image, ImageOps, ImageStat, UnidentifiedImageError

from datasets import bit_depth, memory, visible
from datasets.progress import stepwise

FORMATS = ['PNG', 'JPEG', 'WEBP', 'BMP', 'GIF', 'PPM']
GREY = ('1', 'L', 'LA', 'La', 'I', 'F')
LARGEST = 90    # megapixels: the default limit; a small file may claim to have any number of them
NEEDED = 32     # bytes of memory for each pixel of a picture while it is read, at most
_turn = threading.Lock()    # pictures above LARGEST are read one at a time


def read(path, size, colour, fit='resize', fill=None, largest=LARGEST, scaled=lambda white: None):
    """A picture, as a square unless it is native.

    Args:
        path: the file.
        size: side of the resulting square in pixels; without effect on native pictures.
        colour: whether the result is RGB, or grey.
        fit, fill: see :func:`fitted`; or 'native', for the picture in its own size.
        largest: see :func:`limit`.
        scaled: called with the value that is white in the picture, or None, see
            ``datasets.bit_depth``.

    Returns:
        uint8 array (C, H, W), C = 3 or 1.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not a picture of a known format, is damaged, or too large.
    """
    with limit(largest):
        found = decoded(path, size, colour, fit, fill)
    if isinstance(found, str):
        raise ValueError(f'{path} is not a picture that can be read: {found}')
    found, white = found
    scaled(white)
    return np.asarray(found).reshape(found.height, found.width, -1).transpose(2, 0, 1)


@contextlib.contextmanager
def limit(largest):
    """A context in which pictures with more than ``largest`` megapixels are refused.

    Args:
        largest: int; 0 for as many as the computer's memory holds.
    """
    held = memory.total() / NEEDED
    pixels = largest * 10 ** 6 or (int(held) if held < 1 << 62 else None)
    before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, pixels
    try:
        with warnings.catch_warnings():
            # The others are of what does no harm, such as a damaged EXIF part.
            warnings.filterwarnings('ignore', module=r'PIL\.')
            warnings.simplefilter('error', Image.DecompressionBombWarning)
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def _or_reason(function):
    """A function of a file that returns a reason, a str, if it fails because of the file."""
    @functools.wraps(function)
    def careful(path, *arguments):
        try:
            return visible.obstacle(path) or function(path, *arguments)
        except FileNotFoundError:
            raise
        except UnidentifiedImageError:
            formats = f'its format is not one of {", ".join(FORMATS)}'
            return formats if os.path.getsize(path) else 'it is empty'
        except (Image.DecompressionBombWarning, Image.DecompressionBombError):
            return (f'it has more than {Image.MAX_IMAGE_PIXELS / 1e6:.0f} megapixels, the most that '
                    'are read (for --dataset folder and text, --largest allows others)')
        except MemoryError:
            return 'it needs more memory than there is'
        except Exception as error:  # Pillow raises all kinds of errors for damaged bytes
            text = str(getattr(error, 'strerror', None) or error)
            return ' '.join(text.split()) or type(error).__name__
    return careful


@contextlib.contextmanager
def _opened(path):
    with Image.open(path, formats=FORMATS) as file:
        large = file.width * file.height > LARGEST * 10 ** 6
        with _turn if large else contextlib.nullcontext():
            yield file


@_or_reason
def decoded(path, size, colour, fit, fill=None):
    """The picture that :func:`read` reads.  Call it in :func:`limit`.

    Returns:
        PIL picture in mode RGB or L, and the value that is white in it or None; or the reason, a
        str, why it cannot be read.
    """
    mode = 'RGB' if colour else 'L'
    with _opened(path) as file:
        if fit != 'native':
            file.draft(mode, (size, size))  # decodes a JPEG file at the size that is needed
        found, white = _of_eight_bits(file, path)
        found = opaque(found)
        return (found if fit == 'native' else fitted(found, size, fit, fill)).convert(mode), white


@_or_reason
def measure(path):
    """Height and width of a picture before it is turned upright; or a reason, a str.  Call it in :func:`limit`.

    Only the beginning of the file is read: a PNG file may say at its end how the picture is turned.
    """
    with _opened(path) as file:
        return file.size[::-1]


def named_as_picture(path):
    """Whether the name of a file, a pathlib.Path, ends as those of pictures that can be read."""
    return path.name.lower().endswith(_endings())


@functools.cache
def _endings():
    return tuple(end for end, kind in Image.registered_extensions().items() if kind in FORMATS)


def any_in_colour(paths, largest=LARGEST):
    """Whether a list of files has a picture in colour; shows its progress on a terminal.

    Args: see :func:`in_colour` and :func:`limit`.
    """
    with limit(largest):
        return any(map(in_colour, stepwise('looking for colour', paths, 'pictures')))


def in_colour(path):
    """Whether a file is a picture in colour; False if it is none.  Call it in :func:`limit`."""
    if visible.obstacle(path):
        return False
    try:
        with Image.open(path, formats=FORMATS) as file:
            return not (file.mode in GREY or file.mode.startswith('I'))
    except Exception:
        return False


def _of_eight_bits(file, path):
    """The upright picture of an open file, with 8 bits a value, and what is white in it or None."""
    codec, *_, how = file.tile[0] if file.tile else ('', '')
    spread = codec in ('ppm', 'ppm_plain') and how[-1] < 65535  # then Pillow has scaled it
    found = ImageOps.exif_transpose(file)
    grey = found.mode == 'F' or found.mode.startswith('I')
    if not grey and not str(how).endswith(';16B'):
        return found, None
    hidden, white = _transparent(found, grey, path), None
    if hidden:  # what cannot be seen says nothing of the depth
        values = np.array(found)
        values[np.asarray(hidden) > 0] = 0
        found = Image.fromarray(values)
    if grey:
        found, white = bit_depth.eight_bits(found, spread=spread)
    elif max(top for _, top in found.getextrema()[:3]) < 64:
        found, white = bit_depth.eight_bits(found, _lower_bytes(path) or found)
    if hidden:
        found.paste('white', mask=hidden)
    return found, white


def _transparent(found, grey, path):
    """The mask of the pixels of the value that a file of 16 bits says is transparent; None without such a value."""
    clear, values = found.info.pop('transparency', None), np.asarray(found)
    if clear is None:
        return None
    if not grey:
        values = values.astype(np.int32) << 8 | np.asarray(_lower_bytes(path))
    same = values == clear if grey else (values == clear).all(axis=2)
    return Image.fromarray((255 * same).astype(np.uint8))


def _lower_bytes(path):
    """The lower bytes of 16 bits a value in colour, of which Pillow reads the upper; else None.

    Read as if its bytes were in the other order, they are the upper ones.
    """
    with Image.open(path, formats=FORMATS) as file:
        *place, how = file.tile[0]
        if how not in ('RGB;16B', 'RGBA;16B'):
            return None
        file.tile = [(*place, how.replace('16B', '16L'))]
        return ImageOps.exif_transpose(file)


def opaque(picture):
    """A PIL picture with 8 bits a value in mode L or RGB, white where it is transparent."""
    if 'transparency' in picture.info or picture.mode in ('LA', 'PA', 'RGBA'):
        layer = picture.convert('RGBA')
        return Image.alpha_composite(Image.new('RGBA', layer.size, 'white'), layer).convert('RGB')
    return picture.convert('L' if picture.mode in GREY else 'RGB')


def fitted(picture, size, fit='resize', fill=None):
    """A complete picture in the middle of a square, with its proportions kept.

    Args:
        picture: PIL picture in mode L or RGB.
        size: the square's side in pixels.
        fit: 'resize', as large as possible; or 'pad', in its own size, or as large as possible if
            that is too large.
        fill: the grey level of the margin, in [0, 255]; by default it has the mean colour of the
            picture, so that it does not stand out.

    Returns:
        PIL picture of the same mode.
    """
    if fit == 'resize' or max(picture.size) > size:
        sides = [max(1, round(side / max(picture.size) * size)) for side in picture.size]
        picture = picture.resize(sides, Image.Resampling.LANCZOS)
    colour = mean_colour(picture) if fill is None else (fill,) * len(picture.getbands())
    square = Image.new(picture.mode, (size, size), colour)
    square.paste(picture, ((size - picture.width) // 2, (size - picture.height) // 2))
    return square


def mean_colour(picture):
    """The mean of a PIL picture's pixels, as a colour of its mode."""
    mean = tuple(round(value) for value in ImageStat.Stat(picture).mean)
    return mean if len(mean) > 1 else mean[0]
