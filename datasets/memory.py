"""How much memory this computer has."""
import math
import os


def total():
    """Bytes of the computer's memory; infinite if this system does not say."""
    try:
        return os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES')
    except (AttributeError, OSError, ValueError):
        return math.inf
