"""What the user is to know of pictures that were read: those left out, those there twice, those scaled."""
from datasets import bit_depth
from datasets.class_folders import composed, few


def remarks(paths, split, stored, places, compared=None, faults=()):
    """Remarks for the user.

    Args:
        paths: list of pathlib.Path, the files of the split.
        split: its name.
        stored: ``datasets.picture_cache.Stored``.
        places: dict of the places of files in ``stored``, by path.
        compared: dict of the files by class, by split, among which the same picture must not be in
            several classes or splits.
        faults: sequence of str, of what was left out for other reasons.

    Returns:
        list of (str, list of str), a heading and its lines.
    """
    reasons = {path: stored.reasons[places[path]] for path in paths}
    left_out = [f'{path}: {reason}' for path, reason in reasons.items() if reason]
    whites = [stored.whites[places[path]] for path, reason in reasons.items() if not reason]
    twins = _twins(compared or {}, lambda path: stored.digests[places[path]])
    heading = f'{len(left_out):,} of {len(paths):,} {split} pictures cannot be read and are left out'
    return [(heading, lines) for heading, lines in [
        (faults and f'damaged rows of the {split} pictures ({len(faults):,})', list(faults)),
        (left_out and heading, left_out),
        (twins and f'pictures in several classes or splits, pixel by pixel ({len(twins):,})', twins),
        (bit_depth.summary(whites, f'{split} pictures'), [])] if heading]


def _twins(files, digest):
    """A text for each picture that is in several classes or splits.

    Args:
        files: dict of the files by class, by split.
        digest: function of a path that returns a str, the same for pictures with the same pixels,
            '' for files that are no pictures.
    """
    owners = {}
    for split, classes in files.items():
        for name, paths in classes.items():
            for path in paths:
                owners.setdefault(digest(path), {}).setdefault((split, composed(name)), path)
    owners.pop('', None)
    return [few([f'{path} ({split})' for (split, _), path in paths.items()])
            for paths in owners.values() if len(paths) > 1]
