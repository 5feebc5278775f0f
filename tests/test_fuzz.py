"""Reading a file with damaged bytes raises only the documented errors."""
import gzip
import io
import json
import zipfile

import chainer
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import datasets
from datasets import mnist
from ram import checkpoint, safe_files
from ram.agents.recurrent_attention import RecurrentAttentionModel
from ram.config import Config
from ram.training.trainer import make_trainer
from tests.datasets.test_mnist import idx

TINY = dict(dataset='mnist', size=28, patch=2, scales=1, glimpses=2, unit=2, hidden=2)
# Each mutation: the place as a fraction of the length, how many bytes are removed, and the bytes put there.
MUTATIONS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 40), st.binary(max_size=40)), min_size=1, max_size=5)


def mutated(content, mutations):
    for where, gone, come in mutations:
        at = int(where * len(content))
        content = content[:at] + come + content[at + gone:]
    return content


@pytest.fixture(scope='module')
def model_bytes(tmp_path_factory):
    path = tmp_path_factory.mktemp('fuzz') / 'model.npz'
    checkpoint.save_model(path, RecurrentAttentionModel(Config(**TINY)))
    return path.read_bytes()


@given(mutations=MUTATIONS)
def test_model(tmp_path, model_bytes, mutations):
    path = tmp_path / 'model.npz'
    path.write_bytes(mutated(model_bytes, mutations))
    try:
        checkpoint.load_model(path)
    except ValueError as error:
        assert 'model.npz' in str(error)


def with_a_damaged_entry(content, mutations, which):
    """An .npz file as a sound zip file, whose checksums are right, although one of its arrays is damaged."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    chosen = sorted(entries)[which % len(entries)]
    entries[chosen] = mutated(entries[chosen], mutations)
    file = io.BytesIO()
    with zipfile.ZipFile(file, 'w') as archive:
        for name, entry in entries.items():
            archive.writestr(name, entry)
    return file.getvalue()


@given(mutations=MUTATIONS, which=st.integers(0))
def test_model_of_damaged_entries(tmp_path, model_bytes, mutations, which):
    path = tmp_path / 'model.npz'
    path.write_bytes(with_a_damaged_entry(model_bytes, mutations, which))
    try:
        arrays = safe_files.read(path).values()
        assert all(isinstance(array, np.ndarray) and array.dtype.kind in 'biufU' for array in arrays)
        checkpoint.load_model(path)
    except ValueError as error:
        assert 'model.npz' in str(error)


ARRAYS = st.one_of(
    st.integers(-2 ** 63, 2 ** 63 - 1).map(np.array), st.floats(width=32).map(np.float32).map(np.array),
    st.text(max_size=50).map(np.array), st.binary(max_size=50).map(np.array),
    st.lists(st.integers(0, 3), max_size=4).map(lambda shape: np.zeros(shape, np.float32)))


@given(data=st.data())
def test_model_of_other_arrays(tmp_path, model_bytes, data):
    path = tmp_path / 'model.npz'
    path.write_bytes(model_bytes)
    arrays = safe_files.read(path)
    names = st.sampled_from(sorted(arrays)) | st.text('aW/_.-9 ', max_size=9)
    for name in data.draw(st.lists(names, min_size=1, max_size=3)):
        array = data.draw(st.none() | ARRAYS)
        arrays.pop(name, None)
        if array is not None:
            arrays[name] = array
    safe_files.write(path, {name: array for name, array in arrays.items() if name != 'file'})
    try:
        checkpoint.load_model(path)
    except ValueError as error:
        assert 'model.npz' in str(error)


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
                    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2))


@given(changes=st.dictionaries(st.sampled_from(sorted(vars(Config()))), JSON, min_size=1, max_size=3))
def test_config(changes):
    text = json.dumps({**vars(Config()), **changes})
    try:
        assert json.loads(Config.from_json(text).to_json()) == json.loads(text)
    except ValueError as error:
        assert any(name in str(error) for name in changes)


@pytest.fixture(scope='module')
def trainers(tmp_path_factory):
    """A snapshot's bytes, and a function that makes a trainer that could load it."""
    folder = tmp_path_factory.mktemp('fuzz')
    with pytest.MonkeyPatch.context() as patch:
        digits = np.zeros((20, 28, 28), np.uint8), np.arange(20, dtype=np.int32) % 10
        patch.setattr(datasets, 'load_digits', lambda *arguments: digits)

        def make():
            return make_trainer(Config(**TINY, batchsize=10, epoch=1), folder, chainer.get_device('@numpy'))
        trainer = make()
        trainer.run()
        checkpoint.save_snapshot(folder / 'snapshot.npz', trainer)
        yield (folder / 'snapshot.npz').read_bytes(), make


@given(mutations=MUTATIONS)
def test_snapshot(tmp_path, trainers, mutations):
    content, make = trainers
    path = tmp_path / 'snapshot.npz'
    path.write_bytes(mutated(content, mutations))
    try:
        checkpoint.load_snapshot(path, make())
    except ValueError as error:
        assert 'snapshot.npz' in str(error)


@given(mutations=MUTATIONS, which=st.integers(0))
def test_snapshot_of_damaged_entries(tmp_path, trainers, mutations, which):
    content, make = trainers
    path = tmp_path / 'snapshot.npz'
    path.write_bytes(with_a_damaged_entry(content, mutations, which))
    try:
        checkpoint.load_snapshot(path, make())
    except ValueError as error:
        assert 'snapshot.npz' in str(error)


IDX = idx(np.arange(60, dtype=np.uint8).reshape(5, 4, 3))


@given(mutations=MUTATIONS, packed=st.booleans(), outside=st.booleans())
def test_idx(tmp_path, mutations, packed, outside):
    """Mutated before it is packed, or after."""
    path = tmp_path / ('x.gz' if packed else 'x')
    pack = gzip.compress if packed else bytes
    path.write_bytes(mutated(pack(IDX), mutations) if outside else pack(mutated(IDX, mutations)))
    try:
        array = mnist.read_idx(path)
        assert array.dtype == np.uint8 and array.size <= 200
    except ValueError as error:
        assert str(path) in str(error)
