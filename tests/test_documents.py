"""What the documents tell their readers to do from Python, and where they link to."""
import pathlib
import re
import textwrap

import pytest
from PIL import Image, ImageDraw

from tests.conftest import ROOT

PAGES = [*(ROOT / name for name in ('README.md', 'CONTRIBUTING.md', 'models/README.md')),
         *sorted((ROOT / 'docs').glob('*.md'))]


def blocks(text):
    """The blocks of code in a document, which are indented by four spaces."""
    found = re.findall(r'(?:^(?: {4}.*)?\n)+', text, re.MULTILINE)
    return [textwrap.dedent(block).strip() for block in found if block.strip()]


@pytest.mark.parametrize('page', ['README.md', 'docs/python.md'])
def test_the_lines_of_python_run(page, tmp_path, monkeypatch, mnist_folder):
    """In one process, in their order, in a folder with a picture of a digit and the models."""
    image = Image.new('L', (90, 120), 230)
    ImageDraw.Draw(image).line([(45, 20), (45, 100)], 20, 9)
    image.save(tmp_path / 'digit.png')
    (tmp_path / 'models').symlink_to(ROOT / 'models')
    monkeypatch.setenv('RAM_DATA', str(mnist_folder.resolve()))
    monkeypatch.chdir(tmp_path)
    text = (ROOT / page).read_text('utf-8')
    lines = '\n'.join(block for block in blocks(text if page != 'README.md' else text.split('## From Python')[1])
                      if not block.startswith('python '))
    names = {}
    exec(compile(lines, page, 'exec'), names)
    assert pathlib.Path('look.gif').read_bytes()[:3] == b'GIF' and names['model'].config.glimpses == 8
    if page != 'README.md':
        assert names['own'].shape == (1, 1, 60, 60) and names['model'].predict(names['own']).tolist() == [1]


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    """To a file, and to a heading of a page."""
    for target in re.findall(r'\]\(([^)\s]+)\)', page.read_text('utf-8')):
        if re.match(r'\w+:', target):
            continue
        path, _, anchor = target.partition('#')
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if anchor:
            headings = re.findall(r'^#+ (.*)$', file.read_text('utf-8'), re.MULTILINE)
            names = [re.sub(r'[^\w\- ]', '', heading.lower()).replace(' ', '-') for heading in headings]
            assert anchor in names, target
