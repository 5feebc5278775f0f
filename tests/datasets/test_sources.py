import contextlib
import gzip
import hashlib
import http.server
import io
import pathlib
import struct
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import datasets
from datasets import download, fonts, mnist
from tests.conftest import ROOT


def idx(array):
    return struct.pack('>HBB', 0, 8, array.ndim) + struct.pack(f'>{array.ndim}I', *array.shape) + array.tobytes()


@pytest.mark.parametrize('suffix, pack', [('', bytes), ('.gz', gzip.compress)])
def test_idx_round_trip(tmp_path, rng, suffix, pack):
    array = rng.integers(0, 256, (5, 4, 3)).astype(np.uint8)
    path = tmp_path / f'x{suffix}'
    path.write_bytes(pack(idx(array)))
    np.testing.assert_array_equal(mnist.read_idx(path, hashlib.sha256(idx(array)).hexdigest()), array)


def damaged():
    good = idx(np.arange(24, dtype=np.uint8).reshape(2, 3, 4))
    yield 'empty', b''
    yield 'short header', good[:6]
    yield 'truncated', good[:-1]
    yield 'too long', good + b'\0'
    yield 'wrong magic', b'PK\3\4' + good[4:]
    yield 'another type', good[:2] + b'\x0d' + good[3:]
    yield 'no dimensions', good[:3] + b'\0' + good[4:]
    yield 'huge', good[:4] + b'\xff' * 12 + good[16:]


@pytest.mark.parametrize('name, content', list(damaged()), ids=[name for name, _ in damaged()])
def test_damaged_idx(tmp_path, name, content):
    path = tmp_path / 'x'
    path.write_bytes(content)
    with pytest.raises(ValueError, match='x'):
        mnist.read_idx(path)


def test_damaged_gzip_and_wrong_checksum(tmp_path):
    good = idx(np.zeros((2, 2), np.uint8))
    for content in (gzip.compress(good)[:-5], b'\x1f\x8b' + b'rubbish' * 9, b'rubbish'):
        (tmp_path / 'x.gz').write_bytes(content)
        with pytest.raises(ValueError, match='damaged'):
            mnist.read_idx(tmp_path / 'x.gz')
    (tmp_path / 'x').write_bytes(good)
    with pytest.raises(ValueError, match='SHA-256'):
        mnist.read_idx(tmp_path / 'x', '0' * 64)


def test_mnist_is_split_for_validation(mnist_folder):
    digits, labels = zip(*(datasets.load_digits('mnist', split, mnist_folder)
                           for split in ('train', 'validation', 'test')))
    assert [array.shape for array in digits] == [(55000, 28, 28), (5000, 28, 28), (10000, 28, 28)]
    assert all(array.dtype == np.uint8 for array in digits) and all(array.dtype == np.int32 for array in labels)
    # Known statistics of MNIST: the training set's mean and deviation, and the counts of its classes.
    everything = np.concatenate(digits[:2]) / 255
    assert abs(everything.mean() - 0.1307) < 1e-4 and abs(everything.std() - 0.3081) < 1e-4
    assert np.bincount(np.concatenate(labels[:2])).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851,
                                                               5949]


@pytest.fixture(scope='module')
def font_digits():
    return fonts.load('test')


def test_font_digits_are_like_mnists(font_digits):
    digits, labels = font_digits
    assert digits.shape == (5000, 28, 28) and digits.dtype == np.uint8 and labels.dtype == np.int32
    assert np.bincount(labels).min() > 450
    ink = digits.mean(axis=(1, 2)) / 255
    assert 0.05 < ink.mean() < 0.25 and ink.min() > 0.01
    border = np.concatenate([digits[:, 0], digits[:, -1], digits[:, :, 0], digits[:, :, -1]], axis=1)
    assert (border > 128).mean() < 0.02  # almost nothing is cut off


def test_font_digits_can_be_told_apart(font_digits):
    """The nearest class mean, a very weak classifier, does far better than chance."""
    digits, labels = font_digits[0].reshape(5000, -1) / 255, font_digits[1]
    means = np.stack([digits[:2500][labels[:2500] == c].mean(axis=0) for c in range(10)])
    nearest = ((digits[2500:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest == labels[2500:]).mean() > 0.5


def test_font_digits_are_always_the_same(font_digits):
    fonts.load.cache_clear()
    np.testing.assert_array_equal(fonts.load('test')[0], font_digits[0])


def test_data_folder(monkeypatch, tmp_path):
    monkeypatch.setenv('RAM_DATA', str(tmp_path))
    assert datasets.data_folder() == tmp_path and str(datasets.data_folder('there')) == 'there'
    monkeypatch.delenv('RAM_DATA')
    assert str(datasets.data_folder()) == 'data'


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


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize('path, last', [('good', 'file: 0.0 of 0.0 MB, 100%,     0 s left'),
                                        ('unannounced', 'file: 0.0 MB'), ('truncated', 'file: 0.0 of 0.0 MB,  95%')])
def test_download_shows_on_a_terminal_how_much_has_arrived(tmp_path, server, monkeypatch, path, last):
    monkeypatch.setattr(sys, 'stderr', Terminal())
    monkeypatch.setattr(download, 'CHUNK', 1000)
    with pytest.raises(FileNotFoundError) if path == 'truncated' else contextlib.nullcontext():
        download.fetch([f'{server}/{path}'], tmp_path / 'file', check)
    shown = sys.stderr.getvalue()
    assert shown.count('\r') == 2 and shown.endswith('\n') and shown.split('\r')[-1].startswith(last)


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
