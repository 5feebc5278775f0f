import pytest

from ram.registry import make_model
from ram.reports.measured import started_from


@pytest.mark.parametrize('command, name', [
    ('train.py --init models/mnist-T6.npz -e 1', 'mnist-T6'), ("train.py --init 'my models/a b.npz'", 'a b'),
    ('train.py --init=a/b.npz', 'b'), ('train.py --epoch 1', ''), ('', ''), ("it's", '')])
def test_the_model_that_a_training_started_from(tiny, command, name):
    model = make_model(tiny)
    model.provenance = {'command': command}
    assert started_from(model) == name
