"""Pieces of a quote: what a series makes its bars of, ticks or base bars. Pure."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from rtserver.market.market_bar import Bar
from rtserver.market.number import Number
from rtserver.service.quote.bar_maker import BarMaker, Piece


class Pieces(Protocol):
    """The ticks of a quote, or its base bars.

    ``are_ticks`` if bars are made of ticks alone: then a tick may be taken when the quote's book has later ones.
    They are ``is_cut`` if some before the first one are not at hand; it ``has_older`` ones
    if those can be read. They have ``lost`` some if who reads the history again gets older ones.
    """

    are_ticks: bool
    lost: bool
    is_cut: bool
    has_older: bool

    @property
    def seq(self) -> int:
        """Number of the quote's ticks so far."""

    def new_bar(self) -> BarMaker:
        """Return a maker of bars."""

    def since(self, begin_ms: Number) -> Iterable[Piece] | None:
        """Return the pieces from a time on, as they are now, whatever comes meanwhile; None if some are gone."""

    def is_whole(self, first: Bar) -> bool:
        """Return True if the first bar lacks nothing, although the pieces are cut."""

    def begins_group(self, first: Bar) -> bool:
        """Return True if nothing that the group of the first bar has before it is missing."""

    def forget(self, begin_ms: Number) -> None:
        """Note that ``since`` will not be asked for pieces before a time."""

    def before(self, begin_ms: Number) -> Bar | None:
        """Return the sum of what the group of a bar has before it; None if that is not known."""


class OlderBars(NamedTuple):
    """Base bars that were read from the history, ascending; the newest may be in the book as well.

    It ``has_older`` ones, or ``is_cut`` if there were some; every bar from the label ``begin`` on is there, or from
    the first one on if that is None.
    """

    bars: Sequence[Bar]
    has_older: bool
    is_cut: bool
    begin: int | None = None
