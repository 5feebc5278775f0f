import shutil
import subprocess
import sys

import pytest

from tests.conftest import ROOT


def test_a_changed_program_marks_the_commit_and_a_changed_document_does_not(tmp_path):
    """`make results` itself writes documents, which must not spoil the commit of the next model."""
    def run(*command, cwd=tmp_path):
        return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True).stdout.strip()

    shutil.copytree(ROOT / 'ram', tmp_path / 'ram')
    (tmp_path / 'README.md').write_text('a document')
    try:
        run('git', 'init')
        run('git', 'add', '.')
        run('git', '-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-m', 'all')
    except OSError:
        pytest.skip('no git')
    commit = run('git', 'rev-parse', 'HEAD')
    for name, mark in ('README.md', ''), ('ram/checkpoint.py', '+'):
        with (tmp_path / name).open('a') as file:
            file.write('\n')
        found = run(sys.executable, '-c', 'from ram.provenance import current; print(current("")["commit"])')
        assert found == commit + mark
