"""A folder of pictures of one's own: its classes, its splits, its groups and its labels."""
import os
import shutil

import numpy as np
import pytest
from PIL import Image

from datasets import class_folders, folder
from tests.datasets.test_picture_reading import bomb


def save(path, array=None, **options):
    """Writes a picture; by default a small grey one, another for each path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if array is None:
        array = np.random.default_rng(list(os.fsencode(path))).integers(0, 256, (9, 9)).astype(np.uint8)
    Image.fromarray(np.asarray(array, np.uint8)).save(path, **options)


def names(files):
    return {name: [path.name for path in paths] for name, paths in files.items()}


@pytest.fixture
def plain(tmp_path):
    """Classes of 20, 10 and 3 pictures, without folders for splits."""
    for name, count in (('cat', 20), ('dog', 10), ('fox', 3)):
        for i in range(count):
            save(tmp_path / name / f'{i}.png')
    return tmp_path


def test_a_folder_without_splits_is_split_class_by_class(plain):
    parts = {split: folder.class_files(plain, split) for split in ('train', 'validation', 'test')}
    for name, counts in (('cat', (14, 3, 3)), ('dog', (6, 2, 2)), ('fox', (1, 1, 1))):
        assert tuple(len(parts[split][name]) for split in parts) == counts
        together = sorted(path for part in parts.values() for path in part[name])
        assert together == sorted((plain / name).iterdir())
    assert folder.class_files(plain, 'test') == parts['test']
    both = folder.class_files(plain, 'train+validation')
    assert both['cat'] == sorted(parts['train']['cat'] + parts['validation']['cat'])


def test_the_split_is_random_and_changes_little_when_pictures_are_added(tmp_path):
    for i in range(200):
        save(tmp_path / 'a' / f'{i:03}.png')
    before = set(names(folder.class_files(tmp_path, 'test'))['a'])
    assert len(before) == 30 and max(before) > '150' and min(before) < '050'
    save(tmp_path / 'a' / 'new.png')
    assert len(before - set(names(folder.class_files(tmp_path, 'test'))['a'])) <= 1


def test_splits_made_by_hand_are_kept(plain, tmp_path):
    root = tmp_path / 'root'
    for split, source in (('train', 'dog'), ('val', 'fox'), ('test', 'cat')):
        for name in ('x', 'y'):
            shutil.copytree(plain / source, root / split / name)
    assert [len(folder.class_files(root, split)['x']) for split in ('train', 'validation', 'test')] == [10, 3, 20]
    shutil.rmtree(root / 'val')
    assert [len(folder.class_files(root, split)['x']) for split in ('train', 'validation', 'test')] == [8, 2, 20]
    (root / 'test').rename(root / 'validation')
    assert [len(folder.class_files(root, split)['x']) for split in ('train', 'validation', 'test')] == [8, 20, 2]
    shutil.rmtree(root / 'train')
    (root / 'validation').rename(root / 'test')
    assert len(folder.class_files(root, 'test')['x']) == 20  # a folder of new pictures to test on
    with pytest.raises(ValueError, match='has no folder train'):
        folder.describe(root)


@pytest.fixture
def tracks(tmp_path):
    """Two classes of videos of 1 to 12 frames: car/007-3.png, and bus/007/3.png."""
    lengths = np.random.default_rng(0).integers(1, 13, 40)
    for track, length in enumerate(lengths):
        for frame in range(length):
            for path in tmp_path / 'car' / f'{track:03}-{frame}.png', tmp_path / 'bus' / f'{track:03}' / f'{frame}.png':
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()  # only their names matter
    return tmp_path


@pytest.mark.parametrize('pattern, kept', [(r'(\d+)-', ['car']), ('(.+)/', ['bus']), (r'^(\d+)[-/]', ['car', 'bus'])])
def test_frames_of_a_track_are_in_the_same_split(tracks, pattern, kept):
    parts = [folder.class_files(tracks, split, pattern) for split in ('train', 'validation', 'test')]
    for name in ('car', 'bus'):
        assert sorted(path for part in parts for path in part[name]) == sorted((tracks / name).rglob('*.png'))
        owners = [{path.relative_to(tracks / name).as_posix()[:3] for path in part[name]} for part in parts]
        apart = not (owners[0] & owners[1] or owners[0] & owners[2] or owners[1] & owners[2])
        assert apart == (name in kept)
        wanted = 0.15 * sum(len(part[name]) for part in parts)
        assert all(abs(len(part[name]) - wanted) <= 6.5 for part in parts[1:])  # half of the longest track
    both = folder.class_files(tracks, 'train+validation', pattern)
    assert both['car'] == sorted(parts[0]['car'] + parts[1]['car'])


def test_a_new_track_changes_the_split_little(tracks):
    before = set(folder.class_files(tracks, 'test', '(.+)[-/]')['car'])
    save(tracks / 'car' / 'new-1.png')
    assert len(before ^ set(folder.class_files(tracks, 'test', '(.+)[-/]')['car'])) <= 13


@pytest.mark.skipif(os.name == 'nt', reason='names are not bytes there')
def test_a_name_that_is_no_text_is_split_too(plain):
    name = os.fsdecode(b'caf\xe9.png')
    try:
        save(plain / 'cat' / name)
    except OSError:
        pytest.skip('this file system has no such names')
    assert name in [path.name for split in ('train', 'validation', 'test')
                    for path in folder.class_files(plain, split)['cat']]


def test_a_file_without_a_match_is_on_its_own(tracks):
    for i in range(20):
        save(tracks / 'car' / f'odd{i}.png')
    files = folder.class_files(tracks, 'validation', r'(\d+)-')['car']
    assert {path.name[:3] for path in files} & {'odd'} and len({path.name[:3] for path in files}) > 1


@pytest.mark.parametrize('pattern, words', [
    ('(a', 'regular expression'), ('a', 'a group in parentheses'), ('(x)', "'\\(x\\)' matches none .*such as .*png"),
    ('(a{5000000000})', 'regular expression'), ('()', 'matches none'),
    ('(.)', 'class bus .* in 1 group by .*at least 3 groups')])
def test_patterns_that_cannot_be_grouped_by(tracks, pattern, words):
    with pytest.raises(ValueError, match=words):
        folder.describe(tracks, pattern)


def test_there_may_be_nothing_to_group(plain, tmp_path):
    root = tmp_path / 'root'
    for split in ('train', 'val', 'test'):
        for name in ('x', 'y'):
            shutil.copytree(plain / 'dog', root / split / name)
    with pytest.raises(ValueError, match='no effect'):
        folder.describe(root, '(.)')
    assert len(folder.class_files(root, 'test', '(.)')['x']) == 10  # a test set of its own needs no groups


def test_a_class_may_be_called_train(tmp_path):
    for name in ('car', 'train'):
        for i in range(4):
            save(tmp_path / name / f'{i}.png')
    assert folder.describe(tmp_path)[:2] == (('car', 'train'), False)


def by_hand(source, root, *folders):
    """Folders, each with the classes of ``source`` without fox, as splits of ``root``."""
    for name in folders:
        shutil.copytree(source, root / name, ignore=shutil.ignore_patterns('root', 'fox'))
    return root


@pytest.mark.parametrize('train, validation, test', [
    ('train', 'val', 'test'), ('Train', 'VALID', 'Testing'), ('training', 'Validation', 'TEST'),
    ('TRAINING', 'Val', 'testing')])
def test_the_usual_names_of_splits_in_any_case(plain, train, validation, test):
    root = by_hand(plain, plain / 'root', train, validation, test)
    for split, name in ('train', train), ('validation', validation), ('test', test):
        assert folder.class_files(root, split)['cat'] == sorted((root / name / 'cat').iterdir())
    assert folder.describe(root)[:2] == (('cat', 'dog'), False)
    assert len(folder.Folder(root).everything) == 3 * 30 and not folder.Folder(root).remarks


@pytest.mark.parametrize('names, split', [
    (('val', 'valid'), 'validation'), (('train', 'Training'), 'train'), (('TEST', 'testing'), 'test')])
def test_two_folders_for_one_split_are_refused(plain, names, split):
    root = by_hand(plain, plain / 'root', *{'train', *names})
    first, second = sorted(names)
    with pytest.raises(ValueError, match=f'two folders for the split {split}, {first} and {second}: leave one'):
        folder.class_files(root, 'test')
    shutil.rmtree(root / names[1])
    (root / names[1]).mkdir()  # it has no classes: it is no split, but it is named
    assert len(folder.class_files(root, split)['cat'])
    assert [path.name for _, paths in folder.Folder(root).remarks for path in paths] == [names[1]]


def test_a_class_of_another_split_is_refused_before_training(plain):
    root = by_hand(plain, plain / 'root', 'train', 'test')
    save(root / 'test' / 'bird' / '1.png')
    with pytest.raises(ValueError, match="test has a class 'bird' that the training pictures do not have.*cat, dog"):
        folder.describe(root)
    (root / 'test' / 'bird').rename(root / 'bird')
    (root / 'test' / 'dog').rename(root / 'dog')
    (root / 'test' / 'dog').mkdir()
    with pytest.raises(ValueError, match='class dog is empty: there is no file in .*test'):
        folder.describe(root)
    (root / 'test' / 'dog').rmdir()  # a split need not have all classes
    assert folder.describe(root)[0] == ('cat', 'dog')


def test_what_may_be_meant_otherwise_is_said(plain):
    assert not folder.Folder(plain).remarks
    (plain / 'notes.txt').write_text('')
    save(plain / 'Test' / '1.png')
    save(plain / '1.JPG', format='JPEG')
    (about_class, classes), (about_rest, rest) = folder.Folder(plain).remarks
    assert 'taken for classes' in about_class and classes == [plain / 'Test']
    assert 'in no class folder' in about_rest and rest == [plain / '1.JPG']
    root = by_hand(plain, plain / 'root', 'train', 'test', 'dev')
    save(root / 'train' / '2.png')
    (root / 'Val').mkdir()
    (_, rest), = folder.Folder(root).remarks
    assert rest == [root / name for name in ('Val', 'dev', 'test/1.JPG', 'train/1.JPG', 'train/2.png')]


def test_pictures_that_group_by_does_not_match_are_named(tmp_path):
    names = ['v1-1.png', 'v1-2.png', 'v2-1.png', 'v3-1.png', 'v4-1.png', 'w5-1.png']
    for name in 'ab':
        for file in names:
            save(tmp_path / name / file)
    assert not folder.Folder(tmp_path, '(.*)-').remarks and not folder.Folder(tmp_path).remarks
    (heading, paths), = folder.Folder(tmp_path, r'v(\d)').remarks
    assert heading.startswith("2 of 12 pictures are not matched by --group-by 'v(")
    assert paths == [tmp_path / name / 'w5-1.png' for name in 'ab']


def test_a_class_that_is_missing_in_a_split_is_named(plain):
    """Its pictures are learned, and nobody would know how well."""
    root = by_hand(plain, plain / 'root', 'train', 'val', 'test')
    assert not folder.Folder(root).remarks
    shutil.rmtree(root / 'val' / 'dog')
    (heading, paths), = folder.Folder(root).remarks
    assert 'nothing is known of these classes' in heading and paths == [root / 'val' / 'dog']


@pytest.mark.parametrize('split', ['val', 'test'])
def test_a_class_of_which_no_picture_can_be_read_ends_a_run_before_it_trains(plain, split):
    root = by_hand(plain, plain / 'root', 'train', 'val', 'test')
    for path in (root / split / 'dog').iterdir():
        path.write_text('no picture')
    with pytest.raises(ValueError, match=f'none of the {split}.* pictures of class dog .* can be read: its format'):
        folder.load(root, 'train', ('cat', 'dog'), 9, False)


def test_folders_that_may_be_classes_or_splits_are_refused(plain, tmp_path):
    root = tmp_path / 'root'
    for name in 'train', 'test':
        save(root / name / '1.png')
    with pytest.raises(ValueError, match='folders test and train, as for splits, but there is no folder in them'):
        folder.class_files(root, 'train')
    shutil.rmtree(root)
    for name in 'bus', 'train':
        for track in '12':
            save(root / name / track / '1.png')
    with pytest.raises(ValueError, match='train may be a split or a class, since bus beside it also has folders'):
        folder.class_files(root, 'train')
    (root / 'train').rename(root / 'test')
    with pytest.raises(ValueError, match='has no folder train .*but test, taken for a split since there are folders'):
        folder.class_files(root, 'train')


def test_a_picture_in_two_classes_or_splits_is_named(plain):
    """Also if it has another name, another format, or is a link; but not if it is twice in one class and split."""
    root = by_hand(plain, plain / 'root', 'train', 'val', 'test')
    for split in 'train', 'val', 'test':
        for name in 'cat', 'dog':
            for path in (root / split / name).iterdir():
                save(path)
    shutil.copy(root / 'train' / 'cat' / '1.png', root / 'train' / 'cat' / 'copy.png')
    shutil.copy(root / 'train' / 'cat' / '2.png', root / 'train' / 'dog' / 'two.png')
    Image.open(root / 'train' / 'cat' / '3.png').save(root / 'val' / 'cat' / 'three.bmp')
    (root / 'test' / 'dog' / 'four').symlink_to(root / 'val' / 'dog' / '4.png')
    _, _, ((heading, lines),) = folder.load(root, 'train', ('cat', 'dog'), 9, False)
    assert 'in several classes or splits' in heading
    assert lines == [f'{root}/train/cat/2.png (train), {root}/train/dog/two.png (train)',
                     f'{root}/train/cat/3.png (train), {root}/val/cat/three.bmp (validation)',
                     f'{root}/val/dog/4.png (validation), {root}/test/dog/four (test)']
    assert folder.load(root, 'test', ('cat', 'dog'), 9, False)[2] == []


def test_names_in_a_message_are_few():
    assert class_folders.few(['a', 'b']) == 'a, b'
    assert class_folders.few([str(i) for i in range(1234)]) == '0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 1,224 more'


def test_describe_finds_colour(plain):
    assert folder.describe(plain)[:2] == (('cat', 'dog', 'fox'), False)
    for path in folder.class_files(plain, 'train')['dog'][:1]:
        save(path, np.zeros((3, 3, 3)))
    assert folder.describe(plain)[:2] == (('cat', 'dog', 'fox'), True)


@pytest.mark.parametrize('break_it, words', [
    (lambda root: shutil.rmtree(root), 'there is no folder'),
    (lambda root: (shutil.rmtree(root), root.write_text('')), 'is a file: --images must name the folder'),
    (lambda root: [shutil.rmtree(path) for path in root.iterdir()], 'no folders in it'),
    (lambda root: [shutil.rmtree(root / name) for name in ('cat', 'fox')], 'only one class, dog'),
    (lambda root: (root / 'new').mkdir(), 'class new is empty'),
    (lambda root: (root / 'fox' / '0.png').unlink(), 'class fox in .* has 2 pictures.*at least 3'),
])
def test_unusable_folders_are_rejected(plain, break_it, words):
    root = plain.rename(plain.with_name(f'{plain.name}-root'))
    break_it(root)
    with pytest.raises((ValueError, FileNotFoundError), match=words):
        folder.describe(root)


def test_labels_are_indices_of_the_classes_of_the_pictures(plain):
    images, labels, left_out = folder.load(plain, 'train', ('fox', 'cat', 'dog'), 9, False)
    assert images.shape == (21, 1, 9, 9) and images.dtype == np.uint8 and labels.dtype == np.int32 and not left_out
    assert np.bincount(labels).tolist() == [1, 14, 6]
    files = folder.class_files(plain, 'train')
    for image, path in zip(images, [path for name in files for path in files[name]]):
        np.testing.assert_array_equal(image[0], np.asarray(Image.open(path)))


def test_a_class_that_is_not_in_the_training_pictures_is_rejected(plain):
    with pytest.raises(ValueError, match="'dog'.*cat, fox"):
        folder.load(plain, 'test', ('cat', 'fox'), 9, False)


def test_unreadable_pictures_are_reported_and_left_out(plain):
    first, second, third = folder.class_files(plain, 'train')['cat'][:3]
    first.write_text('no picture')
    second.write_bytes(second.read_bytes()[:60])
    bomb(third)
    images, labels, ((heading, left_out),) = folder.load(plain, 'train', ('cat', 'dog', 'fox'), 8, True)
    assert heading == '3 of 21 train pictures cannot be read and are left out'
    assert images.shape == (18, 3, 8, 8) and np.bincount(labels).tolist() == [11, 6, 1]
    assert [text.split(': ')[0] for text in left_out] == [str(first), str(second), str(third)]
    folder.class_files(plain, 'train')['fox'][0].write_text('')
    with pytest.raises(ValueError, match='none of the train pictures of class fox .* can be read'):
        folder.load(plain, 'train', ('cat', 'dog', 'fox'), 8, True)


def test_a_letter_and_its_accent_are_one_or_two_characters(tmp_path):
    """As on Linux and on macOS: a folder that was copied between them, or partly, has the same classes."""
    one, two = 'caf\u00e9', 'cafe\u0301'
    for root, name in ('a', one), ('b', two), ('c/train', one), ('c/val', two), ('c/test', two):
        for place in name, 'tea':
            for i in range(4):
                save(tmp_path / root / place / f'{i}.png')
    for root, name in ('a', two), ('b', one), ('c', one):
        for split, count in ('train+validation', 8 if root == 'c' else 3), ('test', 4 if root == 'c' else 1):
            labels = folder.load(tmp_path / root, split, (name, 'tea'), 8, False)[1]
            assert labels.tolist() == [0] * count + [1] * count
    (tmp_path / 'b' / two).rename(tmp_path / 'a' / two)
    with pytest.raises(ValueError, match=r"two classes .* 'cafe\\u0301' and 'caf\\xe9'"):
        folder.describe(tmp_path / 'a')
