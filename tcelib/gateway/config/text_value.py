"""Numbers, flags and lists as both kinds of files write them."""

import re

from tcelib.gateway.config.finding import Findings, Place, quoted

_DIGITS = re.compile(r"[0-9]{1,10}", re.ASCII)
_SECONDS = re.compile(r"[0-9]{1,10}(?:\.[0-9]{1,9})?", re.ASCII)
FLAGS = {"true": True, "false": False}


class TextValues:
    """Reads values; one that is none is an error at its place, and the default counts meanwhile."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings

    def whole(self, text: str, what: str, place: Place, most: int, otherwise: int = 0) -> int:
        """Return a number from 0 to ``most``."""
        if _DIGITS.fullmatch(text) and int(text) <= most:
            return int(text)
        if text:
            self._findings.error(place, f"{what} is a number from 0 to {most}, not {quoted(text)}")
        return otherwise

    def seconds(self, text: str, what: str, place: Place, most: float, otherwise: float) -> float:
        """Return a number of seconds, more than 0."""
        if _SECONDS.fullmatch(text) and 0 < float(text) <= most:
            return float(text)
        if text:
            self._findings.error(place, f"{what} is more than 0 and at most {most:g} seconds, not {quoted(text)}")
        return otherwise

    def flag(self, text: str, what: str, place: Place, *, otherwise: bool) -> bool:
        """Return whether ``text`` is 'true'; it may be 'false', and no other word."""
        if text not in FLAGS and text:
            self._findings.error(place, f"{what} is true or false, not {quoted(text)}")
        return FLAGS.get(text, otherwise)


def words_of(text: str) -> tuple[str, ...]:
    """Return the parts between commas, without spaces around them; nothing of empty ones."""
    return tuple(word for part in text.split(",") if (word := part.strip()))
