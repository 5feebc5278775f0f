import errno
import io
import os
import zipfile

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


def test_arrays_come_as_this_machine_writes_them(tmp_path):
    """Of any layout, with any shape, and with any name."""
    plain = np.arange(6, dtype=np.float32).reshape(2, 3)
    arrays = {'a/b': plain, 'fortran': np.asfortranarray(plain), 'big': plain.astype('>f4'), 'one': plain[0, 1],
              'none': plain[:0], 'text': np.array('é\n'), 'words': np.array(['a', 'bc'], '>U2'), '../../up': plain,
              'é\n': np.arange(3), 'true': np.array([True, False]), 'half': plain.astype('>f2')}
    safe_files.write(tmp_path / 'x.npz', arrays)
    found = safe_files.read(tmp_path / 'x.npz')
    assert list(found) == list(arrays)
    for name, array in found.items():
        assert array.dtype.isnative and array.flags.c_contiguous and array.shape == arrays[name].shape
        np.testing.assert_array_equal(array, arrays[name])


def npy(array):
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def zipped(path, *entries):
    """A sound zip file: the checksums of its entries, pairs of name and bytes, are right."""
    with zipfile.ZipFile(path, 'w') as archive:
        for name, content in entries:
            archive.writestr(name, content)


def encrypted(path):
    """A zip file whose entry says that it needs a password."""
    zipped(path, ('x.npy', npy(1.0)))
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.index(b'PK\x01\x02') + 8] |= 1
    path.write_bytes(content)


ONE = npy(np.arange(3.0))
NO_ARRAYS = {
    'an entry that is text': [('config.json', b'{}')],
    'text that is named as an array': [('x.npy', b'{}')],
    'an empty entry': [('x.npy', b'')],
    'a folder': [('x/', b'')],
    'a header without an end': [('x.npy', ONE[:40])],
    'a header that is no dict': [('x.npy', ONE.replace(b'descr', b'other'))],
    'a type that is none': [('x.npy', ONE.replace(b'<f8', b'<q9'))],
    'an unknown version': [('x.npy', ONE[:6] + b'\x09' + ONE[7:])],
    'data without their end': [('x.npy', ONE[:-1])],
    'data beyond their end': [('x.npy', ONE + b'x')],
    'a shape that is no shape': [('x.npy', ONE.replace(b'(3,)', b'(3.)'))],
    'another array that is damaged': [('x.npy', ONE), ('y.npy', ONE[:-8])],
    'objects': [('x.npy', npy(np.array([None, {}], object)))],
    'records': [('x.npy', npy(np.zeros(3, [('a', 'f4'), ('b', 'i8')])))],
    'raw memory': [('x.npy', npy(np.zeros(3, 'V5')))],
    'bytes': [('x.npy', npy(np.array(b'abc')))],
    'dates': [('x.npy', npy(np.zeros(3, 'M8[s]')))],
    'complex numbers': [('x.npy', npy(np.zeros(3, complex)))],
    'a million million empty texts': [('x.npy', npy(np.array(['a'])).replace(b"<U1", b"<U0").replace(
        b"(1,), }            ", b"(1000000000000,), }")[:-4])],
    'what is no character': [('x.npy', npy(np.array(['a'])).replace(b'a\0\0\0', b'\xff' * 4))],
    'two of one name': [('x.npy', ONE), ('x.npy', npy(1.0))],
}


@pytest.mark.filterwarnings('ignore:Duplicate name')
@pytest.mark.parametrize('name', NO_ARRAYS)
def test_a_sound_zip_file_of_something_else_than_arrays(tmp_path, name):
    """Whoever reads a file gets arrays or a ValueError, whatever is in it."""
    zipped(tmp_path / 'x.npz', *NO_ARRAYS[name])
    with pytest.raises(ValueError, match='x.npz is not an .npz file that holds only arrays: .') as found:
        safe_files.read(tmp_path / 'x.npz')
    assert '\n' not in str(found.value)


def test_a_folder(tmp_path):
    with pytest.raises(ValueError, match='is a folder, not an .npz file'):
        safe_files.read(tmp_path)


def test_an_encrypted_file(tmp_path):
    encrypted(tmp_path / 'x.npz')
    with pytest.raises(ValueError, match='x.npz is not .*encrypted'):
        safe_files.read(tmp_path / 'x.npz')


def test_a_file_gets_its_name_when_it_is_on_the_disk(tmp_path, monkeypatch):
    """After a power cut, a name without content would be a file that is neither whole nor absent."""
    calls = []
    for name in 'fsync', 'replace':
        call = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *args, name=name, call=call: calls.append((name, size())) or call(*args))

    def size():
        left, = tmp_path.iterdir()
        return left.name.startswith('.x-'), left.stat().st_size

    with safe_files.replacing(tmp_path / 'x') as file:
        file.write(b'12345')
    assert calls == [('fsync', (True, 5)), ('replace', (True, 5))] and (tmp_path / 'x').read_bytes() == b'12345'


def test_a_text_keeps_the_bytes_of_names_that_are_no_text(tmp_path):
    with safe_files.replacing(tmp_path / 'a', 'w') as file:
        file.write('caf\udce9 Straße')
    assert (tmp_path / 'a').read_bytes() == b'caf\xe9 ' + 'Straße'.encode()
    assert (tmp_path / 'a').read_text('utf-8', 'surrogateescape') == 'caf\udce9 Straße'


@pytest.mark.parametrize('letter', ['x', 'é', '猫', '😀'], ids=ascii)
def test_the_longest_names_can_be_written(tmp_path, letter):
    """The system allows 255 bytes, and also the temporary file has a name."""
    name = letter * (255 // len(letter.encode()))
    safe_files.write(tmp_path / name, {})
    assert [path.name for path in tmp_path.iterdir()] == [name]


def failing(path, reason):
    with safe_files.replacing(path) as file:
        file.write(b'x')
        raise reason


def test_an_error_names_the_file_and_not_the_temporary_one(tmp_path):
    """No folder, a folder in the file's place, no room, and a name that is too long."""
    (tmp_path / 'folder').mkdir()
    for path in tmp_path / 'none' / 'a.npz', tmp_path / 'folder', tmp_path / ('x' * 256):
        with pytest.raises(OSError) as raised:
            safe_files.write(path, {})
        assert raised.value.filename == str(path) and raised.value.filename2 is None
        assert str(raised.value).count(str(path)) == 1 and not raised.value.__cause__
    with pytest.raises(OSError) as raised:
        failing(tmp_path / 'a', OSError(errno.ENOSPC, 'no space left'))
    assert raised.value.errno == errno.ENOSPC and raised.value.filename == str(tmp_path / 'a')
    assert [path.name for path in tmp_path.iterdir()] == ['folder']


def test_an_error_about_another_file_is_not_changed(tmp_path):
    other = FileNotFoundError(errno.ENOENT, 'none', 'another file')
    with pytest.raises(FileNotFoundError) as raised:
        failing(tmp_path / 'a', other)
    assert raised.value is other and not list(tmp_path.iterdir())


def test_a_place_is_checked_before_the_work(tmp_path):
    (tmp_path / 'folder').mkdir()
    safe_files.check_target(tmp_path / 'a')
    (tmp_path / 'a').write_text('')
    safe_files.check_target(tmp_path / 'a')
    for path, word in [(tmp_path / 'none' / 'a', f'no folder {tmp_path / "none"}'), (tmp_path / 'folder', 'not a file'),
                       (tmp_path / 'a' / 'b', f'no folder {tmp_path / "a"}'), ('/proc/a', 'written into /proc: '),
                       (os.devnull, 'not a file')]:
        with pytest.raises(OSError, match=f'^--out x: .*{word}'):
            safe_files.check_target(path, '--out x')
        with pytest.raises(OSError, match=f'^{path}: '):
            safe_files.check_target(path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ['a', 'folder']
