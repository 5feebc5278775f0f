import numpy as np
import pytest
from PIL import Image

from datasets import text_folder
from tests.datasets.test_folder import save


def fill(folder, texts, colour=False):
    """Pictures, each another, and their labels.csv."""
    for i in range(len(texts)):
        save(folder / f'{i:02}.png', np.full((5, 9, 3), i, np.uint8) if colour else np.full((5, 9), i, np.uint8))
    (folder / 'labels.csv').write_text('file,label\n' + ''.join(f'{i:02}.png,{text}\n' for i, text in enumerate(texts)))


TEXTS = ['12', 'b-1', '3', 'a'] * 10


def test_a_flat_folder_is_split(tmp_path):
    fill(tmp_path, TEXTS)
    folder = text_folder.TextFolder(tmp_path)
    parts = {split: folder.pictures(split) for split in ('train', 'validation', 'test')}
    assert {split: len(part) for split, part in parts.items()} == {'train': 28, 'validation': 6, 'test': 6}
    assert sorted((p.path.name, p.text) for part in parts.values() for p in part) == [
        (f'{i:02}.png', text) for i, text in enumerate(TEXTS)]
    assert folder.pictures('train+validation') == sorted(parts['train'] + parts['validation'], key=lambda p: p.path)
    assert text_folder.describe(tmp_path)[:3] == (('-', '1', '2', '3', 'a', 'b'), 3, False)
    assert text_folder.describe(tmp_path, longest=2)[:3] == (('1', '2', '3', 'a'), 2, False)
    groups = text_folder.TextFolder(tmp_path, r'(.)\d\.png')
    owners = [{p.path.name[0] for p in groups.pictures(split)} for split in parts]
    assert sum(map(len, owners)) == 4 and set.union(*owners) == set('0123')
    images, labels, told = text_folder.load(tmp_path, 'test', ('-', '1', '2', '3', 'a', 'b'), 3, 9, False)
    assert images.shape == (6, 1, 9, 9) and labels.shape == (6, 4) and not told
    for image, row, picture in zip(images, labels, parts['test']):
        assert (image == int(picture.path.stem)).all()
        assert ''.join('-123ab'[label] for label in row if label in range(6)) == picture.text and 6 in row


def test_looking_for_colour_is_shown(terminal, tmp_path):
    fill(tmp_path, TEXTS)
    text_folder.describe(tmp_path)
    assert 'looking for colour' in terminal.getvalue() and ' of 28 pictures' in terminal.getvalue()


def test_folders_of_splits_and_what_is_left_out(tmp_path):
    fill(tmp_path / 'Train', ['12', '34', '5'], colour=True)
    fill(tmp_path / 'val', ['1', '2'], colour=True)
    fill(tmp_path / 'test', ['1', '1x', '12345', '2', '3', '4'], colour=True)
    (tmp_path / 'test' / '03.png').write_bytes(b'none')
    (tmp_path / 'test' / '04.png').unlink()
    assert text_folder.describe(tmp_path)[:3] == (tuple('12345'), 2, True)
    images, labels, told = text_folder.load(tmp_path, 'test', tuple('12345'), 2, 9, True)
    assert labels.tolist() == [[0, 5, -1], [3, 5, -1]] and images.shape == (2, 3, 9, 9)
    told = '\n'.join(f'{heading}: {lines}' for heading, lines in told)
    for words in ("01.png: '1x' has 'x'", '1 of 5 test pictures have more than 2', 'line 6: there is no file',
                  '1 of 3 test pictures cannot be read'):
        assert words in told
    _, _, ((heading, lines),) = text_folder.load(tmp_path, 'train', tuple('12345'), 2, 9, True)
    assert 'in several classes or splits' in heading and len(lines) == 3  # 00, 01 and 02 are the same everywhere


@pytest.mark.parametrize('break_it, words', [
    (lambda root: (root / 'labels.csv').unlink(), 'there is no labels.csv in .*--images must name a folder'),
    (lambda root: (root / 'labels.csv').write_text('00.png,1\n'), 'must begin with a line that names its columns'),
    (lambda root: (root / 'labels.csv').write_text('file,label\nno.png,1\n'), 'no picture that can be used; .*no file'),
    (lambda root: (root / 'labels.csv').write_text('file,label\n00.png,1\n01.png,2\n'), 'lists 2 pictures.*at least 3'),
    (lambda root: fill(root, ['1'] * 9), "have only one character, '1'"),
    (lambda root: fill(root, ['1' * 33] * 9), 'none of the texts .* has at most 32 characters'),
    (lambda root: [fill(root / name, ['1']) for name in ('val', 'valid')], 'two folders for the split validation'),
    (lambda root: fill(root / 'test', ['1']), 'no folder train with a labels.csv, but test')])
def test_unusable_folders_are_refused(tmp_path, break_it, words):
    fill(tmp_path, TEXTS)
    break_it(tmp_path)
    with pytest.raises(ValueError, match=words):
        text_folder.describe(tmp_path)


def test_the_characters_of_texts_that_are_too_long_are_not_missed(tmp_path):
    fill(tmp_path / 'train', [*TEXTS, 'wxyz'])
    classes, longest, *_ = text_folder.describe(tmp_path, longest=3)
    told = [part for split in ('train', 'validation', 'test')
            for part in text_folder.load(tmp_path, split, classes, longest, 9, False)[2]]
    (heading, _), = told
    assert heading.endswith('have more than 3 characters (--longest) and are left out')


def test_what_no_table_lists_is_named(tmp_path):
    """Pictures beside a table or below it, or in a folder without one; and a table above those of the splits."""
    fill(tmp_path / 'train', TEXTS)
    assert text_folder.TextFolder(tmp_path).remarks == []
    (tmp_path / 'link').symlink_to(tmp_path / 'train')
    for other in 'train/x.png', 'train/more/y.JPG', 'val/z.png', 'originals/w.png', 'train/notes.txt':
        save(tmp_path / other, format='PNG')
    fill(tmp_path / 'test', ['', '12'])
    (tmp_path / 'labels.csv').touch()
    (above, table), (heading, unread) = text_folder.TextFolder(tmp_path).remarks
    assert above.startswith('not read, since') and table == [tmp_path / 'labels.csv']
    assert heading == 'not read, since no labels.csv has a label for them that can be used (4)'
    assert [path.relative_to(tmp_path).as_posix() for path in unread] == [
        'test/00.png', 'train/more/y.JPG', 'train/x.png', 'val/z.png']


def test_what_a_table_above_does_not_list_is_named(tmp_path):
    fill(tmp_path, TEXTS)
    save(tmp_path / 'val' / 'z.png')
    (tmp_path / 'link.png').symlink_to(tmp_path / '00.png')
    (_, unread), = text_folder.TextFolder(tmp_path).remarks
    assert unread == [tmp_path / 'val' / 'z.png']


def test_training_says_at_once_that_the_test_has_nothing(tmp_path):
    fill(tmp_path / 'train', TEXTS)
    fill(tmp_path / 'test', ['1212', '12121'])
    classes, longest, *_ = text_folder.describe(tmp_path)
    with pytest.raises(ValueError, match='none of the test pictures in .*: 2 of 2 test pictures have more than 3'):
        text_folder.load(tmp_path, 'train', classes, longest, 9, False)
    assert len(text_folder.load(tmp_path, 'validation', classes, longest, 9, False)[0]) == 6


def test_nothing_is_left(tmp_path):
    fill(tmp_path / 'test', ['x', 'y'])
    with pytest.raises(ValueError, match="none of the test pictures in .* can be used: .*'x' has 'x'"):
        text_folder.load(tmp_path, 'test', ('1', '2'), 2, 9, True)
    assert Image.open(tmp_path / 'test' / '00.png').size == (9, 5)
