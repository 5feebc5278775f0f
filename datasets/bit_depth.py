"""Pictures whose values have more than 8 bits: which of their values is white.

A file of 16 bits a value often holds fewer: cameras and scanners have 10, 12 or 14.  Divided by
256, such a picture is black.  So its depth is the fewest of 8, 10, 12, 14 or 16 bits that hold its
largest value.  Each picture is judged by itself, so that the same picture looks the same in
training and later.  The steps are coarse, so that the pictures of one camera, dark or bright, are
nearly always scaled alike.  In pictures of floats, white is 1, or their largest value if that is
more.

A PGM file states its largest possible value, and Pillow has scaled its pictures by that.  PNG's
sBIT chunk is no such statement: it says how exact the values are, which are spread over all 16 bits
whatever it says.
"""
import numpy as np
from PIL import Image

DEPTHS = 8, 10, 12, 14, 16


def eight_bits(picture, low=None, spread=False):
    """A picture with 8 bits a value.

    Args:
        picture: PIL picture; in mode I (of 16 bits at most) or I;16 or F, or in RGB or RGBA with
            the upper bytes of 16 bits a value.
        low: for RGB and RGBA, the PIL picture of the lower bytes.
        spread: whether its values are known to be spread over all 16 bits.

    Returns:
        PIL picture in mode L, RGB or RGBA; and the value that is white in it, None if that is the
        largest one of 16 bits, as a file should have it, or if the whole picture is black.
    """
    if picture.mode == 'F':
        return _of_floats(np.asarray(picture))
    values = np.asarray(picture).astype(np.int32)
    if low is not None:
        values = values << 8 | np.asarray(low)
    if values.ndim == 2:
        values, white = _scaled(values, spread)
    else:  # opacity is no colour
        parts = [_scaled(part) for part in (values[:, :, :3], values[:, :, 3:]) if part.size]
        values, white = np.concatenate([part for part, _ in parts], axis=2), parts[0][1]
    return Image.fromarray(values), white


def _scaled(values, spread=False):
    largest = int(values.max(initial=0))
    bits = next((bits for bits in DEPTHS if 0 < largest < 1 << bits and not spread), DEPTHS[-1])
    scaled = (values >> bits - 8).clip(0, 255).astype(np.uint8)
    return scaled, None if bits == DEPTHS[-1] else (1 << bits) - 1


def _of_floats(values):
    """Whatever is no number is black."""
    values = np.nan_to_num(values, nan=0, posinf=np.inf, neginf=0)
    finite = values[np.isfinite(values)]
    white = max(1.0, float(finite.max())) if finite.size else 1.0
    scaled = np.rint(values.clip(0, white) * np.float32(255 / white)).clip(0, 255).astype(np.uint8)
    return Image.fromarray(scaled), white if scaled.any() else None


def summary(whites, of):
    """One line that says how pictures were scaled; '' if none was.

    Args:
        whites: list of the values that are white in pictures, None for usual ones.
        of: a str that says which pictures these are.
    """
    counts = {}
    for white in whites:
        counts[white] = counts.get(white, 0) + 1
    usual = counts.pop(None, 0)
    if not counts:
        return ''
    order = sorted(counts, key=lambda white: (-counts[white], white))
    named = [f'{white:g} in {counts[white]:,}' for white in order[:3]]
    rest = sum(counts[white] for white in order[3:])
    return (f'{len(whites) - usual:,} of {len(whites):,} {of} use few of their 16 bits a value, or '
            f'are floats, and are scaled: white is {", ".join(named)}'
            f'{f", and others in {rest:,}" * bool(rest)}')
