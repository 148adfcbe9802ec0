"""Column: one field of the bars of a block, in the fewest bytes that lose nothing. Pure.

    column   a value that all rows have, or an array: kind, decimals, first, step, width, data, missing, whole

A column of the kind ``SCALED`` has whole numbers of ``width`` bytes: a value is (first + step * number) /
10^decimals. One of the kind ``DOUBLES`` has doubles. The width 0 marks values written out as texts, for what neither
of them holds exactly. ``missing`` and ``whole`` are a bit for each row: it has no value; its value is an integer, not
a float.
"""

import math
import struct
from collections.abc import Sequence
from typing import TypeAlias

import msgspec

SCALED, DOUBLES = 0, 1
MOST_DECIMALS = 12
_WIDTHS = ((1, "B"), (2, "H"), (4, "I"), (8, "Q"))
_INT64 = range(-(2**63), 2**63)
_FIRST = 8
_EXACT = 2**53
"""Integers up to here are exact in a double."""

Value: TypeAlias = int | float | str | None


class BlockError(ValueError):
    """Bytes that are no block of bars."""


class Column(msgspec.Struct, array_like=True, frozen=True, omit_defaults=True):
    """Values of a column that differ."""

    kind: int
    decimals: int
    first: int
    step: int
    width: int
    data: bytes | list[str | None]
    missing: bytes | None = None
    whole: bytes | bool = False


def are_identical(one: Sequence[Value], other: Sequence[Value]) -> bool:
    """Return True if two columns have the same values of the same types."""
    return one == other and all(map(_is_identical, one, other))


def _is_identical(one: Value, other: Value) -> bool:
    """Return True for the same value of the same type; 0.0 and -0.0 are two, and NaN is itself."""
    if type(one) is not type(other) or not isinstance(one, float) or not isinstance(other, float):
        return type(one) is type(other) and one == other
    if one == other:
        return one != 0 or math.copysign(1, one) == math.copysign(1, other)
    return math.isnan(one) and math.isnan(other)


def packed_column(values: Sequence[Value]) -> int | float | str | Column | None:
    """Return values, of which there is at least one, in their shortest form."""
    first = values[0]
    is_plain = not isinstance(first, int) or first in _INT64
    if is_plain and all(_is_identical(first, value) for value in values):
        return first
    kinds = set(map(type, values))
    if str in kinds:
        return _texts(values)
    numbers = [value for value in values if value is not None and not isinstance(value, str)]
    missing = _bits([value is None for value in values]) if len(numbers) < len(values) else None
    is_mixed = int in kinds and float in kinds
    whole = _bits([isinstance(number, int) for number in numbers]) if is_mixed else int in kinds
    column = _scaled(numbers, missing, whole) or _doubles(numbers, missing, whole)
    return column or _texts(values)


def _scaled(numbers: Sequence[int | float], missing: bytes | None, whole: bytes | bool) -> Column | None:
    decimals, scaled = (0, numbers) if whole is True else _as_integers(numbers)
    if not scaled or min(scaled) < -_EXACT or max(scaled) > _EXACT:
        return None
    first = int(min(scaled))
    offsets = [int(number) - first for number in scaled]
    step = math.gcd(*offsets) or 1
    largest = max(offsets) // step
    width, code = next((width, code) for width, code in _WIDTHS if largest < 256**width)
    data = struct.pack(f"<{len(offsets)}{code}", *(offset // step for offset in offsets))
    return Column(SCALED, decimals, first, step, width, data, missing, whole)


def _as_integers(numbers: Sequence[int | float]) -> tuple[int, Sequence[int]]:
    """Return decimals, and numbers times 10^decimals, exactly; no numbers if that cannot be."""
    wanted = list(numbers)
    low, high = min(numbers), max(numbers)
    # Most columns have as many decimals as their first values.
    for some in (numbers[:_FIRST], numbers):
        decimals = _decimals_of(some)
        if decimals > MOST_DECIMALS:
            break
        scale = 10**decimals
        if not (low * scale >= -_EXACT and high * scale <= _EXACT) or math.isnan(sum(numbers)):
            break
        scaled = [round(number * scale) for number in numbers]
        # The quotient of two integers is the nearest double, whatever their size.
        if [number / scale for number in scaled] == wanted and not _has_negative_zero(numbers):
            return decimals, scaled
    return 0, ()


def _has_negative_zero(numbers: Sequence[int | float]) -> bool:
    return 0 in numbers and any(number == 0 and math.copysign(1, number) < 0 for number in numbers)


def _decimals_of(numbers: Sequence[int | float]) -> int:
    """Return the digits behind the point that each number needs; more than ``MOST_DECIMALS`` for too many."""
    most = 0
    for number in numbers:
        if isinstance(number, int):
            continue
        text = repr(number)
        if text.endswith(".0"):
            digits = 0 if text != "-0.0" else MOST_DECIMALS + 1
        else:
            digits = len(text) - text.index(".") - 1 if "." in text and "e" not in text else MOST_DECIMALS + 1
        if digits > MOST_DECIMALS:
            return digits
        most = max(most, digits)
    return most


def _doubles(numbers: Sequence[int | float], missing: bytes | None, whole: bytes | bool) -> Column | None:
    if any(isinstance(number, int) and number.bit_length() > 53 for number in numbers):
        return None
    data = struct.pack(f"<{len(numbers)}d", *numbers)
    return Column(DOUBLES, 0, 0, 1, 8, data, missing, whole)


def _texts(values: Sequence[Value]) -> Column:
    texts = [None if value is None else f"s{value}" if isinstance(value, str) else repr(value) for value in values]
    return Column(DOUBLES, 0, 0, 1, 0, texts)


def unpacked_column(column: bool | int | float | str | Column | None, rows: int) -> Sequence[Value]:
    """Return the values of a column. Raises ``BlockError``."""
    if not isinstance(column, Column):
        if isinstance(column, bool):
            raise BlockError("the first column has none before it")
        return [column] * rows
    try:
        return _values_of(column, rows)
    except (struct.error, ValueError, KeyError, OverflowError, StopIteration, RuntimeError) as error:
        raise BlockError(f"a column of {rows} rows: {error}") from error


def _values_of(column: Column, rows: int) -> Sequence[Value]:
    if isinstance(column.data, list):
        if len(column.data) != rows:
            raise BlockError(f"{len(column.data)} texts for {rows} rows")
        return [_value_of(text) for text in column.data]
    absent = _flags(column.missing, rows) if column.missing is not None else []
    numbers = _numbers_of(column, rows - sum(absent), column.data)
    if not absent:
        return numbers
    following = iter(numbers)
    return [None if is_absent else next(following) for is_absent in absent]


def _numbers_of(column: Column, count: int, data: bytes) -> list[int | float]:
    if column.kind == DOUBLES:
        values: list[int | float] = list(struct.unpack(f"<{count}d", data))
    else:
        first, step, scale = column.first, column.step, 10 ** min(max(column.decimals, 0), MOST_DECIMALS)
        offsets = struct.unpack(f"<{count}{dict(_WIDTHS)[column.width]}", data)
        if column.whole is True and scale == 1:
            return [first + step * offset for offset in offsets]
        values = [(first + step * offset) / scale for offset in offsets]
    if column.whole is False:
        return values
    if column.whole is True:
        return list(map(int, values))
    flags = _flags(column.whole, count)
    return [int(value) if is_whole else value for value, is_whole in zip(values, flags, strict=True)]


def _value_of(text: str | None) -> Value:
    if text is None or text.startswith("s"):
        return text and text[1:]
    try:
        return int(text)
    except ValueError:
        return float(text)


def _bits(flags: Sequence[bool]) -> bytes:
    """Return a bit for each flag, the first one highest, behind a bit that is set."""
    number = int("1" + "".join("1" if flag else "0" for flag in flags), 2)
    return number.to_bytes((len(flags) + 8) // 8, "big")


def _flags(bits: bytes, count: int) -> list[bool]:
    digits = bin(int.from_bytes(bits, "big"))[3:]
    if len(digits) != count:
        raise BlockError(f"{len(digits)} flags for {count} values")
    return [digit == "1" for digit in digits]
