"""What was read of a file slowly is kept in the cache, until the file changes."""
import hashlib
import json
import os

from datasets.picture_cache import cache_folder

VERSION = 1


def kept(path, read):
    """The result of ``read(path)``, from the cache if it was read before.

    Args:
        path: pathlib.Path.
        read: function of a path that returns what JSON can hold; lists, not tuples.

    Raises:
        OSError: the cache cannot be written.
    """
    found, folder = os.stat(path), cache_folder()
    state = [VERSION, str(path.resolve()), found.st_size, found.st_mtime_ns]
    place = folder / f'{_digest(state[1])[:16]}.json'
    try:
        digest, _, text = place.read_text('utf-8').partition('\n')
        content = json.loads(text) if digest == _digest(text) else None
        if content and content[0] == state:
            return content[1]
    except (OSError, ValueError):
        pass  # there is none, or it is damaged
    content = read(path)
    text = json.dumps([state, content])
    part = place.with_suffix(f'.{os.getpid()}.part')
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part.write_text(f'{_digest(text)}\n{text}', 'utf-8')
        os.replace(part, place)
    except OSError as error:
        raise OSError(f'what was read of {path} cannot be kept in --cache {folder}: '
                      f'{error.strerror or error}') from None
    return content


def _digest(text):
    return hashlib.sha256(text.encode('utf-8', 'surrogateescape')).hexdigest()
