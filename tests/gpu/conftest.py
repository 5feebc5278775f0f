import pytest
from chainer.backends import cuda


@pytest.fixture(autouse=True, scope='session')
def gpu():
    """Skips where there is no GPU."""
    if not cuda.available:
        pytest.skip('no CuPy')
    try:
        cuda.get_device_from_id(0).use()
    except cuda.cupy.cuda.runtime.CUDARuntimeError as error:
        pytest.skip(f'no GPU: {error}')
