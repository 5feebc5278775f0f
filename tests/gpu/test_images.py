"""The gate for arrays that come from Python, where the model is on a GPU."""
import dataclasses

import numpy as np
import pytest
from chainer.backends import cuda

from ram import config, random_streams, tasks
from ram.registry import make_model


@pytest.fixture(params=[{}, {'model': 'fc64'}, {'core': 'lstm', 'glimpse_network': 'conv', 'normalise': True}], ids=str)
def model(request):
    made = make_model(dataclasses.replace(config.PRESETS['mnist'], **request.param))
    made.to_device('@cupy:0')
    return made


def test_all_forms_of_the_same_images_get_the_same_answer(model, rng):
    bytes_ = cuda.to_gpu(rng.integers(0, 2, (5, 1, 28, 28)).astype(np.uint8) * 255)
    expected = model(bytes_).array.get()
    for images in bytes_ > 0, *((bytes_ / 255).astype(dtype) for dtype in (np.float32, np.float64)):
        np.testing.assert_allclose(model(images).array.get(), expected, rtol=1e-3, atol=1e-4)


def test_no_images_get_no_answer(model):
    none = cuda.cupy.zeros((0, 1, 28, 28), np.uint8)
    assert model(none).shape == (0, 10) and model.predict(none).shape == (0,)
    assert model.classify(model.rollout(none).states).shape[1:] == (0, 10)


def test_what_is_elsewhere_or_no_image_is_refused(model):
    images = np.zeros((2, 1, 28, 28), np.uint8)
    with pytest.raises(ValueError, match='images must be on .*cupy:0.*, not on .*numpy.*ram.tasks.send'):
        model(images)
    sent = tasks.send(model.device, images)
    assert model.predict(sent).shape == (2,)
    with pytest.raises(ValueError, match='rng must be a cupy.random.Generator'):
        model(sent, np.random.default_rng(0))
    assert model(sent, random_streams.generator(model.device, 3)).shape == (2, 10)
    for value in np.nan, np.inf, 255:
        floats = sent.astype(np.float32)
        floats[1, 0, 3, 3] = value
        with pytest.raises(ValueError, match='floats from 0 to 1, not .* of float32 from'):
            model(floats)
    model.to_device('@numpy')
    with pytest.raises(ValueError, match='images must be on .*numpy.*, not on .*cupy:0'):
        model(sent)
