"""Pictures of digits that are prepared as MNIST's were."""
import numpy as np
import pytest
from PIL import Image, ImageDraw

import datasets
from datasets import digit_picture
from ram import checkpoint
from tests.conftest import ROOT


def zero(width=400, height=300, box=(60, 40, 180, 240), stroke=26, ink=30, ground=225):
    """A picture with an ellipse, the digit 0, somewhere on paper."""
    image = Image.new('L', (width, height), ground)
    ImageDraw.Draw(image).ellipse(box, outline=ink, width=stroke)
    return np.asarray(image)


def centre(image):
    """The centre of mass (x, y), in pixels."""
    y, x = np.mgrid[:28, :28] + 0.5
    return (x * image).sum() / image.sum(), (y * image).sum() / image.sum()


def test_the_digit_has_mnists_box_centre_and_tones():
    digit = digit_picture.prepared(zero()).astype(float)
    assert digit.shape == (28, 28) and digit.max() == 255 and np.median(digit) == 0
    rows, columns = (np.flatnonzero((digit > 60).any(axis=axis)) for axis in (1, 0))
    assert np.ptp(rows) + 1 == pytest.approx(20, abs=1) and np.ptp(columns) + 1 == pytest.approx(12, abs=1)
    assert centre(digit) == pytest.approx((14, 14), abs=0.1)
    assert digit[14, 14] == 0  # the hole of the 0


def test_ink_is_what_differs_from_the_ground():
    """Light on dark is the same, and so is a picture without much contrast, or with a shadow along one side."""
    expected = digit_picture.prepared(zero()).astype(int)
    slope = np.linspace(0, 40, 400).astype(np.uint8)
    for other in 255 - zero(), zero(ink=150), zero() - slope:
        assert np.abs(digit_picture.prepared(other) - expected).max() <= 40
    assert digit_picture.on_light(zero()) and not digit_picture.on_light(255 - zero())


def test_dirt_and_what_touches_the_border_are_left_out():
    expected, dirty = digit_picture.prepared(zero()), zero().copy()
    dirty[:30, 300:] = 30         # a shadow in the corner
    dirty[200:206, 350:356] = 30  # a speck
    np.testing.assert_array_equal(digit_picture.prepared(dirty), expected)
    # A digit that fills the picture is not left out.
    assert digit_picture.prepared(zero()[40:241, 60:181]) is not None


def test_thin_strokes_are_thickened():
    """To about 2.5 pixels: the row through the middle crosses two strokes."""
    for stroke in 4, 10, 20:
        digit = digit_picture.prepared(zero(stroke=stroke)).astype(float) / 255
        assert digit[14].sum() / 2 == pytest.approx(2.5, abs=0.7)


def test_a_blank_picture_has_no_digit():
    assert digit_picture.prepared(np.full((50, 70), 200, np.uint8)) is None


@pytest.mark.parametrize('shape', [(7, 5), (1, 1), (3000, 4), (1031, 517)])
def test_blocks_are_means(rng, shape):
    values = rng.random(shape)
    for factor in 1, 2, 3, 7:
        expected = [[values[y:y + factor, x:x + factor].mean() for x in range(0, shape[1], factor)]
                    for y in range(0, shape[0], factor)][:40]
        np.testing.assert_allclose(digit_picture.reduced(values, factor)[:40], expected)


def test_photographed_digits_are_read_as_well_as_mnists_own(mnist_folder, rng):
    """Enlarged, dark on unevenly lit paper, off the middle, with noise."""
    model = checkpoint.load_model(ROOT / 'models' / 'mnist-T6.npz')
    digits, labels = (array[:200] for array in datasets.load_digits('mnist', 'validation', mnist_folder))
    seen = []
    for digit in digits:
        large = np.asarray(Image.fromarray(digit).resize((224, 224), Image.Resampling.BICUBIC)) / 255
        paper = 0.85 - 0.2 * np.linspace(0, 1, 400) - 0.1 * np.linspace(0, 1, 300)[:, None]
        paper[50:274, 30:254] *= 1 - 0.8 * large
        noisy = paper + rng.normal(0, 0.02, paper.shape)
        seen.append(digit_picture.prepared(np.uint8(255 * noisy.clip(0, 1))))
    errors = [(model.predict(images, np.random.default_rng(0)) != labels).sum()
              for images in (digits[:, None], np.stack(seen)[:, None])]
    assert errors[1] <= errors[0] + 2
