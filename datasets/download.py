"""Downloads a file from the first mirror that has the correct one."""
import http.client
import os
import urllib.request

import filelock

from datasets.progress import progress

CHUNK = 1 << 18
PART = '.part-'  # before the name of an incomplete file


def fetch(urls, target, check, otherwise='', timeout=20, largest=64 << 20):
    """Downloads ``target``.  The file gets this name only after it passed its check.

    Several processes may request the same file: one downloads it, and the others wait for it.  If stderr is a terminal,
    it shows how much has arrived.

    Args:
        urls: the mirrors' addresses, tried in turn.
        target: path of the file; its folder is created if necessary.
        check: called with a path; raises ValueError if the file there is not the correct one.
        otherwise: an alternative for the user; the last part of the error message.
        timeout: seconds that a mirror may be silent.
        largest: largest size of the file, in bytes; a longer answer is refused.

    Returns:
        ``target``.

    Raises:
        FileNotFoundError: no mirror had the correct file; the message says what is missing, where it belongs and
            why the downloads failed.
    """
    part = target.with_name(PART + target.name)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(target.with_name(f'.lock-{target.name}')):
            failures = [] if target.exists() else _download(urls, target, part, check, timeout, largest)
    except OSError as error:
        raise FileNotFoundError(f'{target} is missing, and its folder cannot be written: {error.strerror}') from None
    if not target.exists():
        ways = ', '.join(filter(None, ['put it there, name its folder with --data or $RAM_DATA', otherwise]))
        raise FileNotFoundError(f'{target} is missing and could not be downloaded ({"; ".join(failures)}): {ways}')
    return target


def _download(urls, target, part, check, timeout, largest):
    """Tries the mirrors until ``target`` exists.  Returns the reasons of the failures."""
    failures = []
    for url in urls:
        try:
            _receive(url, part, timeout, largest)
            check(part)
            os.replace(part, target)
            break
        except (OSError, ValueError, http.client.HTTPException) as error:
            failures.append(f'{url.split("/")[2]}: {getattr(error, "reason", None) or error}')
        finally:
            part.unlink(missing_ok=True)
    return failures


def _receive(url, path, timeout, largest):
    """Downloads an address to a file; ValueError if it is too long or not as long as announced."""
    name = path.name.removeprefix(PART)
    with urllib.request.urlopen(url, timeout=timeout) as answer, open(path, 'wb') as file:
        received, announced = 0, answer.length
        with progress(name, announced, 'B', unit_scale=True) as bar:
            while chunk := answer.read(CHUNK):
                received += len(chunk)
                if received > largest:
                    raise ValueError(f'more than {largest} bytes')
                file.write(chunk)
                bar.update(len(chunk))
    if announced is not None and received != announced:
        raise ValueError(f'ended after {received} of {announced} bytes')
