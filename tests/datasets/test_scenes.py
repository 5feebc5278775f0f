import ctypes

import numpy as np
import pytest

from datasets import scenes
from ram.training.scene_iterator import SceneIterator
from tests.conftest import pointers


@pytest.fixture
def digits(rng):
    return rng.integers(1, 256, (20, 28, 28)).astype(np.uint8)


def naive(digits, layout, size):
    out = np.zeros((len(layout.source), 1, size, size), np.uint8)
    for n in range(len(out)):
        for source, (y, x) in zip(layout.source[n], layout.corner[n]):
            place = out[n, 0, y:y + 28, x:x + 28]
            place[...] = np.maximum(place, digits[source])
        for p in range(layout.piece_source.shape[1]):
            (cy, cx), (py, px) = layout.piece_cut[n, p], layout.piece_corner[n, p]
            piece = digits[layout.piece_source[n, p], cy:cy + 8, cx:cx + 8]
            place = out[n, 0, py:py + 8, px:px + 8]
            place[...] = np.maximum(place, piece)
    return out


@pytest.mark.parametrize('size, objects, pieces', [(28, 1, 0), (60, 1, 0), (60, 1, 4), (100, 2, 0), (100, 3, 8)])
def test_compose_equals_a_naive_loop(digits, rng, size, objects, pieces):
    layout = scenes.draw_layout(rng, rng.integers(0, 20, (50, objects)), 20, size, pieces)
    composed = scenes.compose(np, digits, layout, size)
    assert composed.dtype == np.uint8
    np.testing.assert_array_equal(composed, naive(digits, layout, size))


@pytest.mark.parametrize('size, objects, pieces', [(28, 1, 0), (60, 1, 4), (100, 2, 8)])
def test_kernel_equals_the_cpu(digits, rng, size, objects, pieces, cpp):
    """The GPU's operation, compiled as C++ and run pixel by pixel."""
    inputs = [part.split() for part in scenes.SCENE_INPUTS.split(', ')]
    kinds = {'raw uint8': 'const unsigned char*', 'raw int64': 'const long long*', 'int32': 'int'}
    arguments = ', '.join(f'{kinds[" ".join(kind)]} {name}' for *kind, name in inputs)
    run = cpp('compose', f"""#include <cstddef>
        extern "C" void run({arguments}, unsigned char* out, ptrdiff_t n) {{
            for (ptrdiff_t i = 0; i < n; ++i) {{ unsigned char& pixel = out[i]; {scenes.SCENE_OPERATION} }}
        }}""").run
    layout = scenes.draw_layout(rng, rng.integers(0, 20, (50, objects)), 20, size, pieces)
    out = np.empty((50, 1, size, size), np.uint8)
    parts = [np.ascontiguousarray(part) for part in vars(layout).values()]
    run(*pointers(digits, digits, *parts), 28, size, objects, pieces, *pointers(out), ctypes.c_ssize_t(out.size))
    np.testing.assert_array_equal(out, naive(digits, layout, size))
    # Digits of the scenes' own, in the order of the scenes.
    own, parts[0] = np.ascontiguousarray(digits[layout.source.ravel(), ::-1]), np.arange(50 * objects)
    run(*pointers(own, digits, *parts), 28, size, objects, pieces, *pointers(out), ctypes.c_ssize_t(out.size))
    np.testing.assert_array_equal(out, scenes.compose(np, digits, layout, size, own))


def test_layouts_are_uniform_and_inside(rng):
    layout = scenes.draw_layout(rng, np.arange(20000) % 20, 20, 60, 4)
    assert layout.corner.min() == 0 and layout.corner.max() == 32
    assert abs(layout.corner.mean() - 16) < 0.2
    assert layout.piece_corner.min() == 0 and layout.piece_corner.max() == 52
    assert layout.piece_cut.min() == 0 and layout.piece_cut.max() == 20
    # Each of the 19 others equally often, whose digit a scene has.
    counts = np.bincount(((layout.piece_source - layout.source) % 20).ravel(), minlength=20)
    assert counts[0] == 0 and abs(counts[1:] - 80000 / 19).max() < 5 * (80000 / 19) ** 0.5


def test_pieces_are_cut_from_the_other_of_two_digits_and_from_the_only_one(rng):
    source = np.arange(50) % 2
    assert (scenes.draw_layout(rng, source, 2, 60, 4).piece_source == 1 - source[:, None]).all()
    assert (scenes.draw_layout(rng, source * 0, 1, 60, 4).piece_source == 0).all()


def test_scenes_of_a_digits_size_are_the_digits(digits, rng):
    chosen = np.array([3, 3, 0, 19])
    np.testing.assert_array_equal(scenes.fresh_scenes(np, rng, digits, chosen, 28, 0)[:, 0], digits[chosen])


def test_pictures_of_a_scenes_size_are_the_scenes(pictures):
    """Their borders are not blended with a street; they move only if there is a shift."""
    chosen = np.array([3, 3, 0, 8])
    moved = scenes.shifted(np, np.random.default_rng(1), pictures[chosen], 2)
    for shift, expected in (0, pictures[chosen]), (2, moved):
        found = scenes.fresh_scenes(np, np.random.default_rng(1), pictures, chosen, 32, 0, shift)
        np.testing.assert_array_equal(found, expected)


def test_digits_of_a_scene_are_apart_and_all_such_places_equally_likely(rng):
    """Compared with a list of all allowed pairs of places."""
    room = 29 - 6  # places along a side of 50 pixels
    allowed = [(a, b, c, d) for a in range(room) for b in range(room) for c in range(room) for d in range(room)
               if max(abs(a - c), abs(b - d)) >= scenes.APART]
    layout = scenes.draw_layout(rng, np.zeros((20000, 2), int), 20, 50, 0)
    found = layout.corner.reshape(-1, 4)
    assert set(map(tuple, found)) <= set(allowed)
    for axis in range(4):
        share = np.bincount(np.array(allowed)[:, axis], minlength=room) / len(allowed)
        counts = np.bincount(found[:, axis], minlength=room)
        assert abs(counts - 20000 * share).max() < 5 * (20000 * share.max()) ** 0.5
    three = scenes.draw_layout(rng, np.zeros((500, 3), int), 20, 100, 0).corner
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert abs(three[:, one] - three[:, other]).max(axis=1).min() == scenes.APART


def test_other_digits_of_a_scene(rng):
    chosen = scenes.with_others(rng, np.arange(4000) % 20, 20, 3)
    np.testing.assert_array_equal(chosen[:, 0], np.arange(4000) % 20)
    assert (chosen[:, 1:] != chosen[:, :1]).all()
    counts = np.bincount((chosen[:, 1:] - chosen[:, :1]).ravel() % 20, minlength=20)
    assert counts[0] == 0 and abs(counts[1:] - 8000 / 19).max() < 5 * (8000 / 19) ** 0.5
    assert scenes.with_others(rng, np.arange(3), 20, 1).tolist() == [[0], [1], [2]]


def test_fixed_scenes_are_fixed(digits):
    one, two, other = (scenes.fixed_scenes(digits, 60, 4, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert (one != other).any() and one.shape == (20, 1, 60, 60)


def test_shifted_scenes(rng):
    """A digit of one bright pixel in its middle is seen everywhere within the shift, equally often."""
    digits, found = np.zeros((5, 28, 28), np.uint8), np.zeros((28, 28))
    digits[:, 14, 14] = 1
    iterator = SceneIterator(digits, np.arange(5, dtype=np.int32), 28, 0, 5, shift=2)
    for _ in range(1000):
        images, _, _ = next(iterator)
        assert images.shape == (5, 1, 28, 28) and (images.sum(axis=(1, 2, 3)) == 1).all()
        found += images.sum(axis=(0, 1))
    assert found[12:17, 12:17].sum() == 5000
    np.testing.assert_allclose(found[12:17, 12:17], 200, atol=5 * 200 ** 0.5)


def test_pixels_that_are_shifted_out_of_a_scene_are_lost(rng):
    digits = np.full((3, 28, 28), 255, np.uint8)
    images, _, _ = next(SceneIterator(digits, np.zeros(3, np.int32), 28, 0, 3, shift=5))
    assert (images.mean(axis=(1, 2, 3)) >= (23 / 28) ** 2 - 1e-6).all() and images.shape == (3, 1, 28, 28)


@pytest.fixture
def pictures(rng):
    return rng.integers(0, 256, (9, 3, 32, 32)).astype(np.uint8)


def naive_street(pictures, layout, size, n):
    """Pixel by pixel: the ground between the colours of the picture's corners, pieces, and the picture over all."""
    picture = pictures[layout.source[n, 0]].astype(float)
    top, left = layout.corner[n, 0]
    street = np.zeros((3, size, size))
    for y in range(size):
        for x in range(size):
            v, u = (min(max((at - first) / 31, 0), 1) for at, first in ((y, top), (x, left)))
            street[:, y, x] = sum(
                weight * picture[:, rows, columns].mean(axis=(1, 2)) for weight, rows, columns in [
                    ((1 - v) * (1 - u), slice(0, 4), slice(0, 4)), ((1 - v) * u, slice(0, 4), slice(28, 32)),
                    (v * (1 - u), slice(28, 32), slice(0, 4)), (v * u, slice(28, 32), slice(28, 32))])
    for p in range(layout.piece_source.shape[1]):
        (cy, cx), (py, px) = layout.piece_cut[n, p], layout.piece_corner[n, p]
        street[:, py:py + 8, px:px + 8] = pictures[layout.piece_source[n, p], :, cy:cy + 8, cx:cx + 8]
    for y in range(32):
        for x in range(32):
            alpha = min(1, (1 + min(y, x, 31 - y, 31 - x)) / 4)
            place = street[:, top + y, left + x]
            place[...] = alpha * picture[:, y, x] + (1 - alpha) * place
    return street


@pytest.mark.parametrize('size, pieces', [(32, 0), (40, 2), (64, 16)])
def test_streets_equal_a_naive_loop(pictures, rng, size, pieces):
    layout = scenes.draw_layout(rng, rng.integers(0, 9, 3), 9, size, pieces, 32)
    streets = scenes.compose_street(np, pictures, layout, size)
    assert streets.shape == (3, 3, size, size) and streets.dtype == np.uint8
    for n in range(3):
        np.testing.assert_allclose(streets[n], naive_street(pictures, layout, size, n), atol=0.51)


def test_a_street_of_a_changed_picture(pictures, rng):
    """Only the picture changes; the pieces around it are cut from the others as they are."""
    layout, both = scenes.draw_layout(rng, np.arange(9), 9, 64, 16, 32), np.concatenate([pictures, pictures[..., ::-1]])
    found = scenes.compose_street(np, pictures, layout, 64, both[9:])
    layout.source = layout.source + 9
    np.testing.assert_array_equal(found, scenes.compose_street(np, both, layout, 64))


@pytest.mark.parametrize('size, pieces', [(32, 1), (48, 1), (64, 4), (100, 9)])
def test_a_street_has_a_piece_for_every_32_x_32_pixels(size, pieces):
    assert scenes.street_pieces(size) == pieces


def test_a_street_shows_its_picture_and_runs_on_in_its_colours():
    pictures = np.zeros((2, 3, 32, 32), np.uint8)
    pictures[:, 0], pictures[:, 2, 8:24, 8:24] = 200, 90
    layout = scenes.draw_layout(np.random.default_rng(0), np.zeros(50, int), 2, 64, 0, 32)
    for street, (top, left) in zip(scenes.compose_street(np, pictures, layout, 64), layout.corner[:, 0]):
        assert (street[0] == 200).all() and (street[1] == 0).all()
        np.testing.assert_array_equal(street[2, top:top + 32, left:left + 32], pictures[0, 2])
        assert street[2].sum() == 90 * 16 * 16


def test_fixed_streets_are_those_of_the_fixed_layout(pictures):
    many = np.concatenate([pictures] * 60)  # more than are composed together
    fixed = scenes.fixed_scenes(many, 48, 0, seed=3)
    layout = scenes.fixed_layout(540, 48, 1, 3, 32)
    np.testing.assert_array_equal(fixed, scenes.compose_street(np, many, layout, 48))
    assert scenes.fixed_scenes(pictures, 32, 0, seed=3) is pictures  # unchanged


def test_pictures_are_shifted_and_their_border_repeated(rng, pictures):
    moved = scenes.shifted(np, rng, pictures, 2)
    for picture, result in zip(pictures, moved):
        fits = 0
        for dy in range(-2, 3):
            for dx in range(-2, 3):
                rows, columns = (np.clip(np.arange(32) + d, 0, 31) for d in (dy, dx))
                fits += (result == picture[:, rows[:, None], columns]).all()
        assert fits == 1
    many = scenes.shifted(np, rng, np.repeat(pictures[:1], 2000, axis=0), 2)
    _, counts = np.unique(many.reshape(2000, -1), axis=0, return_counts=True)
    assert len(counts) == 25 and abs(counts - 80).max() < 5 * 80 ** 0.5
