"""Downloads a file from the first mirror that has the right one."""
import http.client
import os
import urllib.request

import filelock

CHUNK = 1 << 20


def fetch(urls, target, check, otherwise='', timeout=20, largest=64 << 20):
    """Downloads ``target`` unless every mirror fails.  A file that did not pass its check never bears its name.

    Several processes may ask for the same file: one downloads it, the others wait and find it there.

    Args:
        urls: the mirrors' addresses, tried in turn.
        target: path of the file; its folder is made if need be.
        check: called with a path; raises ValueError if the file there is not the right one.
        otherwise: what else the user could do; ends the error's message.
        timeout: seconds that a mirror may be silent.
        largest: bytes that a file may have; what is longer is not the right one.

    Returns:
        ``target``.

    Raises:
        FileNotFoundError: no mirror had the right file; says what is missing, where it goes and why it failed.
    """
    part = target.with_name(f'.part-{target.name}')
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
    """Tries the mirrors until ``target`` is there.  Gives what went wrong."""
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
    """Writes what an address answers to a file; ValueError if it is too long or not as long as announced."""
    with urllib.request.urlopen(url, timeout=timeout) as answer, open(path, 'wb') as file:
        received, announced = 0, answer.length
        while chunk := answer.read(CHUNK):
            received += len(chunk)
            if received > largest:
                raise ValueError(f'more than {largest} bytes')
            file.write(chunk)
    if announced is not None and received != announced:
        raise ValueError(f'ended after {received} of {announced} bytes')
