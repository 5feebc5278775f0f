import dataclasses
import io
import json
import os
import pickle
import tracemalloc
import zipfile

import numpy as np
import pytest

from ram import checkpoint
from ram.agents.recurrent_attention import RecurrentAttentionModel
from ram.config import Config
from ram.registry import make_model
from tests import rows as task

rows = task.rows


@pytest.fixture
def saved(tiny, tmp_path):
    path = tmp_path / 'model.npz'
    checkpoint.save_model(path, RecurrentAttentionModel(tiny))
    return path


@pytest.mark.parametrize('core', ['relu', 'lstm'])
def test_model_round_trip(tiny, tmp_path, rng, core):
    model = RecurrentAttentionModel(dataclasses.replace(tiny, core=core, sigma=0.25))
    checkpoint.save_model(tmp_path / 'm.npz', model)
    loaded = checkpoint.load_model(tmp_path / 'm.npz')
    assert loaded.config == model.config
    images = rng.random((3, 1, 28, 28), np.float32)
    logits = [m.rollout(images, np.random.default_rng(2)).logits.array for m in (model, loaded)]
    np.testing.assert_array_equal(*logits)
    assert os.listdir(tmp_path) == ['m.npz']


def test_weights_of_half_precision(tiny, tmp_path, rng):
    """Of all sizes that float16 has: they are read as float32, and rounded by at most half a unit in the last place."""
    model = RecurrentAttentionModel(tiny)
    for parameter in model.params():
        parameter.array[...] = 2 ** rng.uniform(-30, 15, parameter.shape) * rng.choice([-1, 1], parameter.shape)
    checkpoint.save_model(tmp_path / 'm.npz', model, {'commit': 'a'}, half=True)
    checkpoint.save_model(tmp_path / 'whole.npz', model)
    with np.load(tmp_path / 'm.npz') as file:
        assert {array.dtype for name, array in file.items() if name not in ('config', 'origin')} == {np.dtype('<f2')}
    found = checkpoint.load_model(tmp_path / 'm.npz')
    assert found.config == tiny and found.provenance == {'commit': 'a', 'init': ''}
    for one, other in zip(model.params(), found.params()):
        assert other.dtype == np.float32
        size, error = abs(one.array.astype(np.float64)), abs(other.array.astype(np.float64) - one.array)
        assert (error <= np.where(size < 2 ** -14, 2 ** -25, size * 2 ** -11)).all() and (error > 0).any()
    checkpoint.save_model(tmp_path / 'again.npz', found, {'commit': 'a'}, half=True)
    assert (tmp_path / 'again.npz').read_bytes() == (tmp_path / 'm.npz').read_bytes()  # rounding twice changes nothing


@pytest.mark.parametrize('large', [65520, -1e6])
def test_weights_beyond_half_precision_are_kept(tiny, tmp_path, large):
    model = RecurrentAttentionModel(tiny)
    model.action_network.logits.b.array[3] = large
    checkpoint.save_model(tmp_path / 'm.npz', model, half=True)
    for one, other in zip(model.params(), checkpoint.load_model(tmp_path / 'm.npz').params()):
        np.testing.assert_array_equal(one.array, other.array)


@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize('half', [False, True])
def test_a_model_that_is_not_finite_is_never_written(saved, value, half):
    before, model = saved.read_bytes(), checkpoint.load_model(saved)
    model.action_network.logits.b.array[3] = value
    with pytest.raises(FloatingPointError, match='action_network/logits/b'):
        checkpoint.save_model(saved, model, half=half)
    assert saved.read_bytes() == before and os.listdir(saved.parent) == [saved.name]


class Bomb:
    def __reduce__(self):
        return os.mkdir, ('exploded',)


def changed(**entries):
    """A function that rewrites a model file with these entries changed, or removed where they are None."""
    def rewrite(path):
        with np.load(path) as file:
            arrays = {**file, **entries}
        np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    return rewrite


def flipped(content):
    """One bit of a weight is another."""
    at = content.index(W.encode()) + 250
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1:]


def header(shape):
    """An .npy file that claims a shape and holds nothing."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {'descr': '<f4', 'fortran_order': False, 'shape': shape})
    return file.getvalue()


def zipped(path, content, times, name='config.npy'):
    """A zip file with one entry: the content, repeated."""
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED, compresslevel=1) as archive, archive.open(name, 'w') as entry:
        for _ in range(times):
            entry.write(content)


def lying(path, content, claimed):
    """A zip file whose one entry claims to be of another size than it is."""
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr('config.npy', content)
        archive.filelist[0].file_size = claimed


def configured(**changes):
    """A function that changes the Config in a model file."""
    def rewrite(path):
        with np.load(path) as file:
            config = json.loads(str(file['config']))
        changed(config=np.array(json.dumps({**config, **changes})))(path)
    return rewrite


def many(path):
    """A model with an archive of twenty thousand arrays around it."""
    with zipfile.ZipFile(path, 'a') as archive:
        for number in range(20_000):
            archive.writestr(f'{number}.npy', b'')


W = 'action_network/logits/W'
HOSTILE = {
    'empty': lambda path: path.write_bytes(b''),
    'random bytes': lambda path: path.write_bytes(os.urandom(5000)),
    'truncated': lambda path: path.write_bytes(path.read_bytes()[:-3000]),
    'a flipped bit': lambda path: path.write_bytes(flipped(path.read_bytes())),
    'a pickle': lambda path: path.write_bytes(pickle.dumps(Bomb())),
    'a pickle inside': changed(**{W: np.array([Bomb()], object)}),
    'one array': lambda path: np.save(open(path, 'wb'), np.zeros(3)),
    'no Config': changed(config=None),
    'a Config that is something else': changed(config=np.array('{"dataset": 3}')),
    'a Config of numbers': changed(config=np.arange(3)),
    'a missing weight': changed(**{W: None}),
    'an unknown weight': changed(surprise=np.zeros(3)),
    'a wrong shape': changed(**{W: np.zeros((10, 6), np.float32)}),
    'a sparse gigabyte': lambda path: zipped(path, bytes(1 << 20), 1025),
    'a shape that no memory holds': lambda path: zipped(path, header((1 << 40, 1 << 20)), 1),
    'an entry that claims ten gigabytes': lambda path: lying(path, header((5,)) + bytes(20), 10 << 30),
    'a bomb that claims to be small': lambda path: lying(path, header((1 << 28,)) + bytes(1 << 28), 1000),
    'more memory than its bytes': lambda path: zipped(path, header((1 << 29,)), 1),
    'twenty thousand arrays': many,
    'a Config without end': changed(config=np.array('[' * 200_000)),
    'a Config with an unknown key': configured(surprise=1),
    'a Config of a wrong type': configured(patch='4'),
    'a larger network than the file holds': configured(hidden=4096, unit=4096),
    'a larger retina than the file holds': configured(patch=1024, scales=1),
    'an origin without end': changed(origin=np.array('x' * 200_000)),
    'an origin that is something else': changed(origin=np.array('[1]')),
    'a negative shape': lambda path: zipped(path, header((-3,)), 1),
    'a header that is code': lambda path: zipped(path, b"\x93NUMPY\x01\x00\x16\x00__import__('os').mkdir(", 1),
    'a path out of the folder': lambda path: zipped(path, header((0,)), 1, '../../exploded'),
    'absurd sizes in the Config': changed(config=np.array(
        Config().to_json().replace('"hidden": 256', '"hidden": 100000000'))),
    'a wrong type': changed(**{W: np.zeros((10, 7))}),
    'weights that are NaN': changed(**{W: np.full((10, 7), np.nan, np.float32)}),
    'weights that are infinite': changed(**{W: np.full((10, 7), -np.inf, np.float16)}),
    'weights that are text': changed(**{W: np.full((10, 7), '0.5')}),
    'records for weights': changed(**{W: np.zeros((10, 7), [('a', 'f4')])}),
    'a long header': lambda path: zipped(path, b'\x93NUMPY\x01\x00\x60\xea' + b'(' * 60000, 1),
}


@pytest.mark.parametrize('name', HOSTILE)
def test_files_that_are_not_models_are_rejected(saved, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    HOSTILE[name](saved)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match='^[^\\n]*model.npz[^\\n]*$'):
            checkpoint.load_model(saved)
        # Pages that are reserved and never touched count here, but not in a process's memory.
        assert tracemalloc.get_traced_memory()[1] < 200e6 or 'memory' in name
    finally:
        tracemalloc.stop()
    assert not (tmp_path / 'exploded').exists()


def test_a_config_of_other_sizes_is_rejected(saved):
    with np.load(saved) as file:
        config = json.loads(str(file['config']))
    changed(config=np.array(json.dumps({**config, 'hidden': 9})))(saved)
    with pytest.raises(ValueError, match=r'does not fit its Config: .*\(10, 7\), not float32 \(10, 9\)|not fit'):
        checkpoint.load_model(saved)


def test_starting_from_another_model_takes_what_fits(tiny, tmp_path):
    """Another image size, other classes, another core: the glimpse network fits, and what it looks like is copied."""
    model = RecurrentAttentionModel(tiny)
    checkpoint.save_model(tmp_path / 'model.npz', model)
    other = RecurrentAttentionModel(dataclasses.replace(
        tiny, dataset='folder', size=60, classes=('a', 'b', 'c'), core='lstm', images='x'))
    before = {name: parameter.array.copy() for name, parameter in other.namedparams()}
    afresh = checkpoint.start_from(tmp_path / 'model.npz', other)
    assert sorted(afresh) == ['action_network/logits/W', 'action_network/logits/b', 'core_network/lstm/lateral/W',
                              'core_network/lstm/upward/W', 'core_network/lstm/upward/b']
    given = dict(model.namedparams())
    for name, parameter in other.namedparams():
        expected = before[name] if name[1:] in afresh else given[name].array
        np.testing.assert_array_equal(parameter.array, expected)
        assert name not in given or parameter.array is not given[name].array


def test_answers_that_both_models_have_are_copied_by_their_names(rows, tmp_path):
    """As of a classifier of 'b', 'a' and 'x', from which one learns to read 'a', 'b', 'c' and the end.  The control has
    its answers in each place, and so takes none."""
    changes = dict(model='ram', dataset='folder', longest=5, images='x', classes=('b', 'a', 'x'))
    one = make_model(task.config(**changes))
    one.action_network.logits.b.array[...] = 1, 2, 3
    checkpoint.save_model(tmp_path / 'model.npz', one)
    reader = make_model(task.config())
    before = reader.action_network.logits.W.array.copy()
    assert checkpoint.start_from(tmp_path / 'model.npz', reader) == [
        'action_network/logits/W (2 of 4 rows)', 'action_network/logits/b (2 of 4 rows)']
    assert reader.action_network.logits.b.array.tolist() == [2, 1, 0, 0]
    np.testing.assert_array_equal(reader.action_network.logits.W.array, [
        *one.action_network.logits.W.array[[1, 0]], *before[2:]])
    checkpoint.save_model(tmp_path / 'conv3.npz', make_model(task.config(**{**changes, 'model': 'conv3'})))
    control = make_model(task.config(model='places'))
    assert checkpoint.start_from(tmp_path / 'conv3.npz', control) == ['logits/W', 'logits/b']


def test_starting_from_a_model_of_which_nothing_fits(tiny, tmp_path):
    checkpoint.save_model(tmp_path / 'model.npz', make_model(dataclasses.replace(tiny, model='fc64')))
    with pytest.raises(ValueError, match='model.npz has no weights of the right sizes'):
        checkpoint.start_from(tmp_path / 'model.npz', RecurrentAttentionModel(tiny))


@pytest.mark.parametrize('path', [None, 3, ['a.npz'], Config()], ids=str)
def test_what_is_no_path_names_no_model(path):
    for function in checkpoint.load_model, checkpoint.model_file, checkpoint.name_of:
        with pytest.raises(ValueError, match=f'path of its file.* not by something of type {type(path).__name__}'):
            function(path)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='none.npz'):
        checkpoint.load_model(tmp_path / 'none.npz')
