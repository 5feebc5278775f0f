"""Which updater a run gets; tests/gpu has the tests of its steps."""
import numpy as np
import pytest

import train
from datasets.picture_store import Pictures
from ram.training import graph
from ram.training import run as description
from ram.training.distributed import ALONE
from ram.training.game_iterator import GameIterator
from ram.training.scene_iterator import SceneIterator
from tests.training.conftest import few_digits_config, ranks_of


def iterator(**changes):
    made = SceneIterator(np.zeros((4, 28, 28), np.uint8), np.arange(4, dtype=np.int32), 28, 0, 2)
    vars(made).update(changes)
    return made


@pytest.mark.parametrize('batches, ranks, expected', [
    (iterator(), ALONE, None), (iterator(), ranks_of(2)[0], 'several processes'),
    (GameIterator(None, 2, None), ALONE, 'games'),
    (iterator(objects=2), ALONE, 'digits are drawn again'),
    (iterator(digits=object.__new__(Pictures)), ALONE, 'pictures are read')],
    ids=['none', 'processes', 'games', 'several digits', 'pictures'])
def test_obstacles(batches, ranks, expected):
    found = graph.obstacle(batches, ranks)
    assert found is None if expected is None else expected in found


def test_graphs_are_asked_for():
    """Or the run that is resumed had them."""
    assert train.parse([]).graph is False and train.parse(['--graph']).graph is True
    assert train.parse([], {'graph': True}).graph is True
    assert train.parse(['--no-graph'], {'graph': True}).graph is False


@pytest.mark.parametrize('before', [False, True])
def test_a_cpu_has_no_graphs(tmp_path, few_digits, before):
    """Also if a run is resumed, whether it had them or not."""
    description.Run(few_digits_config(), 'train.py', machine={'graph': before}).write(tmp_path)
    for flags in ['--dataset', 'mnist'], ['--resume', str(tmp_path)]:
        with pytest.raises(ValueError, match='--graph has no effect without --gpu'):
            train.main([*flags, '--graph'])
