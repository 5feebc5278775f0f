import chainer
import numpy as np
import pytest

from ram import checkpoint
from ram.training.trainer import make_trainer
from tests.training.conftest import few_digits_config

pytestmark = pytest.mark.usefixtures('few_digits')
RATE, STEPS = 0.5, 3  # an epoch has this many iterations
# The rate of iteration t, from 0, in a run of so many epochs.
FORMS = {
    'constant': lambda t, epochs: RATE,
    'exponential': lambda t, epochs: RATE * 0.5 ** (t // STEPS),
    'linear': lambda t, epochs: RATE * (1 - t / (STEPS * epochs)),
    'step': lambda t, epochs: RATE * 0.1 ** (t // (2 * STEPS)),
}


@pytest.mark.parametrize('schedule, optimizer, rate', [
    *((schedule, 'momentum', 'lr') for schedule in FORMS), ('linear', 'adam', 'alpha')])
def test_each_iteration_has_the_rate_of_the_closed_form_also_where_a_finished_run_goes_on(
        tmp_path, monkeypatch, schedule, optimizer, rate):
    """Three epochs, and then, from the snapshot of their end, up to the fifth."""
    used, update = [], chainer.training.updaters.StandardUpdater.update_core

    def follow(updater):
        used.append(getattr(updater.get_optimizer('main'), rate))
        update(updater)

    monkeypatch.setattr(chainer.training.updaters.StandardUpdater, 'update_core', follow)
    for epochs in 3, 5:
        config = few_digits_config(optimizer=optimizer, lr=RATE, schedule=schedule, decay=0.5, drop=2, epoch=epochs,
                                   clip=0.001, batchsize=80)
        trainer = make_trainer(config, tmp_path, chainer.get_device('@numpy'))
        trainer.get_extension('curves').draw = lambda: None
        if epochs == 5:
            checkpoint.load_snapshot(tmp_path / checkpoint.SNAPSHOT, trainer)
        trainer.run()
    expected = [FORMS[schedule](t, epochs) for first, epochs in ((0, 3), (3, 5))
                for t in range(first * STEPS, epochs * STEPS)]
    np.testing.assert_allclose(used, expected, rtol=1e-12)
    assert min(used) > 0
