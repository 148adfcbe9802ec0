"""Rules for numbers between JSON and TCE: what fits a type, and what JavaScript would read as another number."""

import math
import re
from collections.abc import Callable
from decimal import Decimal
from struct import Struct

from rtserver.base.wire.client_message import MAX_SAFE_INTEGER
from rtserver.rpc.misfit import Misfit
from tcelib.tmake.model import Builtin

WHOLE = {
    Builtin.BYTE: (0, 2**8 - 1),
    Builtin.SHORT: (-(2**15), 2**15 - 1),
    Builtin.INT: (-(2**31), 2**31 - 1),
    Builtin.LONG: (-(2**63), 2**63 - 1),
}
"""Least and greatest number of each whole type."""
_DECIMAL = re.compile(r"0|-?[1-9][0-9]{0,18}", re.ASCII)
_single = Struct(">f")
Check = Callable[[object], int | float]


def whole_number(type_: Builtin) -> Check:
    """Return the check for a whole type. A ``long`` may be a text of decimal digits, and must be one beyond 2^53."""
    least, most = WHOLE[type_]

    def check(value: object) -> int:
        if type(value) is not int:
            if type_ is not Builtin.LONG or type(value) is not str:
                raise Misfit("must be a whole number")
            return whole_number_of(value, type_)
        if not least <= value <= most:
            raise Misfit(f"must be from {least} to {most}")
        if abs(value) > MAX_SAFE_INTEGER:
            raise Misfit("is beyond 2^53, so it must be a text: JavaScript would have rounded the number")
        return value

    return check


def whole_number_of(text: str, type_: Builtin) -> int:
    """Return the number that a text says in decimal digits. Raises ``Misfit`` for any other spelling."""
    least, most = WHOLE[type_]
    if _DECIMAL.fullmatch(text) is None or not least <= int(text) <= most:
        raise Misfit(f"must be from {least} to {most}, in decimal digits")
    return int(text)


def floating_number(type_: Builtin) -> Check:
    """Return the check for a ``float`` or a ``double``."""

    def check(value: object) -> float:
        if type(value) is not float:
            if type(value) is not int:
                raise Misfit("must be a number")
            value = exact_float(value)
        if not math.isfinite(value) or (type_ is Builtin.FLOAT and not _fits_single(value)):
            raise Misfit(f"is too large for a {type_}")
        return value

    return check


def safe(value: int) -> int | str:
    """Return a ``long`` as every client reads it exactly: a text beyond 2^53."""
    return value if -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER else str(value)


def exact_float(value: int) -> float:
    """Return a whole number as a double. Raises ``Misfit`` for one with more digits than a double keeps.

    JavaScript writes the shortest digits that mean a double, and zeros behind them: 2^66 is 73786976294838210000.
    """
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if number != value and (math.isinf(number) or int(Decimal(repr(number))) != value):
        raise Misfit("has more digits than a double keeps")
    return number


def _fits_single(value: float) -> bool:
    try:
        _single.pack(value)
    except OverflowError:
        return False
    return True
