import dataclasses
import io

import numpy as np
from PIL import Image

from ram.agents.recurrent_attention import RecurrentAttentionModel
from ram.pictures import episodes
from ram.pictures.retina import seen


def test_scenes_are_what_the_model_did(tiny, rng):
    model = RecurrentAttentionModel(dataclasses.replace(tiny, patch=6))
    images = rng.integers(0, 256, (2, 1, 28, 28)).astype(np.uint8)
    scenes = episodes.watch(model, images, np.array([3, 8]), np.random.default_rng(1))
    episode = model.rollout(images, np.random.default_rng(1), 'learned')
    retina = seen(images, episode.locations, model.config)
    for n, scene in enumerate(scenes):
        np.testing.assert_array_equal(scene.locations, episode.locations[:, n])
        np.testing.assert_array_equal(scene.retina, retina[:, n])
        np.testing.assert_allclose(scene.probabilities.sum(axis=1), 1, rtol=1e-5)
        assert (scene.probabilities[-1].argsort() == episode.logits.array[n].argsort()).all()
        np.testing.assert_allclose(scene.image * 255, images[n], atol=1e-4)
        assert scene.truth == [3, 8][n]


def test_a_gif_shows_scene_after_scene_with_a_stop_at_the_end_of_each(tiny, rng):
    model = RecurrentAttentionModel(dataclasses.replace(tiny, patch=6))
    images = np.stack([np.full((1, 28, 28), level, np.uint8) for level in (60, 200)])
    scenes = episodes.watch(model, images, np.array([3, 8]), rng)
    content = episodes.gif(scenes)
    with Image.open(io.BytesIO(content)) as gif:
        assert gif.n_frames == 6 and gif.info['loop'] == 0
        levels, times = [], []
        for t in range(6):
            gif.seek(t)
            times.append(gif.info['duration'])
            colours = np.asarray(gif.convert('RGB')).reshape(-1, 3)
            levels.append(60 if (colours == 60).all(axis=1).sum() > 10000 else 200)
            assert (colours == levels[-1]).all(axis=1).sum() > 10000
    assert levels == [60] * 3 + [200] * 3
    assert times[0] == times[1] == times[3] == times[4] and times[2] == times[5] > 2 * times[0]
