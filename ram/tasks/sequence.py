"""What the tasks share whose answer is a sequence of characters, read one after the other."""
from ram.tasks.task import Task, digest, file_line


class SequenceTask(Task):
    """Pictures of texts.  ``config.classes`` are the characters; the end of a text is one label more.

    Sources are uint8 arrays (N, C, size, size), and labels int32 arrays (N, longest + 1): the characters from left to
    right, then the end, which is ``len(config.classes)``, then -1.
    """
    goal = 'sequence'
    unused = 'clutter', 'speed', 'paddle', 'flip'  # mirrored characters are others, or none
    pictures = True


def by_first_character(classes, texts, parts):
    """A fingerprint of pictures of texts; each counts for the character that its text begins with.

    Args:
        classes: the characters.
        texts: list of N str.
        parts: sequence of N bytes or contiguous arrays, what of each picture matters.

    Returns:
        dict by character, see ``Task.fingerprint``.
    """
    found = {character: [] for character in classes}
    for text, part in zip(texts, parts):
        found[text[0]].append(part)
    return {character: [len(mine), digest(*mine)] for character, mine in found.items()}


def line(picture, root):
    """A Labelled below a folder as bytes, without its pixels: its path, its file's size, its text and its boxes."""
    return file_line(picture.path, root, picture.text, picture.boxes)
