"""Downloads a file from the first mirror that has the right one."""
import os
import shutil
import tempfile
import urllib.error
import urllib.request


def fetch(urls, target, check, otherwise='', timeout=20):
    """Downloads ``target`` unless every mirror fails.  A file that did not pass its check never bears its name.

    Args:
        urls: the mirrors' addresses, tried in turn.
        target: path of the file; its folder is made if need be.
        check: called with a path; raises ValueError if the file there is not the right one.
        otherwise: what else the user could do; ends the error's message.
        timeout: seconds that a mirror may be silent.

    Returns:
        ``target``.

    Raises:
        FileNotFoundError: no mirror had the right file; says what is missing, where it goes and why it failed.
    """
    failures = []
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(suffix=target.suffix, prefix=f'.{target.stem}-', dir=target.parent)
        os.close(handle)
    except OSError as error:
        raise FileNotFoundError(f'{target} is missing, and its folder cannot be written: {error.strerror}') from None
    try:
        for url in urls:
            try:
                with urllib.request.urlopen(url, timeout=timeout) as answer, open(name, 'wb') as file:
                    shutil.copyfileobj(answer, file)
                check(name)
            except (OSError, ValueError, urllib.error.URLError) as error:
                failures.append(f'{url.split("/")[2]}: {getattr(error, "reason", error)}')
            else:
                os.replace(name, target)
                return target
    finally:
        if os.path.exists(name):
            os.remove(name)
    raise FileNotFoundError(f'{target} is missing and could not be downloaded ({"; ".join(failures)}): put it there, '
                            f'name its folder with --data or $RAM_DATA{", " if otherwise else ""}{otherwise}')
