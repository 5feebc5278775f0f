"""Which files count: hidden ones and litter do not, links are followed, and what cannot be read is named."""
import os

import pytest

from datasets import folder, picture_reading, visible
from ram.reports import prediction

LITTER = ['.ipynb_checkpoints', '.thumbnails', '@eaDir', '__MACOSX', '#recycle', '$RECYCLE.BIN', 'lost+found']
LITTER_FILES = ['.DS_Store', '._1.png', 'Thumbs.db', 'THUMBS.DB', 'desktop.ini', 'Icon\r', '.hidden.png']


def touch(*paths):
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b'x')


@pytest.fixture
def root(tmp_path):
    """Two classes of four files, one of them deep, in a folder that is hidden itself."""
    root = tmp_path / '.hidden' / '@eaDir' / 'pictures'
    for name in 'cat', 'dog':
        touch(*(root / name / file for file in ('1.png', '2.png', 'deep/er/3.png', '4')))
    return root


def below(files, root):
    return [path.relative_to(root).as_posix() for path in files]


CAT = ['cat/1.png', 'cat/2.png', 'cat/4', 'cat/deep/er/3.png']


def test_hidden_names_and_litter_do_not_count_at_any_depth(root):
    for name in LITTER:
        touch(root / name / '1.png', root / 'cat' / name / '1.png', root / 'cat' / 'deep' / name / 'er' / '1.png')
    for name in LITTER_FILES:
        touch(root / name, root / 'cat' / name, root / 'cat' / 'deep' / name)
    files = folder.class_files(root, 'train+validation')
    assert set(files) == {'cat', 'dog'}
    assert sorted(below([*files['cat'], *folder.class_files(root, 'test')['cat']], root)) == CAT
    assert below(folder.Folder(root).everything, root)[:4] == CAT
    assert below(visible.files(root / 'cat'), root) == CAT
    assert below(prediction.files_of([str(root / 'cat')]), root) == CAT
    assert [path.name for path in visible.folders(root)] == ['cat', 'dog']
    for name in LITTER:
        (root / 'cat' / name / 'train' / 'x').mkdir(parents=True)
        assert folder.Folder(root).own == {}


def test_a_file_or_folder_that_the_user_names_is_taken(root):
    named = root / 'cat' / '.x.png', root / 'cat' / '@eaDir' / '1.png', root / 'cat' / '@eaDir'
    touch(*named[:2])
    assert prediction.files_of(list(map(str, named))) == [*named[:2], named[1]]


def test_folders_behind_links_are_followed(root, tmp_path):
    touch(tmp_path / 'pool' / 'a' / '5.png', tmp_path / 'other' / '6.png', tmp_path / 'pool' / '.git' / '7')
    (root / 'cat' / 'more').symlink_to(tmp_path / 'pool')
    (tmp_path / 'pool' / 'a' / 'further').symlink_to(tmp_path / 'other')
    (root / 'cat' / 'annexed.png').symlink_to(tmp_path / 'pool' / '.git' / '7')  # the link is not hidden
    (root / 'fox').symlink_to(tmp_path / 'pool')
    assert below(visible.files(root / 'cat'), root) == sorted(
        [*CAT, 'cat/annexed.png', 'cat/more/a/5.png', 'cat/more/a/further/6.png'])
    assert [path.name for path in visible.folders(root)] == ['cat', 'dog', 'fox']
    assert below(visible.files(root / 'fox'), root) == ['fox/a/5.png', 'fox/a/further/6.png']


def test_a_file_counts_once(root, tmp_path):
    """However many links lead to it, or to its folder, in whatever order they are found."""
    cat = root / 'cat'
    touch(tmp_path / 'pool' / 'x' / '5.png')
    for name, target in [('again.png', cat / '1.png'), ('0', cat / 'deep'), ('z', cat / 'deep'), ('self', cat),
                         ('deep/back', cat / 'deep'), ('pool', tmp_path / 'pool' / 'x'), ('pool2', tmp_path / 'pool'),
                         ('pool/loop', tmp_path / 'pool')]:
        (cat / name).symlink_to(target)
    files = visible.files(cat)
    assert below(files, root) == [*CAT, 'cat/pool/5.png']
    assert len({path.resolve() for path in files}) == len(files)


@pytest.mark.parametrize('target, words', [
    ('/none/x.png', 'broken link'), ('x.png', 'broken link'), ('..', 'contains it'), ('../..', 'contains it')])
def test_links_that_cannot_be_followed_are_named(root, target, words):
    (root / 'cat' / 'x.png').symlink_to(target)
    assert below(visible.files(root / 'cat'), root) == sorted([*CAT, 'cat/x.png'])
    assert words in visible.obstacle(root / 'cat' / 'x.png')
    assert visible.state(root / 'cat' / 'x.png')  # as of a file: it is compared when a run is resumed
    with pytest.raises(ValueError, match=f'x.png is not a picture that can be read: .*{words}'):
        picture_reading.read(root / 'cat' / 'x.png', 8, False)
    (root / 'fox').symlink_to('fox' if target == 'x.png' else target)
    with pytest.raises(ValueError, match=f'fox cannot be followed: .*{words}'):
        visible.folders(root)


def test_broken_links_to_the_same_missing_file_are_all_named(root):
    for name in 'x.png', 'y.png':
        (root / 'cat' / name).symlink_to('/none/at/all')
    assert below(visible.files(root / 'cat'), root) == sorted([*CAT, 'cat/x.png', 'cat/y.png'])


@pytest.mark.skipif(not hasattr(os, 'mkfifo'), reason='there are no pipes')
def test_what_is_no_file_is_named_and_not_opened(root):
    os.mkfifo(root / 'cat' / 'pipe.png')  # opening it would wait for ever
    assert below(visible.files(root / 'cat'), root) == sorted([*CAT, 'cat/pipe.png'])
    with pytest.raises(ValueError, match='neither a file nor a folder'):
        picture_reading.read(root / 'cat' / 'pipe.png', 8, False)
    assert picture_reading.measure(root / 'cat' / 'pipe.png') == 'it is neither a file nor a folder'
    assert not picture_reading.in_colour(root / 'cat' / 'pipe.png')


def test_a_folder_that_may_not_be_read_is_named(root, monkeypatch):
    real = os.scandir

    def scandir(path):
        if os.path.basename(path) == 'er':
            raise PermissionError(13, 'Permission denied', os.fspath(path))
        return real(path)

    monkeypatch.setattr(os, 'scandir', scandir)
    assert below(visible.files(root / 'cat'), root) == [*CAT[:3], 'cat/deep/er']
    assert 'cannot be read: Permission denied' in visible.obstacle(root / 'cat' / 'deep' / 'er')
    with pytest.raises(PermissionError):
        visible.files(root / 'cat' / 'deep' / 'er')
