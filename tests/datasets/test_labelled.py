import numpy as np

from datasets import labelled
from datasets.labelled import Labelled


def test_labels_are_characters_the_end_and_padding():
    labels = labelled.encoded(['ab', '', 'cab'], ('a', 'b', 'c'), 3)
    assert labels.dtype == np.int32
    assert labels.tolist() == [[0, 1, 3, -1], [3, -1, -1, -1], [2, 0, 1, 3]]


def test_bad_rows_are_named_and_left_out(tmp_path):
    for name in 'abcdefg':
        (tmp_path / f'{name}.png').touch()
    (tmp_path / 'folder').mkdir()
    (tmp_path / 'labels.csv').write_text('file,label\nb.png, 0 7 \n'
                                         'a.png,e\u0301\nc.png,\nno.png,1\nfolder,1\n../a.png,1\n'
                                         f'{tmp_path}/a.png,1\n,1\nd.png,1\u200b\ne.png,5\ne.png,5\nf.png,1\nf.png,2\n'
                                         f'g.png,\u00a05\n{"h" * 300}.png,1\n', 'utf-8')
    pictures, faults = labelled.read(tmp_path)
    assert pictures == [Labelled(tmp_path / name, text) for name, text in [
        ('a.png', '\u00e9'), ('b.png', '0 7'), ('e.png', '5'), ('g.png', '5')]]
    for fault, words in zip(faults, [
            'labels.csv, line 4: its label is empty', f'line 5: there is no file {tmp_path}/no.png',
            'line 6: it is a folder', "line 7: its file must be a path below the folder, not '../a.png'",
            'line 8: its file',
            'line 9: its file', r"line 10: its label has the character '\u200b', which cannot be seen",
            f'line 16: there is no file {tmp_path}/{"h" * 300}.png',
            'lines 11 and 12: e.png is there 2 times, and counts once',
            'lines 13 and 14: f.png is there 2 times, with different labels, and is left out'], strict=True):
        assert words in fault


def test_long_texts_are_counted(tmp_path):
    pictures = [Labelled(tmp_path, text) for text in ('1', '22', '333', '4444')]
    assert labelled.few_enough(pictures, 4, 'test') == (pictures, '')
    kept, said = labelled.few_enough(pictures, 2, 'test')
    assert kept == pictures[:2] and said.startswith('2 of 4 test pictures have more than 2 characters ')
    assert ' more than 1 character (--longest)' in labelled.few_enough(pictures, 1, 'test')[1]
