"""IndicatorLine: the port of an indicator, built in or plugged in: its name, parameters, outputs and numbers."""

import copy
from abc import ABC, abstractmethod
from typing import Any, ClassVar, Final, Literal, NamedTuple, TypeAlias

from rtserver.market.market_bar import Bar
from rtserver.market.number import Number

MAX_PARAMETER = 1000

FADED: Final = 40
"""Periods after which a value weighs nothing in a fading average, for a float: at most e to the -40."""

WHOLE_GROUP: Final = -1
"""The ``reach`` of an indicator that begins anew with each group of bars, and depends on all of the group."""

PRICE: Final = "price"
"""The axis of prices."""

Kind: TypeAlias = Literal["line", "bar", "scatter"]
Cells: TypeAlias = tuple[Number | None, ...]


class Parameter(NamedTuple):
    """One parameter, with its bounds. A number that is no integer has at most two decimals."""

    name: str
    default: Number
    least: Number = 1
    most: Number = MAX_PARAMETER
    is_integer: bool = True


class Output(NamedTuple):
    """One column: what its name adds to the indicator's text, the axis that it is drawn on, and how.

    ``axis`` is ``PRICE`` or a name of the indicator's own; ``suffix`` is empty or begins with "/".
    """

    suffix: str = ""
    axis: str = PRICE
    kind: Kind = "line"


class IndicatorLine(ABC):
    """One indicator in progress. Bars come in order, and a cell for each of ``outputs`` goes out.

    A cell is None as long as too few bars are there, and where the formula has no value. A plug-in is such a class.
    It declares ``name``, and ``parameters``, ``outputs`` and ``title`` where the defaults do not fit.
    """

    name: ClassVar[str]
    title: ClassVar[str] = ""
    """Text of a menu beside the name."""
    merges: ClassVar[bool] = False
    """True if one bar, merged from several, changes the state as these would: what a group has before the ticks at
    hand is given as one bar."""
    parameters: ClassVar[tuple[Parameter, ...]] = ()
    outputs: ClassVar[tuple[Output, ...]] = (Output(),)

    def __init__(self, *params: Number) -> None:  # noqa: B027 (a line without state does no more)
        """Begin a line. ``params`` are within the bounds of ``parameters``, and ``check`` has no objection."""

    @classmethod
    def check(cls, *params: Number) -> str | None:
        """Return the rule that parameters break together, fit for the client, or None."""
        return None

    @property
    def reach(self) -> int | None:
        """Number of bars, the newest included, that a cell depends on; ``WHOLE_GROUP``; or None: it never forgets.

        Cells of a cut history are None until that many bars are there. Too small a number is wrong in silence.
        """
        return None

    @abstractmethod
    def step(self, bar: Bar) -> Cells:
        """Take the next bar, which is finished, and return its cells."""

    def peek(self, bar: Bar) -> Cells:
        """Return the cells as if ``bar`` were the next one, and leave the state as it is: the bar still grows."""
        state = self.snapshot()
        try:
            return self.step(bar)
        finally:
            self.restore(state)

    def snapshot(self) -> Any:
        """Return the state. No later step changes what was returned."""
        return copy.deepcopy(vars(self))

    def restore(self, state: Any) -> None:
        """Go back to a state that ``snapshot`` returned. It may be restored again."""
        vars(self).update(copy.deepcopy(state))
