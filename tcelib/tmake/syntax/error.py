"""What can be wrong with an IDL: one class per cause, each a value with its place and the names it is about.

    Problem
      Mistake                  said as an error; the exit status is 1
        FileNotReadable
        SyntaxProblem
        DuplicateName          ReservedName          NameClash
        UnknownType            UnknownModule         DeclaredLater      NotAType      NotAnInterface
        VoidValue              BadDictionaryKey      EmptyBody
        RecursiveType          NestedTooDeeply
        CircularInheritance    CircularModules       RedefinedOperation
        BadIndex               IndexOutOfRange       DuplicateIndex     DuplicateAnnotation
        BadIndexList
      Caution                  said as a warning; the output is written all the same
        UnknownAnnotation      IndexCollision        IndexTooHighForSome
        UnknownInIndexList

Nothing here is raised: whoever finds a problem goes on and returns it with the others.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import ClassVar

from tcelib.tmake.syntax.tree import Place


@dataclass(frozen=True, slots=True)
class Problem:
    """``str()`` of it is the line that the user reads."""

    severity: ClassVar[str]
    place: Place

    @property
    def message(self) -> str:
        """What is wrong, in a sentence without its place."""
        raise NotImplementedError(type(self).__name__)

    def __str__(self) -> str:
        return f"{self.place}: {self.severity}: {self.message}"


@dataclass(frozen=True, slots=True)
class Mistake(Problem):
    severity: ClassVar[str] = "error"


@dataclass(frozen=True, slots=True)
class Caution(Problem):
    severity: ClassVar[str] = "warning"


def did_you_mean(name: str, known: Iterable[str], spelled: Mapping[str, str] | None = None) -> str:
    """`` (did you mean 'x'?)`` with the known name that is nearest, or nothing.

    ``spelled`` says how a known name has to be written, where that is not the name alone.
    """
    near = get_close_matches(name, sorted(known), n=1)
    return f" (did you mean '{spelled[near[0]] if spelled else near[0]}'?)" if near else ""


@dataclass(frozen=True, slots=True)
class FileNotReadable(Mistake):
    """A file that was named on the command line or by an import, and cannot be read."""

    file: str
    reason: str

    @property
    def message(self) -> str:
        return f"cannot read '{self.file}': {self.reason}"


@dataclass(frozen=True, slots=True)
class SyntaxProblem(Mistake):
    """Something stands where it cannot; ``expected`` is in words, as ``found`` is."""

    found: str
    expected: tuple[str, ...]

    @property
    def message(self) -> str:
        *others, last = self.expected
        wanted = f"{', '.join(others)} or {last}" if others else last
        return f"expected {wanted}, found {self.found}"


@dataclass(frozen=True, slots=True)
class DuplicateName(Mistake):
    kind: str
    name: str
    first: Place

    @property
    def message(self) -> str:
        return f"{self.kind} '{self.name}' is declared twice, first at {self.first}"


@dataclass(frozen=True, slots=True)
class ReservedName(Mistake):
    name: str

    @property
    def message(self) -> str:
        return f"'{self.name}' is a word of the IDL and cannot name a declaration"


@dataclass(frozen=True, slots=True)
class NameClash(Mistake):
    """Two things have different names in the IDL and would have the same one in a target language."""

    language: str
    name: str
    one: str
    other: str

    @property
    def message(self) -> str:
        return f"in {self.language} both {self.one} and {self.other} are called '{self.name}'"


@dataclass(frozen=True, slots=True)
class UnknownType(Mistake):
    name: str
    hint: str

    @property
    def message(self) -> str:
        return f"unknown type '{self.name}'{self.hint}"


@dataclass(frozen=True, slots=True)
class UnknownModule(Mistake):
    name: str
    hint: str

    @property
    def message(self) -> str:
        return f"unknown module '{self.name}'{self.hint}"


@dataclass(frozen=True, slots=True)
class DeclaredLater(Mistake):
    """Outside of operations an unqualified name means something that stands above."""

    name: str
    module: str
    declared: Place

    @property
    def message(self) -> str:
        return f"'{self.name}' is declared only later, at {self.declared}; write {self.module}::{self.name}"


@dataclass(frozen=True, slots=True)
class NotAType(Mistake):
    name: str

    @property
    def message(self) -> str:
        return f"'{self.name}' is an interface; only structs, sequences, dictionaries and builtin types can be values"


@dataclass(frozen=True, slots=True)
class NotAnInterface(Mistake):
    name: str

    @property
    def message(self) -> str:
        return f"'{self.name}' is no interface and cannot be extended"


@dataclass(frozen=True, slots=True)
class VoidValue(Mistake):
    @property
    def message(self) -> str:
        return "'void' is only for the result of an operation"


@dataclass(frozen=True, slots=True)
class BadDictionaryKey(Mistake):
    name: str

    @property
    def message(self) -> str:
        return f"the key of a dictionary is a builtin type, '{self.name}' is none"


@dataclass(frozen=True, slots=True)
class EmptyBody(Mistake):
    kind: str
    name: str
    wanted: str

    @property
    def message(self) -> str:
        return f"{self.kind} '{self.name}' needs at least one {self.wanted}"


@dataclass(frozen=True, slots=True)
class RecursiveType(Mistake):
    """A value is written whole, with all that it contains, so it would have no end."""

    circle: tuple[str, ...]

    @property
    def message(self) -> str:
        *_, last, first = self.circle
        return (
            f"'{first}' contains itself: {' -> '.join(self.circle)}; values are sent whole: in '{last}' put an id, "
            f"such as an int, in the place of '{first}'"
        )


@dataclass(frozen=True, slots=True)
class NestedTooDeeply(Mistake):
    """What reads and writes values nests as they do."""

    name: str
    limit: int

    @property
    def message(self) -> str:
        return f"'{self.name}' nests types deeper than {self.limit} levels"


@dataclass(frozen=True, slots=True)
class CircularInheritance(Mistake):
    circle: tuple[str, ...]

    @property
    def message(self) -> str:
        return f"'{self.circle[0]}' extends itself: {' -> '.join(self.circle)}"


@dataclass(frozen=True, slots=True)
class CircularModules(Mistake):
    """Interfaces may extend those of another module, but modules are files, and one of them must be loaded first."""

    circle: tuple[str, ...]

    @property
    def message(self) -> str:
        return f"modules extend each other's interfaces in a circle: {' -> '.join(self.circle)}"


@dataclass(frozen=True, slots=True)
class RedefinedOperation(Mistake):
    name: str
    base: str
    first: Place

    @property
    def message(self) -> str:
        return (
            f"operation '{self.name}' is inherited from '{self.base}' (at {self.first}) and cannot be declared again"
        )


@dataclass(frozen=True, slots=True)
class BadIndex(Mistake):
    value: str

    @property
    def message(self) -> str:
        return f"an index is a decimal number, '{self.value}' is none"


@dataclass(frozen=True, slots=True)
class IndexOutOfRange(Mistake):
    kind: str
    name: str
    index: str

    @property
    def message(self) -> str:
        return f"{self.kind} '{self.name}' has index {self.index}; an index is between 0 and 65535"


@dataclass(frozen=True, slots=True)
class DuplicateIndex(Mistake):
    """Two operations of one interface."""

    name: str
    other: str
    index: int

    @property
    def message(self) -> str:
        return f"operation '{self.name}' has index {self.index}, which '{self.other}' has already"


@dataclass(frozen=True, slots=True)
class DuplicateAnnotation(Mistake):
    key: str

    @property
    def message(self) -> str:
        return f"annotation '{self.key}' is given twice"


@dataclass(frozen=True, slots=True)
class BadIndexList(Mistake):
    """A line or an element of an index list file that cannot be understood."""

    reason: str

    @property
    def message(self) -> str:
        return self.reason


@dataclass(frozen=True, slots=True)
class UnknownAnnotation(Caution):
    key: str
    hint: str

    @property
    def message(self) -> str:
        return f"annotation '{self.key}' means nothing here{self.hint}"


@dataclass(frozen=True, slots=True)
class IndexCollision(Caution):
    """Two interfaces that no server can serve together; every module numbers its own from 0."""

    name: str
    other: str
    index: int

    @property
    def message(self) -> str:
        return (
            f"interface '{self.name}' has index {self.index}, as '{self.other}' has: "
            "one server cannot serve both; give one of them [index=...]"
        )


@dataclass(frozen=True, slots=True)
class IndexTooHighForSome(Caution):
    """An index that fits the wire, but not the type in which some runtimes keep it (TCE protocol, section 2)."""

    kind: str
    name: str
    index: int
    limit: int
    languages: str

    @property
    def message(self) -> str:
        return f"{self.kind} '{self.name}' has index {self.index}; {self.languages} carry no more than {self.limit}"


@dataclass(frozen=True, slots=True)
class UnknownInIndexList(Caution):
    name: str
    hint: str

    @property
    def message(self) -> str:
        return f"the index list names '{self.name}', which the IDL does not declare{self.hint}"
