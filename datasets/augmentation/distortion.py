"""Random distortions of pictures, a whole batch at a time, on NumPy and on CuPy arrays alike.

A distortion is a map from the pixels of the result to places in the picture.  It is given by a grid of ``POINTS`` x
``POINTS`` control points, the outer ones at the centres of the outer pixels, with bilinear interpolation between them.
That holds rotation, zoom, shear and flip exactly, since they are affine, and a smooth elastic displacement (Simard,
Steinkraus and Platt, 2003, but with noise on a coarse grid in place of filtered noise on all pixels).
"""
import functools
import math

import numpy

POINTS = 5
PART = 1 << 15  # pixels of each channel that a CPU distorts together, so that intermediate results stay in its cache

# draw_points() on a GPU: one thread makes one coordinate.
POINTS_INPUTS = ('raw float32 drawn, raw float32 noise, float32 rotate, float32 zoom, float32 shear, float32 elastic, '
                 'int32 flip, int32 height, int32 width, int32 grid')
POINTS_OUTPUTS = 'float32 place'
POINTS_OPERATION = '''
    // i counts the coordinates: (picture, axis, row of the grid, column of the grid).
    ptrdiff_t picture = i / grid / grid / 2;
    int axis = i / grid / grid % 2, row = i / grid % grid, column = i % grid;
    float angle = rotate * (2 * drawn[4 * picture] - 1), size = powf(1 + zoom, 1 - 2 * drawn[4 * picture + 1]);
    float y = (height - 1) * (row / (grid - 1.0f) - 0.5f), x = (width - 1) * (column / (grid - 1.0f) - 0.5f);
    x = (flip && drawn[4 * picture + 3] < 0.5f ? -x : x) + shear * (2 * drawn[4 * picture + 2] - 1) * y;
    place = axis ? size * (cosf(angle) * x - sinf(angle) * y) + (width - 1) / 2.0f
                 : size * (cosf(angle) * y + sinf(angle) * x) + (height - 1) / 2.0f;
    if (elastic) place += elastic * (2 * noise[i] - 1);
'''

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


def draw_points(xp, rng, count, height, width, augmentation, unit=1):
    """Draws distortions: the places in the picture that the control points show.

    Args:
        xp: numpy or cupy.
        rng: generator of that device.
        count: pictures, N.
        height, width: of a picture, in pixels; or of each picture, int32 arrays (N, 1, 1, 1).
        augmentation: the Augmentation.
        unit: the pixels that count as one for ``elastic``; or those of each picture, float32 array (N, 1, 1, 1).

    Returns:
        float32 array (N, 2, POINTS, POINTS), (down, across) in pixels; (0, 0) is the centre of the top-left pixel.
    """
    a, shape = augmentation, (count, 2, POINTS, POINTS)
    drawn = rng.random((count, 4), dtype=xp.float32)
    noise = rng.random(shape, dtype=xp.float32) if a.elastic else None
    if xp is not numpy:
        points = xp.empty(shape, xp.float32)
        return _points_kernel(xp)(drawn, drawn if noise is None else noise, math.radians(a.rotate), a.zoom, a.shear,
                                  a.elastic * unit, a.flip, height, width, POINTS, points)
    turn, size, slant, mirror = (2 * drawn.T - 1)[:, :, None, None]
    angle, size = math.radians(a.rotate) * turn, (1 + a.zoom) ** -size
    ends = [numpy.reshape(side, (-1, 1, 1)).astype(numpy.float32) - 1 for side in (height, width)]
    steps = numpy.linspace(-0.5, 0.5, POINTS, dtype=numpy.float32)
    y, x = ends[0] * steps[:, None], ends[1] * steps
    x = (numpy.where(mirror < 0, -x, x) if a.flip else x) + a.shear * slant * y
    cosine, sine = size * numpy.cos(angle), size * numpy.sin(angle)
    points = numpy.stack([cosine * y + sine * x + ends[0] / 2, cosine * x - sine * y + ends[1] / 2], axis=1)
    if a.elastic:
        points += a.elastic * unit * (2 * noise - 1)
    return points


@functools.cache
def _points_kernel(cupy):
    return cupy.ElementwiseKernel(POINTS_INPUTS, POINTS_OUTPUTS, POINTS_OPERATION, 'draw_points')


def distorted(xp, pictures, points, repeat):
    """Pictures distorted, with bilinear interpolation.

    Args:
        xp: numpy or cupy, the module of the arrays.
        pictures: uint8 array (N, C, H, W).
        points: float32 array (N, 2, G, G), the places that the control points show, see :func:`draw_points`.
        repeat: whether the border of a picture is repeated outside it; otherwise the outside is zero.

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


@functools.cache
def _distortion_kernel(cupy):
    return cupy.ElementwiseKernel(DISTORTION_INPUTS, DISTORTION_OUTPUTS, DISTORTION_OPERATION, 'distort')


def _distorted_part(pictures, points, repeat):
    """:func:`distorted` on a CPU, in integers: 256ths of a pixel and of a weight."""
    n, channels, height, width = pictures.shape
    fours = numpy.zeros((n * channels, height + 2, width + 2), numpy.uint32)
    fours[:, 1:-1, 1:-1] = pictures.reshape(-1, height, width)
    if repeat:
        fours[:, 0], fours[:, -1] = fours[:, 1], fours[:, -2]
        fours[:, :, 0], fours[:, :, -1] = fours[:, :, 1], fours[:, :, -2]
    # The four pixels around a place, as the bytes of one number, so that they are read together: the upper left is
    # the lowest byte, then the upper right, the lower left and the lower right.
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
    # Two bytes together, with an empty byte above each: the upper and the lower pixel.
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
