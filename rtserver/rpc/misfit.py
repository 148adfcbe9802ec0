"""Misfit: a value of JSON that does not fit the type that the IDL says."""

from typing import NoReturn

LONGEST_SHOWN = 64
"""Characters of a client's own words that an error repeats."""


class Misfit(Exception):  # noqa: N818 (named as what it is, as BadMessage is)
    """``problem`` follows the path to the value, which grows from its end while the error passes the containers."""

    def __init__(self, problem: str, path: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.path = path

    def __str__(self) -> str:
        return f"{self.path} {self.problem}"

    def within(self, step: str) -> NoReturn:
        """Raise the error again, one container further out."""
        self.path = step + self.path
        raise self


def shown(text: str) -> str:
    """Return a client's own words, in quotes and not too long."""
    return repr(text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…")
