import contextlib
import http.server
import pathlib
import subprocess
import sys
import threading
import time

import pytest

from datasets import download
from tests.conftest import ROOT
from tests.datasets.conftest import last_line


class Mirror(http.server.BaseHTTPRequestHandler):
    """A server on this machine that has one file, /good, and every fault that a mirror can have."""
    protocol_version = 'HTTP/1.1'
    asked = []

    def do_GET(self):
        self.asked.append(self.path)
        fault = self.path[1:].replace('%20', ' ')
        if fault not in ('good', 'unannounced', 'slow', 'wrong', 'truncated', 'stalled', 'too short', 'endless', 'page',
                         'rubbish'):
            self.send_error(404)
            return
        if fault == 'rubbish':
            self.wfile.write(b'no HTTP at all\r\n\r\n')
            self.close_connection = True
            return
        if fault == 'slow':
            time.sleep(0.5)
        content = {'wrong': RIGHT[::-1], 'page': b'<html>please log in</html>'}.get(fault, RIGHT)
        self.send_response(200)
        if fault not in ('endless', 'unannounced'):
            announced = len(content) + {'truncated': 100, 'stalled': 100, 'too short': -100}.get(fault, 0)
            self.send_header('Content-Length', str(announced))
        self.end_headers()
        self.close_connection = True
        try:
            self.wfile.write(content)
            if fault == 'stalled':
                time.sleep(3)
            while fault == 'endless':
                self.wfile.write(bytes(1 << 16))
        except OSError:  # the client has closed the connection
            pass

    def log_message(self, *args):
        pass


RIGHT = b'the right content ' * 100


@pytest.fixture
def server():
    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), Mirror) as server:
        threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
        Mirror.asked.clear()
        yield f'http://127.0.0.1:{server.server_port}'
        server.shutdown()


def check(path):
    if open(path, 'rb').read() != RIGHT:
        raise ValueError('wrong content')


def visible(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith('.lock-'))


@pytest.mark.parametrize('fault, reason', [
    ('none', 'Not Found'), ('wrong', 'wrong content'), ('page', 'wrong content'), ('too short', 'wrong content'),
    ('truncated', 'ended after 1800 of 1900 bytes'), ('stalled', 'timed out'), ('endless', 'more than 5000 bytes'),
    ('rubbish', 'no HTTP')])
def test_download_goes_on_from_a_faulty_mirror_to_the_next(tmp_path, server, fault, reason):
    target, settings = tmp_path / 'deep' / 'file.gz', dict(timeout=0.5, largest=5000)
    fault = fault.replace(' ', '%20')
    with pytest.raises(FileNotFoundError, match=f'(?s)file.gz is missing.*{reason}.*put it there.*or dance'):
        download.fetch([f'{server}/{fault}'], target, check, 'or dance', **settings)
    assert not visible(target.parent)
    assert download.fetch([f'{server}/{fault}', f'{server}/good'], target, check, **settings) == target
    assert target.read_bytes() == RIGHT and visible(target.parent) == ['file.gz']


@pytest.mark.parametrize('path, last', [('good', '100%'), ('unannounced', ' 1.80k of ? B'), ('truncated', '95%')])
def test_download_shows_on_a_terminal_how_much_has_arrived(tmp_path, server, monkeypatch, terminal, path, last):
    monkeypatch.setattr(download, 'CHUNK', 1000)
    with pytest.raises(FileNotFoundError) if path == 'truncated' else contextlib.nullcontext():
        download.fetch([f'{server}/{path}'], tmp_path / 'file', check)
    shown = [part for part in terminal.getvalue().split('\r') if part.strip()]
    assert shown[-1].startswith('file ') and last in shown[-1] and not last_line(terminal.getvalue()).strip()


def test_download_shows_nothing_where_there_is_no_terminal(tmp_path, server, capfd):
    download.fetch([f'{server}/good'], tmp_path / 'file', check)
    assert capfd.readouterr() == ('', '')


def test_download_that_was_cut_off_starts_again(tmp_path, server):
    (tmp_path / '.part-file').write_bytes(RIGHT[:700])
    download.fetch([f'{server}/good'], tmp_path / 'file', check)
    assert (tmp_path / 'file').read_bytes() == RIGHT and visible(tmp_path) == ['file']


def test_processes_that_download_at_once_do_it_once(tmp_path, server):
    code = ('import pathlib, sys; from datasets import download; '
            'download.fetch([sys.argv[1]], pathlib.Path(sys.argv[2]), lambda path: None)')
    processes = [subprocess.Popen([sys.executable, '-c', code, f'{server}/slow', str(tmp_path / 'file')], cwd=ROOT)
                 for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0] * 3
    assert Mirror.asked == ['/slow'] and (tmp_path / 'file').read_bytes() == RIGHT


def test_download_into_a_folder_that_cannot_be_written(tmp_path):
    with pytest.raises(FileNotFoundError, match='its folder cannot be written'):
        download.fetch([], pathlib.Path('/proc/none/file'), check)
