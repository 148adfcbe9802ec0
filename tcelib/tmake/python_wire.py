"""Generated readers and writers: which bytes are packed together, and the checks before anything is read.

Fields of fixed size that follow each other are one run, packed and unpacked at once. The length of a string and the
count of a sequence or dictionary belong to the run before their contents. TCE protocol, section 3.
"""

from dataclasses import dataclass, field
from functools import cache
from typing import Protocol, TypeAlias

from tcelib.tmake.model import Builtin, Dictionary, Struct, Type
from tcelib.tmake.model import Sequence as SequenceType

CODES = {
    Builtin.BYTE: "B",
    Builtin.BOOL: "?",
    Builtin.SHORT: "h",
    Builtin.INT: "i",
    Builtin.LONG: "q",
    Builtin.FLOAT: "f",
    Builtin.DOUBLE: "d",
}
SIZES = {"B": 1, "?": 1, "h": 2, "i": 4, "q": 8, "f": 4, "d": 8, "I": 4}
COUNT = "I"
MAX_INLINE = 64
"""More fixed fields than this are not taken out of a struct into the run of the one that contains it."""


@cache
def fixed_codes(type_: Type) -> str | None:
    """The codes of ``struct`` for a type whose values all have one size and that may be part of a run, else None."""
    match type_:
        case Builtin():
            return CODES.get(type_)
        case Struct(members=members):
            codes = [fixed_codes(member.type) for member in members]
            whole = "".join(code for code in codes if code is not None)
            return whole if None not in codes and len(whole) <= MAX_INLINE else None
        case _:
            return None


def size_of(codes: str) -> int:
    return sum(SIZES[code] for code in codes)


@cache
def least_size(type_: Type) -> int:
    """The fewest bytes a value takes: what a count must be worth before anything is made for it."""
    match type_:
        case Builtin():
            return SIZES[CODES.get(type_, COUNT)]
        case Struct(members=members):
            return sum(least_size(member.type) for member in members)
        case _:
            return SIZES[COUNT]


@dataclass(slots=True)
class Run:
    """Fields of fixed size: a code for each, and what is packed for it (writing) or named by it (reading)."""

    codes: str = ""
    items: list[str] = field(default_factory=list)

    def add(self, code: str, item: str) -> None:
        self.codes += code
        self.items.append(item)


@dataclass(frozen=True, slots=True)
class Blob:
    """A string or bytes. ``item`` is the value, ``size`` the name of its size when it is read."""

    item: str
    size: str
    is_text: bool


@dataclass(frozen=True, slots=True)
class Elements:
    """A sequence or dictionary behind its count."""

    item: str
    count: str
    type: SequenceType | Dictionary


@dataclass(frozen=True, slots=True)
class Nested:
    """A struct that has a reader and writer of its own."""

    item: str
    type: Struct


Step: TypeAlias = Run | Blob | Elements | Nested


class Steps:
    """The steps that fields make, one after another. A run is never followed by a run."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def put(self, code: str, item: str) -> None:
        if not (self.steps and isinstance(self.steps[-1], Run)):
            self.steps.append(Run())
        run = self.steps[-1]
        assert isinstance(run, Run)
        run.add(code, item)

    def add(self, step: Blob | Elements | Nested) -> None:
        self.steps.append(step)


class Vocabulary(Protocol):
    """Names that a reader or writer uses from outside, and names that it must not hide."""

    @property
    def taken(self) -> frozenset[str]:
        """The names of the module."""

    def format(self, codes: str) -> str:
        """The ``struct.Struct`` of these codes."""

    def constructor_of(self, struct: Struct) -> str:
        """Return the constructor of a struct."""

    def reader_of(self, type_: Struct | SequenceType | Dictionary) -> str:
        """The function that reads a value; for a sequence or dictionary, one behind its count."""

    def writer_of(self, type_: Struct | SequenceType | Dictionary) -> str:
        """The function that writes a value; for a sequence or dictionary, without its count."""
