from types import SimpleNamespace

import pytest

from ram.pictures import drawing


@pytest.mark.parametrize('model, out, kind, expected', [
    ('a/mnist.npz', None, '', 'a/mnist.png'), ('a/mnist-0.5.npz', None, 'wrong', 'a/mnist-0.5-wrong.png'),
    ('mnist-0.5', None, '', 'mnist-0.5.png'), ('a.npz', 'b/run.v2', 'wrong', 'b/run.v2.png'),
    ('a.npz', 'run.v2.GIF', '', 'run.v2.png'), ('a.npz', 'run', '', 'run.png')])
def test_a_dot_in_a_name_is_kept(model, out, kind, expected):
    found = drawing.file_for(SimpleNamespace(model=model, out=out), '.png', kind)
    assert found.as_posix() == expected
