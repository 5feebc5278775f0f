"""Glimpses at distorted pictures that nobody has made: the native sensor reads what they would show.

A distortion says which place in the picture each pixel of the distorted picture shows, by a grid of control points, see
``datasets.augmentation.distortion``.  Locations and patches are in the distorted picture, which is as large as the
picture.  Of each pixel of a patch, the middle of its block is taken to the picture, and there the level with such
blocks is interpolated between its four nearest.  So the finest patch is that of the distorted picture.  A coarser one
is blurred by less than a block, as without a distortion, and its blocks are not turned.  Inside the distorted picture,
the border of the picture is repeated.
"""
import numpy as np

# In place of that of ``native_sensor``, with the same inputs, and after the same beginning.
KERNEL_OPERATION = '''
    // The share of the block that is inside the frame, and the middle of that part: its cell of the grid, and how far
    // into it.  First down, then across.
    float share = 1, part[2];
    int cell[2];
    for (int axis = 0; axis < 2; ++axis) {
        int length = sizes[2 * picture + axis];
        float centre = rintf((locations[2 * image + 1 - axis] + 1) / 2 * length);
        int edge = (int) fminf(fmaxf(centre, -side), length + side) - side / 2 + (axis ? column : row) * block;
        int begin = min(max(edge, 0), length), end = min(max(edge + block, 0), length);
        share *= (end - begin) / (float) block;
        part[axis] = (begin + end - 1) / 2.0f * (grid - 1) / max(length - 1, 1);
        cell[axis] = min(max((int) part[axis], 0), grid - 2);
        part[axis] -= cell[axis];
    }
    glimpse = 0;
    if (share > 0) {
        int first[2], second[2];  // of the four blocks
        float between[2];
        for (int axis = 0; axis < 2; ++axis) {
            ptrdiff_t corner = ((image * 2 + axis) * grid + cell[0]) * grid + cell[1];
            float above = points[corner] + part[1] * (points[corner + 1] - points[corner]);
            corner += grid;
            float below = points[corner] + part[1] * (points[corner + 1] - points[corner]);
            int last = (sizes[2 * picture + axis] + block - 1) / block - 1;
            float place = (above + part[0] * (below - above) + 0.5f) / block - 0.5f;
            place = fminf(fmaxf(place, 0.0f), (float) last);
            first[axis] = (int) place;
            second[axis] = min(first[axis] + 1, last);
            between[axis] = place - first[axis];
        }
        ptrdiff_t width = (sizes[2 * picture + 1] + block - 1) / block;
        float value = 0;
        for (int y = 0; y < 2; ++y)
            for (int x = 0; x < 2; ++x) {
                float weight = (y ? between[0] : 1 - between[0]) * (x ? between[1] : 1 - between[1]);
                value += weight * tone((y ? second : first)[0] * width + (x ? second : first)[1]);
            }
        glimpse = share * (value - means[image * channels + channel]) * gains[image];
    }
'''


def forward_cpu(sensor, locations):
    """The glimpses of a NativeSensor at its distorted pictures, see there."""
    store, channels, blocks = sensor.store, sensor.store.channels, sensor.blocks[:, None, None]
    (down, tall), (across, wide) = (_frame(sensor, locations[:, 1 - axis], axis) for axis in (0, 1))
    # Where the patches' pixels are in their levels, float32 (B, 2, K, patch, patch), down and across.
    places = down[:, None] @ sensor.points[:, :, None] @ across[:, None].swapaxes(3, 4)
    places = (places + np.float32(0.5)) / blocks.astype(np.float32) - np.float32(0.5)
    last = -(-sensor.sizes[:, :, None, None, None] // blocks) - 1
    places = places.clip(0, last.astype(np.float32))
    first = places.astype(np.int64)
    part_y, part_x = (places - first).astype(np.float32).swapaxes(0, 1)[..., None]
    rows = np.stack([first[:, 0], np.minimum(first[:, 0] + 1, last[:, 0])], axis=2)
    starts = rows * (last[:, 1, :, None] + 1) + first[:, 1, :, None]
    starts = starts * channels + sensor.level_starts[:, :, None, None, None]
    store.fetch(starts.ravel(), starts.ravel() + 2 * channels)
    seen = sensor.read(starts, 2)  # where there is no second block in a row, its weight is 0
    seen = seen[:, :, 0] + part_y * (seen[:, :, 1] - seen[:, :, 0])
    seen = seen[..., :channels] + part_x * (seen[..., channels:] - seen[..., :channels])
    seen *= (tall * sensor.gains[:, None, None])[:, :, :, None, None] * wide[:, :, None, :, None]
    return seen.transpose(0, 1, 4, 2, 3)


def _frame(sensor, locations, axis):
    """The blocks of the patches' pixels along one axis of the distorted pictures.

    Returns:
        float32 array (B, K, patch, G), the weights of the control points in the middle of each block's part that is
        inside; and float32 array (B, K, patch), the share of that part.
    """
    lengths, blocks, points = sensor.sizes[:, axis, None, None], sensor.blocks[:, None], sensor.points.shape[-1]
    begins = sensor.edges(locations, axis)[:, :, None] + np.arange(sensor.patch) * blocks
    begins, ends = begins.clip(0, lengths), (begins + blocks).clip(0, lengths)
    places = (begins + ends - 1) / 2 * ((points - 1) / np.maximum(lengths - 1, 1))
    hats = np.maximum(0, 1 - abs(places[..., None] - np.arange(points)))
    return hats.astype(np.float32), ((ends - begins) / blocks).astype(np.float32)
