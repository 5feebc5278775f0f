"""Processes that mpiexec started; several that train together are tested in tests/mpi."""
import pytest

from ram.training import distributed
from tests.conftest import assert_one_clear_line, script


@pytest.mark.parametrize('variable', ['PMI_SIZE', 'OMPI_COMM_WORLD_SIZE', 'MV2_COMM_WORLD_SIZE'])
def test_several_processes_do_not_train_alone(variable, tmp_path):
    """Without a communicator each would train from the start, into the same folder."""
    result = script('train.py', '--dataset', 'catch', '-e', 1, '--hidden', 8, '-o', tmp_path / 'run', **{variable: '2'})
    assert_one_clear_line(result, 'mpiexec started 2 processes', 'add --communicator naive')
    assert not (tmp_path / 'run').exists()


def test_a_process_that_mpiexec_started_by_itself_is_alone(monkeypatch):
    monkeypatch.setenv('PMI_SIZE', '1')
    monkeypatch.setenv('OMPI_COMM_WORLD_SIZE', '')
    assert distributed.join(None) is distributed.ALONE


def test_processes_whose_mpi_is_not_that_of_mpiexec_do_not_train_alone(monkeypatch):
    """mpi4py then sees one process in each."""
    pytest.importorskip('mpi4py.MPI', exc_type=ImportError)
    monkeypatch.setenv('MV2_COMM_WORLD_SIZE', '3')
    with pytest.raises(ValueError, match='mpiexec started 3 processes .* built for another MPI'):
        distributed.join('naive')
