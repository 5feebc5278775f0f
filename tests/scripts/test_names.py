"""Names of classes and files that are no plain words, from training to pictures, as a user meets them."""
import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from datasets import shown
from ram import checkpoint, safe_files
from ram.registry import make_model
from ram.training import run as description
from tests.conftest import ROOT, assert_one_clear_line, script

NAMES = [b' ', b'$1_front', b'-rf', b'<!--<script>{0} %s {title} {{exhibits}}', b'\x1b[31mred', b'caf\xe9',
         b'speed_limit_30', b'speed_limit_50', b'tab\tnew\nline', 'ש\u202eם'.encode(), '猫\U0001f600'.encode(),
         b'x' * 255]
PICTURE = b'caf\xe9\t\n\x1b"$.png'


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """A folder of few pictures of these classes; one has a name of the kind."""
    root, rng = tmp_path_factory.mktemp('names') / os.fsdecode(b'pict\xfcres'), np.random.default_rng(0)
    for name in map(os.fsdecode, NAMES):
        (root / name).mkdir(parents=True)
        for i in range(4):
            pixels = rng.integers(0, 256, (28, 28)).astype(np.uint8)
            Image.fromarray(pixels).save(root / name / f'{i}.png')
    os.rename(root / '-rf' / '0.png', os.fsencode(root / '-rf') + b'/' + PICTURE)
    return root


@pytest.fixture(scope='module')
def trained(folder, tmp_path_factory):
    """The folder of a run, whose name is of the kind, and what the training printed."""
    out = tmp_path_factory.mktemp('runs') / os.fsdecode(b'r\xfcn $1$')
    result = script('train.py', '--dataset', 'folder', '--images', folder, '--size', 28, '--patch', 8, '--scales', 1,
                    '-l', 2, '--core', 'relu', '--hidden', 16, '--unit', 16, '-b', 8, '-e', 1, '-o', out)
    assert result.returncode == 0, result.stderr
    return out, result


def assert_lines(text):
    """Each line is visible, and no code for the terminal."""
    assert text and all(line.isprintable() for line in text.split('\n'))
    text.encode('utf-8')


def test_training_prints_lines_and_keeps_the_names(folder, trained):
    out, result = trained
    assert_lines(result.stdout)
    assert result.stderr == '' and 'pict\\xfcres' in result.stdout and 'r\\xfcn $1$' in result.stdout
    classes = tuple(sorted(map(os.fsdecode, NAMES)))
    assert checkpoint.load_model(out).config.classes == classes
    assert description.read(out).config.classes == classes
    assert str(folder) in description.read(out).command
    again = script('train.py', '--resume', out, '-e', 2)
    assert again.returncode == 0, again.stderr
    assert checkpoint.load_model(out).provenance['command'].count(str(folder)) == 1


def test_evaluation_prints_a_table(trained):
    result = script('evaluate.py', trained[0])
    assert result.returncode == 0, result.stderr
    assert_lines(result.stdout)
    lines = result.stdout.splitlines()
    table = lines[next(i for i, line in enumerate(lines) if line.startswith('answers in percent')) + 1:]
    table = table[:table.index('')]
    assert len(table) == 13 and {shown.width(line) for line in table} == {shown.width(table[0])}
    first, *heads = table[0].split()
    assert first == 'class' and len(set(heads)) == 12 and '…it_30' in heads and '…it_50' in heads
    found = json.loads(script('evaluate.py', trained[0], '--json').stdout)
    assert len(found['by_class']) == 12


def test_a_console_without_our_characters_loses_nothing(trained):
    result = subprocess.run([sys.executable, 'evaluate.py', trained[0]], cwd=ROOT,
                            capture_output=True, env={**os.environ, 'PYTHONIOENCODING': 'ascii'}, timeout=300)
    assert result.returncode == 0, result.stderr
    assert_lines(result.stdout.decode('ascii'))
    assert b'\\u732b\\U0001f600' in result.stdout and b'speed_limit_30' in result.stdout


def test_predictions_can_be_read_back(folder, trained):
    result = script('evaluate.py', trained[0], '--predict', folder)
    assert result.returncode == 0 and result.stderr == '', result.stderr
    rows = [[json.loads(field) if field.startswith('"') else field for field in line.split('\t')]
            for line in result.stdout.split('\n')[:-1]]
    assert len(rows) == 48 and all(len(row) == 3 for row in rows)
    assert {os.fsencode(row[0]) for row in rows} == {os.fsencode(path) for path in folder.rglob('*') if path.is_file()}
    assert {row[1] for row in rows} <= set(map(os.fsdecode, NAMES))
    told = json.loads(script('evaluate.py', trained[0], '--json', '--predict', folder).stdout)
    assert [[row['file'], row['class']] for row in told] == [row[:2] for row in rows]


def test_what_cannot_be_read_is_one_line_each(trained, tmp_path):
    for name in b'no\npicture\xe9.png', b'\x1b[2J.png':
        pathlib.Path(os.fsdecode(os.fsencode(tmp_path) + b'/' + name)).write_text('no picture')
    result = script('evaluate.py', trained[0], '--predict', tmp_path)
    assert result.returncode == 2 and result.stderr.count('\n') == 3
    assert_lines(result.stderr)
    assert r'no\npicture\xe9.png' in result.stderr
    assert_one_clear_line(script('evaluate.py', tmp_path / 'a\nb\x1b[2J.npz'), r'a\nb\x1b[2J.npz')


def test_pictures_and_the_page_are_drawn(trained, tmp_path, recwarn):
    for flags in ['--count', 2], ['--wrong', '--count', 2], ['--heatmap'], ['--augmented', '--count', 2]:
        result = script('visualize.py', trained[0], *flags)
        assert result.returncode == 0 and result.stderr == '', result.stderr
        assert_lines(result.stdout)
    assert {'model.gif', 'model.png', 'model-wrong.gif', 'model-heatmap.png'} <= set(os.listdir(trained[0]))
    assert not [warning for warning in recwarn if 'Glyph' in str(warning.message)]
    copy = tmp_path / os.fsdecode(b'{{exhibits}}<b>\xe9.npz')
    copy.write_bytes((trained[0] / 'model.npz').read_bytes())
    assert script('visualize.py', copy, '--page', tmp_path).returncode == 0
    document = (tmp_path / copy.with_suffix('.html').name).read_text('utf-8')
    assert '<title>Watch it look: {{exhibits}}&lt;b&gt;\\xe9, 2 glimpses</title>' in document
    entry, = json.loads(document.split('id="exhibits">')[1].split('</script>')[0])
    assert len(set(entry['labels'])) == 12 and max(map(len, entry['labels'])) <= 16
    assert entry['config']['classes'] == [shown.leveled(shown.text(name)) for name in sorted(map(os.fsdecode, NAMES))]


def test_a_folder_that_cannot_be_written_is_said_before_the_work(trained, tmp_path, monkeypatch):
    monkeypatch.setattr('ram.tasks.load_scenes', lambda *_: pytest.fail('it began to work'))
    for flag, path in ('--out', f'{tmp_path}/none/a.gif'), ('--out', f'{tmp_path}/none/'), ('--page', '/proc/a.html'):
        assert_one_clear_line(script('visualize.py', trained[0], flag, path), f'{flag} {path}')


def test_out_may_be_a_folder(tiny, tmp_path):
    Image.new('L', (28, 28)).save(tmp_path / 'digit.png')
    (tmp_path / 'pictures').mkdir()
    checkpoint.save_model(tmp_path / 'a.npz', make_model(dataclasses.replace(tiny, glimpses=1)))
    for out in tmp_path / 'pictures', f'{tmp_path}/pictures/':
        result = script('visualize.py', tmp_path / 'a.npz', '--image', tmp_path / 'digit.png', '-o', out)
        assert result.returncode == 0, result.stderr
        assert result.stdout.split() == [f'{tmp_path}/pictures/a-digit.gif', f'{tmp_path}/pictures/a-digit.png']
        assert sorted(os.listdir(tmp_path / 'pictures')) == ['a-digit.gif', 'a-digit.png']


def test_no_room_for_a_log_is_said_of_the_log(trained, tmp_path, monkeypatch):
    """And not of a temporary file."""
    written = safe_files.os.replace

    def full(source, target):
        if os.path.basename(target) == 'log':
            raise OSError(28, 'No space left on device', source)
        written(source, target)

    monkeypatch.setattr(safe_files.os, 'replace', full)
    shutil.copytree(trained[0], tmp_path / 'run')
    result = script('train.py', '--resume', tmp_path / 'run', '-e', 3)
    assert_one_clear_line(result, f'{tmp_path}/run/log: No space left on device; once that is solved, continue with:')
