from types import SimpleNamespace

import chainer
import numpy as np
import pytest

from ram import checkpoint, tasks
from ram.registry import make_model
from ram.reports import evaluation
from ram.training.extensions.average import Average
from ram.training.trainer import make_trainer
from tests.training.conftest import few_digits_config, weights


@pytest.mark.parametrize('decay', [0.0, 0.5, 0.99, 0.9999])
def test_the_average_is_a_weighted_sum_of_all_weights(tiny, rng, decay):
    """The weight of iteration s is (1 - d_s) times all later d, that of the first weights the product of all d."""
    model = make_model(tiny)
    extension, values = Average(model, decay), [weights(model)]
    values[0] = {name: array.astype(np.float64) for name, array in values[0].items()}
    d = [0] + [min(decay, (1 + t) / (10 + t)) for t in range(1, 31)]
    for t in range(1, 31):
        for parameter in model.params():
            parameter.array[...] = rng.standard_normal(parameter.shape)
        values.append({name: array.astype(np.float64) for name, array in weights(model).items()})
        extension(SimpleNamespace(updater=SimpleNamespace(iteration=t)))
    for name, found in weights(extension.average).items():
        expected = sum((1 - d[s]) * np.prod(d[s + 1:]) * values[s][name] for s in range(31))
        np.testing.assert_allclose(found, expected, atol=1e-5)
        assert found.dtype == np.float32
    for name, array in weights(model).items():
        np.testing.assert_array_equal(array, values[-1][name])  # training goes on with them


@pytest.mark.usefixtures('few_digits')
@pytest.mark.parametrize('changes', [{}, dict(optimizer='nesterov', lr=0.01), dict(model='conv3')], ids=str)
def test_the_average_is_validated_and_kept(tmp_path, changes):
    config = few_digits_config(average=0.9, epoch=3, schedule='constant', **changes)
    trainer = make_trainer(config, tmp_path, chainer.get_device('@numpy'))
    trainer.get_extension('curves').draw = lambda: None
    model, seen, kept = trainer.updater.get_optimizer('main').target.model, [], []
    averaged = {name: array.astype(np.float64) for name, array in weights(model).items()}

    def follow(trainer):
        t = trainer.updater.iteration
        d = min(0.9, (1 + t) / (10 + t))
        for name, array in weights(model).items():
            averaged[name] = d * averaged[name] + (1 - d) * array
        if trainer.updater.is_new_epoch:
            seen.append(trainer.observation['validation/error'])
            kept.append({name: array.copy() for name, array in averaged.items()})

    trainer.extend(follow, name='follow', trigger=(1, 'iteration'))
    trainer.run()
    found = checkpoint.load_model(tmp_path / 'model.npz')
    assert found.config.average == 0.9
    for name, array in weights(found).items():
        np.testing.assert_allclose(array, kept[np.argmin(seen)][name], atol=1e-5)
    assert any(abs(array - weights(model)[name]).max() > 1e-3 for name, array in weights(found).items())
    images, labels = tasks.load_scenes(found.config, 'validation')
    wrong = evaluation.mistakes(found, images, labels, np.random.default_rng(found.config.seed))
    assert wrong[-1].mean() == pytest.approx(min(seen))


@pytest.mark.usefixtures('few_digits')
def test_learning_does_not_depend_on_the_average(tmp_path):
    found = []
    for average in (0.0, 0.999):
        trainer = make_trainer(few_digits_config(average=average, epoch=1), tmp_path, chainer.get_device('@numpy'))
        trainer.get_extension('curves').draw = lambda: None
        trainer.run()
        found.append(weights(trainer.updater.get_optimizer('main').target.model))
    for name, array in found[0].items():
        np.testing.assert_array_equal(array, found[1][name])
