
import numpy as np
import pytest

from ram import safe_files
from ram.config import LARGEST_LAYER


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / 'arrays.npz'
    safe_files.write(path, {'x': np.arange(3)})
    return path


def test_failing_write_leaves_the_old_file(saved):
    before = saved.read_bytes()
    with pytest.raises(RuntimeError):
        with safe_files.replacing(saved) as file:
            file.write(b'half')
            raise RuntimeError
    assert saved.read_bytes() == before and list(saved.parent.iterdir()) == [saved]


def test_the_limit_is_above_the_snapshot_of_the_largest_layer():
    """float32: the weights, Adam's two moments, and the running average."""
    assert safe_files.LARGEST > 2 * 4 * 4 * LARGEST_LAYER


def test_numpy_reads_a_file_from_its_beginning(saved, monkeypatch):
    """zipfile, which looks first, leaves the file anywhere."""
    positions, load = [], np.load
    monkeypatch.setattr(np, 'load', lambda file, **kwargs: positions.append(file.tell()) or load(file, **kwargs))
    safe_files.read(saved)
    assert positions == [0]
