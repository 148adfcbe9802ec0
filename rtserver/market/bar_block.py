"""BarBlock: bars as compact bytes, without loss. Pure.

A text of blocks is any number of blocks, one behind another; where two of them have a bar of the same label, the
later block counts. So a bar is added, or corrected, by bytes at the end.

    block    length of the rest (4 bytes, little-endian), then a msgpack array: version, number of rows, 9 columns
    column   a value that all rows have, or ``true`` for the values of the column before it, or an array: see
             ``block_column``

Minute bars of a trading day take about 24 bytes a row, those with arbitrary doubles up to 52.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import msgspec

from rtserver.market.block_column import BlockError, Column, Value, are_identical, packed_column, unpacked_column
from rtserver.market.market_bar import Bar

VERSION = 1
MOST_ROWS = 100_000
"""Rows of one block: every second of a day fits. A block of constants needs no bytes for its rows."""

_COLUMNS = ("label", "time", "group", "open", "close", "low", "high", "volume", "turnover")
_LENGTH = struct.Struct("<I")


class _Block(msgspec.Struct, array_like=True, frozen=True):
    version: int
    rows: int
    columns: list[bool | int | float | str | Column | None]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Block).decode


def encode_bars(bars: Sequence[Bar]) -> bytes:
    """Return the block of some bars; no bytes for none. Raises ``ValueError`` for more than ``MOST_ROWS``."""
    if not bars:
        return b""
    if len(bars) > MOST_ROWS:
        raise ValueError(f"{len(bars)} bars are more than the {MOST_ROWS} of a block")
    columns = [[getattr(bar, name) for bar in bars] for name in _COLUMNS]
    same = (False, *(are_identical(one, other) for one, other in pairwise(columns)))
    packed = [True if is_same else packed_column(column) for column, is_same in zip(columns, same, strict=True)]
    body = _encode(_Block(VERSION, len(bars), packed))
    return _LENGTH.pack(len(body)) + body


def decode_bars(data: bytes) -> list[Bar]:
    """Return the bars of a text of blocks, in the order of its blocks and rows. Raises ``BlockError``."""
    bars: list[Bar] = []
    for block in _blocks_in(data):
        columns: list[Sequence[Value]] = []
        for column in block.columns:
            columns.append(columns[-1] if column is True and columns else unpacked_column(column, block.rows))
        label, time, group, *prices = columns
        try:
            bars += map(Bar, label, *prices, group, time)
        except TypeError as error:
            raise BlockError(str(error)) from error
    return bars


def count_blocks(data: bytes) -> int:
    """Return the number of blocks in a text of blocks. Raises ``BlockError`` for one that is cut off."""
    return sum(1 for _ in _bodies_in(data))


def merged_bars(bars: Iterable[Bar]) -> list[Bar]:
    """Return bars in ascending order of their labels, the last one of each label. Labels are of one type."""
    newest = {bar.label: bar for bar in bars}
    return [newest[label] for label in sorted(newest)]


def _bodies_in(data: bytes) -> Iterator[memoryview]:
    view, place = memoryview(data), 0
    while place < len(view):
        if place + _LENGTH.size > len(view):
            raise BlockError("the bytes end within the length of a block")
        (length,) = _LENGTH.unpack_from(view, place)
        place += _LENGTH.size
        if place + length > len(view):
            raise BlockError("the bytes end within a block")
        yield view[place : place + length]
        place += length


def _blocks_in(data: bytes) -> Iterator[_Block]:
    for body in _bodies_in(data):
        try:
            block = _decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise BlockError(str(error)) from error
        if block.version != VERSION:
            raise BlockError(f"version {block.version} of a block is unknown")
        if not 0 < block.rows <= MOST_ROWS or len(block.columns) != len(_COLUMNS):
            raise BlockError(f"a block of {block.rows} rows and {len(block.columns)} columns")
        yield block
