"""Kinds of keys: which keys hold something else than they should. Redis's error names none."""

from collections.abc import Callable, Mapping

WRONG_KIND = "WRONGTYPE"
"""Redis's word for a key of another kind."""


def wrong_keys(type_of: Callable[[str], bytes], kinds: Mapping[str, str]) -> str:
    """Return the keys that are of another kind than ``kinds`` says, as the end of a sentence; empty for none.

    ``type_of`` is Redis's TYPE of a key.
    """
    found = ((key, type_of(key).decode(), wanted) for key, wanted in kinds.items())
    wrong = [f"{key} is a {kind}, not a {wanted}" for key, kind, wanted in found if kind not in ("none", wanted)]
    return f": {', '.join(wrong)}" if wrong else ""
