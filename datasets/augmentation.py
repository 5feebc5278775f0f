"""Random distortions and random tones, so that a training picture is never seen twice the same.

Everything here works on whole batches, and on NumPy and on CuPy arrays alike.  A distortion is a map from the pixels
of the result to places in the picture.  It is given by a grid of ``POINTS`` x ``POINTS`` control points, the outer ones
at the centres of the outer pixels, with bilinear interpolation between them.  That holds rotation, zoom, shear and
flip exactly, since they are affine, and a smooth elastic displacement (Simard, Steinkraus and Platt, 2003, but with
noise on a coarse grid in place of filtered noise on all pixels).  A change of tones is a curve for each channel, as a
table of 256 values.
"""
import functools
import math
from dataclasses import dataclass

import numpy

POINTS = 5
PART = 1 << 15  # pixels, of each channel, that a CPU distorts together: what is made on the way stays in its cache

# distorted() on a GPU: one thread makes one pixel.
DISTORTION_INPUTS = ('raw uint8 pictures, raw float32 points, int32 channels, int32 height, int32 width, int32 repeat, '
                     'int32 grid')
DISTORTION_OUTPUTS = 'uint8 pixel'
DISTORTION_OPERATION = '''
    // i counts the result's pixels: (picture, channel, row, column).
    int column = i % width, row = i / width % height;
    ptrdiff_t plane = i / width / height;
    // The cell of the grid that the pixel is in, and how far into it.
    float across = column * (grid - 1.0f) / max(width - 1, 1), down = row * (grid - 1.0f) / max(height - 1, 1);
    int left = min((int)across, grid - 2), top = min((int)down, grid - 2);
    across -= left, down -= top;
    const float last[2] = {(float)height, (float)width};
    float place[2];
    for (int axis = 0; axis < 2; ++axis) {
        ptrdiff_t first = ((plane / channels * 2 + axis) * grid + top) * grid + left;
        float above = points[first] + across * (points[first + 1] - points[first]);
        float below = points[first + grid] + across * (points[first + grid + 1] - points[first + grid]);
        place[axis] = min(max(above + down * (below - above), -1.0f), last[axis]);
    }
    float y = floorf(place[0]), x = floorf(place[1]), value = 0;
    for (int corner = 0; corner < 4; ++corner) {
        int v = (int)y + corner / 2, u = (int)x + corner % 2;
        float weight = (corner / 2 ? place[0] - y : 1 - place[0] + y) * (corner % 2 ? place[1] - x : 1 - place[1] + x);
        bool inside = v >= 0 && v < height && u >= 0 && u < width;
        v = min(max(v, 0), height - 1), u = min(max(u, 0), width - 1);
        if (inside || repeat) value += weight * pictures[(plane * height + v) * width + u];
    }
    pixel = (unsigned char)(value + 0.5f);
'''


@dataclass(frozen=True)
class Augmentation:
    """How much training pictures are changed at most; all is off by default.

    Each value is drawn uniformly, for each picture anew.  "A factor up to 1 + a" is from 1 / (1 + a) to 1 + a,
    uniform in its logarithm.

    Attributes:
        rotate: degrees, either way.
        zoom: share by which things are enlarged or made smaller: a factor up to 1 + zoom.
        shear: pixels that a row is pushed aside, either way, for each row of distance from the middle.
        elastic: pixels that a control point is moved, either way, down and across.
        flip: whether one half of the pictures is mirrored, left to right.
        brightness: the power that tones from 0 to 1 are raised to is a factor up to 1 + brightness.  Black and white
            stay, so that nothing is lost; and it matters to models that normalise their images, too.
        contrast: differences from a picture's mean are multiplied by a factor up to 1 + contrast.
        tint: each channel is multiplied by a factor of its own up to 1 + tint.
    """
    rotate: float = 0.0
    zoom: float = 0.0
    shear: float = 0.0
    elastic: float = 0.0
    flip: bool = False
    brightness: float = 0.0
    contrast: float = 0.0
    tint: float = 0.0

    @property
    def distorts(self):
        """Whether pixels change their places."""
        return bool(self.rotate or self.zoom or self.shear or self.elastic or self.flip)

    @property
    def retones(self):
        """Whether pixels change their values."""
        return bool(self.brightness or self.contrast or self.tint)

    def distort(self, xp, rng, pictures, repeat):
        """Pictures as :func:`distorted` makes them, by control points as :func:`draw_points` draws them."""
        if not self.distorts:
            return pictures
        return distorted(xp, pictures, draw_points(xp, rng, len(pictures), *pictures.shape[-2:], self), repeat)

    def retone(self, xp, rng, pictures):
        """Pictures as :func:`retoned` makes them, by curves as :func:`draw_curves` draws them."""
        if not self.retones:
            return pictures
        means = pictures.reshape(len(pictures), -1).mean(axis=1, dtype=xp.float32) / 255
        return retoned(xp, pictures, draw_curves(xp, rng, means, pictures.shape[1], self))


OFF = Augmentation()


def draw_points(xp, rng, count, height, width, augmentation):
    """Draws distortions: the places in the picture that the control points show.

    Args:
        xp: numpy or cupy.
        rng: generator of that device.
        count: pictures, N.
        height, width: of a picture, in pixels.
        augmentation: the Augmentation.

    Returns:
        float32 array (N, 2, POINTS, POINTS), (down, across) in pixels; (0, 0) is the centre of the top-left pixel.
    """
    a = augmentation
    drawn = _both_ways(xp, rng, (4, count, 1, 1))
    angle, size, shear = drawn[0] * math.radians(a.rotate), (1 + a.zoom) ** -drawn[1], drawn[2] * a.shear
    y, x = (xp.linspace(-(side - 1) / 2, (side - 1) / 2, POINTS, dtype=xp.float32) for side in (height, width))
    y = y[:, None]
    x = (xp.where(drawn[3] < 0, -x, x) if a.flip else x) + shear * y
    cosine, sine = size * xp.cos(angle), size * xp.sin(angle)
    points = xp.stack([cosine * y + sine * x + (height - 1) / 2, cosine * x - sine * y + (width - 1) / 2], axis=1)
    if a.elastic:
        points += a.elastic * _both_ways(xp, rng, points.shape)
    return points.astype(xp.float32, copy=False)


def distorted(xp, pictures, points, repeat):
    """Pictures distorted, with bilinear interpolation.

    Args:
        xp: numpy or cupy, the home of the arrays.
        pictures: uint8 array (N, C, H, W).
        points: float32 array (N, 2, G, G), the places that the control points show, see :func:`draw_points`.
        repeat: whether outside a picture its border is repeated; else there is zero.

    Returns:
        uint8 array (N, C, H, W); on a CPU it may be 1 from the exact value.
    """
    if xp is not numpy:
        channels, height, width = pictures.shape[1:]
        result = xp.empty(pictures.shape, xp.uint8)
        return _distortion_kernel(xp)(xp.ascontiguousarray(pictures), xp.ascontiguousarray(points), channels, height,
                                      width, int(repeat), points.shape[-1], result)
    step = max(1, PART // (pictures.shape[2] * pictures.shape[3]))
    parts = (slice(start, start + step) for start in range(0, len(pictures), step))
    return numpy.concatenate([_distorted_part(pictures[part], points[part], repeat) for part in parts])


def _distorted_part(pictures, points, repeat):
    """What :func:`distorted` does, on a CPU, in whole numbers: 256ths of a pixel and of a weight."""
    n, channels, height, width = pictures.shape
    fours = numpy.zeros((n * channels, height + 2, width + 2), numpy.uint32)
    fours[:, 1:-1, 1:-1] = pictures.reshape(-1, height, width)
    if repeat:
        fours[:, 0], fours[:, -1] = fours[:, 1], fours[:, -2]
        fours[:, :, 0], fours[:, :, -1] = fours[:, :, 1], fours[:, :, -2]
    # The four pixels that a place lies between, as the bytes of one number, so that they are fetched at once: the
    # upper left is the lowest byte, then the upper right, the lower left and the lower right.
    fours = fours[:, :, :-1] | fours[:, :, 1:] << 8
    fours = fours[:, :-1] | fours[:, 1:] << 16
    down, across = _hats(points.shape[-1], height) * numpy.float32(256), _hats(points.shape[-1], width)
    places = down.T @ points.swapaxes(0, 1) @ across
    places += 256.5  # from the first pixel of the border, and rounded
    for axis, side in zip(places, (height, width)):
        numpy.clip(axis, 0, 256 * side + 255, out=axis)
    places = places.astype(numpy.int32)[:, :, None]  # down and across, each (n, 1, height, width)
    row, column = places >> 8
    part_y, part_x = (places & 255).view(numpy.uint32)
    row *= width + 1
    row += column
    first = numpy.arange(n * channels, dtype=numpy.int32).reshape(n, channels, 1, 1) * ((height + 1) * (width + 1))
    fours = fours.take(row + first)
    # Two bytes at once, with a byte of room above each: the upper and the lower pixel.
    sides = _between(fours & 0xff00ff, fours >> 8 & 0xff00ff, part_x, 0x800080) & 0xff00ff
    return _between(sides & 0xff, sides >> 16, part_y, 0x80).astype(numpy.uint8)


def _between(a, b, part, half):
    """Interpolates: 256 parts are the whole way from a to b; half is 128 in each byte, for rounding."""
    a *= 256 - part
    b *= part
    a += b
    a += numpy.uint32(half)
    a >>= 8
    return a


@functools.cache
def _hats(points, side):
    """float32 array (points, side): the weight of each control point at each of ``side`` pixels in a row."""
    places = numpy.linspace(0, points - 1, side, dtype=numpy.float32)
    return numpy.maximum(0, 1 - abs(places - numpy.arange(points, dtype=numpy.float32)[:, None]))


@functools.cache
def _distortion_kernel(cupy):
    return cupy.ElementwiseKernel(DISTORTION_INPUTS, DISTORTION_OUTPUTS, DISTORTION_OPERATION, 'distort')


def draw_curves(xp, rng, means, channels, augmentation):
    """Draws changes of tones, in this order: brightness, contrast, tint.

    Args:
        xp: numpy or cupy.
        rng: generator of that device.
        means: float32 array (N,), of the pictures' pixels, in [0, 1].
        channels: of a picture, C.
        augmentation: the Augmentation.

    Returns:
        uint8 array (N, C, 256), the new value of each value.
    """
    a = augmentation
    drawn = _both_ways(xp, rng, (len(means), 2 + channels, 1))
    power = (1 + a.brightness) ** drawn[:, :1]
    curves, means = (xp.arange(256, dtype=xp.float32) / 255) ** power, means[:, None, None] ** power
    curves = (curves - means) * (1 + a.contrast) ** drawn[:, 1:2] + means
    curves = curves.clip(0, 1) * (1 + a.tint) ** drawn[:, 2:]
    return xp.rint(255 * curves.clip(0, 1)).astype(xp.uint8)


def retoned(xp, pictures, curves):
    """Pictures with other tones.

    Args:
        xp: numpy or cupy, the home of the arrays.
        pictures: uint8 array (N, C, H, W).
        curves: uint8 array (N, C, 256), the new value of each value.

    Returns:
        uint8 array (N, C, H, W).
    """
    first = xp.arange(curves.shape[0] * curves.shape[1], dtype=xp.int32).reshape(*curves.shape[:2], 1, 1) * 256
    return curves.reshape(-1).take(pictures + first)


def _both_ways(xp, rng, shape):
    """float32 array, uniform between -1 and 1."""
    return 2 * rng.random(shape, dtype=xp.float32) - 1
