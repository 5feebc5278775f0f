import dataclasses

import pytest

from ram.config import PRESETS
from ram.registry import make_loss, make_model
from ram.training.extensions import quantities


@pytest.mark.parametrize('key, words, value, text', [
    ('main/error', 'training error', 0.03125, '3.12%'), ('validation/error', 'validation error', 1.0, '100.00%'),
    ('main/caught', 'caught', 0.5, '50.00%'), ('main/cross_entropy', 'cross-entropy', 0.0123456, '0.01235'),
    ('main/loss', 'loss', 12.34567, '12.35'), ('validation/last_error', 'validation last error', 0.5, '50.00%'),
    ('epoch', 'epoch', 240, '240'), ('elapsed_time', 'time', 3671.6, '1:01:12')])
def test_words_and_values(key, words, value, text):
    assert (quantities.words(key), quantities.as_text(key, value)) == (words, text)


AROUND, PICTURES = 'looks around the learned locations (sigma {})', 'changes the pictures at random'


@pytest.mark.parametrize('preset, changes, why', [
    ('mnist', {}, f'{AROUND.format(0.1)} and {PICTURES}'), ('cluttered', {}, AROUND.format(0.1)),
    ('translated', dict(model='conv'), PICTURES), ('translated', dict(policy='random'), PICTURES),
    ('catch', {}, f'{AROUND.format(0.15)} and draws its actions'), ('cluttered', dict(model='conv'), '')])
def test_why_the_training_error_is_higher(preset, changes, why):
    model = make_model(dataclasses.replace(PRESETS[preset], hidden=5, unit=4, **changes))
    assert quantities.why_they_differ(model) == (
        why and f'Training {why}; validation does not, so its error is usually lower.')


@pytest.mark.parametrize('preset', ['mnist', 'archived', 'catch'])
def test_every_loss_reports_its_error(preset):
    assert 'error' in make_loss(make_model(PRESETS[preset])).reported
