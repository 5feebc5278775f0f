import errno
import os
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from datasets import folder, picture_cache, picture_reading, picture_store
from tests.conftest import ROOT

CLASSES = 'a', 'b'


@pytest.fixture
def root(tmp_path, monkeypatch, rng):
    """Two classes of 6 pictures of different sizes, and an empty cache."""
    monkeypatch.setenv('RAM_CACHE', str(tmp_path / 'cache'))
    root = tmp_path / 'pictures'
    for name in CLASSES:
        (root / name).mkdir(parents=True)
        for i in range(6):
            pixels = rng.integers(0, 256, (*rng.integers(3, 40, 2), 3)).astype(np.uint8)
            Image.fromarray(pixels).save(root / name / f'{i}.png')
    return root


@pytest.fixture
def reads(monkeypatch):
    """The paths of the pictures that have been decoded so far."""
    found, real = [], picture_reading.decoded
    monkeypatch.setattr(picture_reading, 'decoded', lambda path, *rest: (found.append(path), real(path, *rest))[1])
    return found


def load(root, split='train', fit='native', **options):
    picture_cache._opened.clear()  # as in a new process
    return folder.load(root, split, CLASSES, 16, True, fit, **options)


def files(root):
    return sorted(path.suffix for path in (root.parent / 'cache').iterdir())


def test_native_pictures_are_those_that_pillow_reads(root):
    for split in 'train', 'validation', 'test':
        pictures, labels, left_out = load(root, split)
        paths = [path for paths in folder.class_files(root, split).values() for path in paths]
        assert len(pictures) == len(labels) == len(paths) and not left_out
        for i, path in enumerate(paths):
            np.testing.assert_array_equal(pictures.reduced(i, 999).transpose(1, 2, 0), np.asarray(Image.open(path)))
            assert CLASSES[labels[i]] == path.parent.name


@pytest.mark.parametrize('fit', ['native', 'resize', 'pad'])
def test_a_store_is_made_once_for_all_splits(root, reads, fit):
    first = load(root, fit=fit)
    assert len(reads) == 12
    again, _, _ = load(root, fit=fit)
    load(root, 'test', fit=fit)
    assert len(reads) == 12 and files(root) == ['.bytes', '.lock', '.npz']
    for i in range(len(again)):
        np.testing.assert_array_equal(*(images.reduced(i, 99) if fit == 'native' else images[i]
                                        for images in (first[0], again)))
    assert fit == 'native' or (again.shape == (8, 3, 16, 16) and again.dtype == np.uint8)


def test_another_way_to_the_folder_has_the_same_store(root, reads, monkeypatch):
    load(root)
    monkeypatch.chdir(root.parent)
    load(Path('pictures'))
    assert len(reads) == 12


def test_another_setting_has_another_store(root, reads):
    for count, options in enumerate([{}, {'factor': 3}, {'fit': 'resize'}], 1):
        load(root, **options)
        assert len(reads) == 12 * count
    load(root)
    assert len(reads) == 36


@pytest.mark.parametrize('change', [
    lambda root: shutil.copy(root / 'a' / '1.png', root / 'a' / 'new.png'),
    lambda root: (root / 'a' / '1.png').unlink(),
    lambda root: shutil.copy(root / 'a' / '1.png', root / 'a' / '2.png'),
    lambda root: os.utime(root / 'a' / '1.png', (1, 1)),
    lambda root: (root / 'a' / '1.png').rename(root / 'b' / 'x.png'),
], ids=['added', 'removed', 'changed', 'touched', 'moved'])
def test_a_store_is_made_anew_when_the_pictures_change(root, reads, change):
    load(root)
    change(root)
    load(root)
    assert len(reads) >= 23 and files(root) == ['.bytes', '.lock', '.npz']
    for split in 'train', 'validation', 'test':
        pictures, _, _ = load(root, split)
        for i, path in enumerate(path for paths in folder.class_files(root, split).values() for path in paths):
            np.testing.assert_array_equal(pictures.reduced(i, 999).transpose(1, 2, 0), np.asarray(Image.open(path)))


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


def flipped(path):
    """One bit: the first entry says that it needs a password."""
    content = bytearray(path.read_bytes())
    content[content.index(b'PK\x01\x02') + 8] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize('damage', [
    lambda place: cut(place.with_suffix('.bytes')), lambda place: cut(place.with_suffix('.npz')),
    lambda place: place.with_suffix('.npz').write_bytes(b''), lambda place: place.with_suffix('.bytes').unlink(),
    lambda place: place.with_suffix('.npz').unlink(), lambda place: flipped(place.with_suffix('.npz'))],
    ids=['bytes', 'index', 'empty index', 'no bytes', 'no index', 'a flipped bit'])
def test_a_damaged_store_is_noticed_and_made_anew(root, reads, damage):
    load(root)
    place, = (root.parent / 'cache').glob('*.npz')
    damage(place)
    (place.with_suffix('.part')).write_bytes(b'left by a killed process')
    pictures, _, _ = load(root)
    assert len(reads) == 24 and files(root) == ['.bytes', '.lock', '.npz']
    path = folder.class_files(root, 'train')['a'][0]
    np.testing.assert_array_equal(pictures.reduced(0, 999).transpose(1, 2, 0), np.asarray(Image.open(path)))


def test_unreadable_pictures_are_named_and_leave_no_trace(root):
    """One without a header, and one whose header is right but whose pixels are missing."""
    no_header, no_pixels, *rest = folder.class_files(root, 'train')['a']
    no_header.write_text('no picture')
    no_pixels.write_bytes(no_pixels.read_bytes()[:-60])
    for _ in range(2):  # when the store is made, and when it exists
        pictures, labels, ((heading, left_out),) = load(root)
        assert heading == '2 of 8 train pictures cannot be read and are left out'
        assert [text.split(': ')[0] for text in left_out] == [str(no_header), str(no_pixels)]
        assert len(pictures) == len(labels) == 6
        for i, path in enumerate(rest):
            np.testing.assert_array_equal(pictures.reduced(i, 999).transpose(1, 2, 0), np.asarray(Image.open(path)))


@pytest.mark.parametrize('kind', ['JPEG', 'PNG', 'WEBP'])
def test_pictures_stand_upright(root, rng, kind):
    """The size in the file's header is that before the picture is turned.

    5 to 8 are the turns by 90 degrees, with and without a mirror (Exif 2.3, tag 0x0112).
    """
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        pixels = rng.integers(0, 256, (21, 43, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(root / 'a' / f'turned {orientation}.png', kind, exif=exif)
    for split in 'train', 'validation', 'test':
        pictures, _, left_out = load(root, split)
        assert not left_out
        paths = [path for paths in folder.class_files(root, split).values() for path in paths]
        for i, path in enumerate(paths):
            upright = np.asarray(ImageOps.exif_transpose(Image.open(path)))
            assert pictures.size(i) == upright.shape[:2]
            assert 'turned' not in path.name or upright.shape[0] == (43 if path.stem[-1] >= '5' else 21)
            np.testing.assert_array_equal(pictures.reduced(i, 999).transpose(1, 2, 0), upright)


def test_measuring_and_reading_count_on_a_terminal(root, terminal):
    load(root, factor=3)
    for what in 'measuring', 'reading':
        assert f'{what} 100%' in terminal.getvalue()


def test_the_cache_is_not_among_the_pictures(root, monkeypatch):
    monkeypatch.setenv('RAM_CACHE', str(root / 'cache'))
    with pytest.raises(ValueError, match=f'--cache {root}/cache is in the folder of the pictures, {root}, .* another'):
        load(root)
    assert not (root / 'cache').exists()
    monkeypatch.setenv('RAM_CACHE', str(root / '.cache'))
    load(root)


def test_no_room_is_said_before_the_work(root, reads, monkeypatch):
    monkeypatch.setattr(shutil, 'disk_usage', lambda path: namedtuple('Usage', 'free')(1000))
    with pytest.raises(OSError, match=r'GB, and the disk has 0.0 GB free; name another folder with --cache'):
        load(root)
    assert not reads and files(root) == ['.lock']


def test_a_disk_that_gets_full_leaves_nothing_half_made(root, monkeypatch):
    def full(*arguments, **named):
        raise OSError(errno.ENOSPC, 'No space left on device')

    for module, name in (picture_store, 'encoded'), (np, 'savez'):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, full)
            with pytest.raises(OSError, match='--cache .* cannot be made: No space left on device'):
                load(root)
        assert files(root) == ['.lock']
    assert len(load(root)[0]) == 8


def test_a_store_larger_than_memory_is_read_part_by_part(root, monkeypatch):
    small, _, _ = load(root)
    monkeypatch.setattr(picture_cache, 'ROOM', 0)
    large, _, _ = load(root)
    starts = large.store.starts[:, 0]
    large.store.fetch(starts, starts + 1)
    large.store.fetch(starts * 0, starts * 0 + len(large.store.pixels))
    for i in range(len(small)):
        np.testing.assert_array_equal(large.reduced(i, 999), small.reduced(i, 999))


def test_two_processes_make_it_once(root):
    program = f'''
import pathlib, time
from datasets import folder, picture_reading
real, reads = picture_reading.decoded, []
def slow(path, *rest):
    reads.append(path)
    time.sleep(0.3)
    return real(path, *rest)
picture_reading.decoded = slow
folder.load(pathlib.Path({str(root)!r}), 'train', ('a', 'b'), 16, True, 'native')
print(len(reads))
'''
    both = [subprocess.Popen([sys.executable, '-c', program], cwd=ROOT, stdout=subprocess.PIPE, text=True)
            for _ in range(2)]
    assert sorted(int(each.communicate(timeout=60)[0]) for each in both) == [0, 12]


def test_large_stores_are_announced(root, monkeypatch, capsys):
    load(root)
    assert not capsys.readouterr().err
    monkeypatch.setattr(picture_cache, 'LARGE', 0)
    load(root, factor=3)
    assert 'making the store of 12 pictures, 0.0 GB in' in capsys.readouterr().err


def test_the_place_of_the_cache(monkeypatch, tmp_path):
    monkeypatch.delenv('RAM_CACHE', raising=False)
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    assert picture_cache.cache_folder() == tmp_path / picture_cache.PROJECT
    monkeypatch.delenv('XDG_CACHE_HOME')
    monkeypatch.setenv('HOME', str(tmp_path))
    assert picture_cache.cache_folder() == tmp_path / '.cache' / picture_cache.PROJECT
    monkeypatch.delenv('HOME')
    monkeypatch.setattr(os, 'getuid', lambda: 2 ** 31 - 9)  # as in a container whose user is nobody that it knows
    with pytest.raises(OSError, match=r'no home folder .* --cache DIR'):
        picture_cache.cache_folder()
