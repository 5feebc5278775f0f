"""A browser without a screen, driven through chromedriver's WebDriver protocol with the standard library alone."""
import base64
import contextlib
import json
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

import pytest

FLAGS = ('--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking '
         '--disable-component-update --disable-sync --hide-scrollbars').split()
ELEMENT = 'element-6066-11e4-a52e-4f735466cecf'  # how the protocol marks an element


class Browser:
    """One tab.

    Args:
        driver: address of chromedriver.
        profile: an empty folder for the browser's profile.
        size: width and height of the window.
    """

    def __init__(self, driver, profile, size=(1280, 1000)):
        self.driver = driver
        options = {'args': [*FLAGS, f'--user-data-dir={profile}', f'--window-size={size[0]},{size[1]}'],
                   'binary': shutil.which('chromium')}
        wanted = {'goog:chromeOptions': options, 'goog:loggingPrefs': {'browser': 'ALL'}}
        answer = self._ask('POST', '/session', {'capabilities': {'alwaysMatch': wanted}})
        self.session = f'/session/{answer["sessionId"]}'

    def _ask(self, method, path, content=None):
        data = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(self.driver + path, data, {'Content-Type': 'application/json'}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)['value']
        except urllib.error.HTTPError as error:
            raise RuntimeError(json.load(error)['value']['message']) from None

    def open(self, path):
        """Opens a page of ours and waits until its model has looked."""
        self._ask('POST', self.session + '/url', {'url': path.resolve().as_uri()})
        self.wait('state.episode.length')

    def run(self, script, *arguments):
        """What a JavaScript function's body returns."""
        return self._ask('POST', self.session + '/execute/sync', {'script': script, 'args': arguments})

    def wait(self, condition, seconds=30):
        """Waits until a JavaScript expression is true."""
        end = time.monotonic() + seconds
        while not self.run(f'return Boolean({condition})'):
            assert time.monotonic() < end, f'{condition} did not become true'
            time.sleep(0.02)

    def settle(self):
        """Waits until the page has drawn what is new."""
        self.wait('!frame && !stale')

    def click(self, selector):
        self._ask('POST', f'{self.session}/element/{self._find(selector)}/click', {})

    def type(self, selector, keys):
        self._ask('POST', f'{self.session}/element/{self._find(selector)}/value', {'text': keys})

    def text(self, selector):
        return self._ask('GET', f'{self.session}/element/{self._find(selector)}/text')

    def draw(self, selector, *lines):
        """Presses the mouse, moves it along each line of points [0, 1]^2 of an element, and lets it go."""
        self.run('document.querySelector(arguments[0]).scrollIntoView({block: "center"})', selector)
        box = self.run('const box = document.querySelector(arguments[0]).getBoundingClientRect();'
                       'return [box.left, box.top, box.width, box.height]', selector)
        actions = []
        for line in lines:
            moves = [dict(type='pointerMove', duration=10, origin='viewport', x=round(box[0] + x * box[2]),
                          y=round(box[1] + y * box[3])) for x, y in line]
            actions += [moves[0], dict(type='pointerDown', button=0), *moves[1:], dict(type='pointerUp', button=0)]
        self._ask('POST', self.session + '/actions', {'actions': [
            dict(type='pointer', id='mouse', parameters=dict(pointerType='mouse'), actions=actions)]})

    def screenshot(self):
        """Bytes of a PNG of what the window shows."""
        return base64.b64decode(self._ask('GET', self.session + '/screenshot'))

    def devtools(self, command, **parameters):
        """Calls the browser's own protocol."""
        return self._ask('POST', self.session + '/goog/cdp/execute', dict(cmd=command, params=parameters))

    def complaints(self):
        """What the console has said since the last call."""
        return [entry['message'] for entry in self._ask('POST', self.session + '/se/log', {'type': 'browser'})]

    def _find(self, selector):
        found = self._ask('POST', self.session + '/element', dict(using='css selector', value=selector))
        return found[ELEMENT]


@contextlib.contextmanager
def browser(size=(1280, 1000)):
    """A Browser as long as the context lasts; skips the test where there is none."""
    if not shutil.which('chromium') or not shutil.which('chromedriver'):
        pytest.skip('no chromium: apt-get install chromium chromium-driver')
    driver = subprocess.Popen(['chromedriver', '--port=0'], stdout=subprocess.PIPE, text=True)
    try:
        for line in driver.stdout:
            if 'on port' in line and 'successfully' in line:
                port = int(line.rstrip().rstrip('.').rsplit(' ', 1)[1])
                break
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
            tab = Browser(f'http://127.0.0.1:{port}', profile, size)
            try:
                yield tab
            finally:
                tab._ask('DELETE', tab.session)
    finally:
        driver.terminate()
        driver.wait()
