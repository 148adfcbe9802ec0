"""The versions of Django that rtserver is tested with. A test compares them with ``requirements.txt``."""

OLDEST = (4, 2)
NEWEST = (6, 0)


def maybe_complaint(version: tuple[int, int], said: str) -> str | None:
    """Return a sentence about a Django outside the range; None within it. ``said`` is its whole version."""
    if OLDEST <= version <= NEWEST:
        return None
    which = "older" if version < OLDEST else "newer"
    ends = " to ".join(f"{major}.{minor}" for major, minor in (OLDEST, NEWEST))
    return f"the site's Django is {said}, {which} than what rtserver is tested with: {ends}"
