import json
import os
import shutil
import subprocess
import sys

import pytest

from ram import provenance
from tests.conftest import ROOT


def run(folder, *command):
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


def commit_of(folder):
    return run(folder, sys.executable, '-c', 'from ram.provenance import current; print(current("")["commit"])')


@pytest.fixture
def repository(tmp_path):
    """The package in a repository of its own."""
    shutil.copytree(ROOT / 'ram', tmp_path / 'ram')
    (tmp_path / 'README.md').write_text('a document')
    try:
        run(tmp_path, 'git', 'init')
        run(tmp_path, 'git', 'add', '.')
        run(tmp_path, 'git', '-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-m', 'all')
    except OSError:
        pytest.skip('no git')
    return tmp_path


def test_a_changed_program_marks_the_commit_and_a_changed_document_does_not(repository):
    """`make results` itself writes documents, which must not spoil the commit of the next model."""
    commit = run(repository, 'git', 'rev-parse', 'HEAD')
    for name, mark in ('README.md', ''), ('ram/checkpoint.py', '+'):
        with (repository / name).open('a') as file:
            file.write('\n')
        assert commit_of(repository) == commit + mark


def test_the_repository_is_only_read(repository):
    """Git's index has the times of the files; `git status` would write a new one for those that have changed."""
    os.utime(repository / 'ram' / 'checkpoint.py', (0, 0))
    index = (repository / '.git' / 'index').read_bytes()
    assert commit_of(repository) == run(repository, 'git', 'rev-parse', 'HEAD')
    assert (repository / '.git' / 'index').read_bytes() == index


@pytest.mark.parametrize('command, init, rest', [
    ('train.py --init models/mnist-T6.npz -e 1 --gpu', 'mnist-T6', {'gpu': None}),
    ("train.py --init 'my models/a b.npz' --dataset mnist --data d", 'a b', {'data': 'd'}),
    ('train.py --init=a/b.npz -hi 32 -g0 -l 4 --g_size 8', 'b', {'gpu': 0}),
    ('train.py --ini a.npz --gpu -1 --snapshot 5m', 'a', {'gpu': -1, 'snapshot': '5m'}),  # as older versions allowed
    ('train.py --epoch 1', '', {}), ('train.py --init', '', {}), ('', '', {}), ("it's", '', {})])
def test_what_a_command_of_an_older_version_says(command, init, rest):
    flags = provenance.flags(command)
    assert {name: value for name, value in flags.items() if name != 'init'} == rest
    assert provenance.started_from(command) == init
    assert provenance.from_json(json.dumps({'command': command}))['init'] == init
    assert provenance.from_json(json.dumps({'command': command, 'init': 'c'}))['init'] == 'c'
