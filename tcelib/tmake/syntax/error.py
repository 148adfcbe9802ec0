"""The mistakes that an IDL may hold: one line of the table for each cause.

A cause is an error, with which the exit status is 1, or a warning, with which the output is written all the same.
Nothing here is raised: code that finds a problem goes on and returns it with the others.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum

from tcelib.tmake.syntax.tree import Place


class Severity(Enum):
    """The weight of a problem, in the word that the user reads."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """A cause at a place. ``str()`` of it is the line that the user reads."""

    place: Place
    cause: "Cause"
    message: str

    @property
    def is_mistake(self) -> bool:
        """True if the output cannot be written."""
        return self.cause.severity is Severity.ERROR

    def __str__(self) -> str:
        return f"{self.place}: {self.cause.severity.value}: {self.message}"


@dataclass(frozen=True, slots=True)
class Cause:
    """A kind of problem. ``sentence`` has a field for each value that a problem is about."""

    severity: Severity
    sentence: str

    def at(self, place: Place, *values: object) -> Problem:
        """Return the problem of this kind at ``place``."""
        return Problem(place, self, self.sentence.format(*values))


def did_you_mean(name: str, known: Iterable[str], spelled: Mapping[str, str] | None = None) -> str:
    """`` (did you mean 'x'?)`` with the known name that is nearest, or nothing.

    ``spelled`` says how a known name has to be written, where that is not the name alone.
    """
    near = get_close_matches(name, sorted(known), n=1)
    return f" (did you mean '{spelled[near[0]] if spelled else near[0]}'?)" if near else ""


FILE_NOT_READABLE = Cause(Severity.ERROR, "cannot read '{}': {}")
UNEXPECTED = Cause(Severity.ERROR, "expected {}, found {}")

# Names.
DUPLICATE_NAME = Cause(Severity.ERROR, "{} '{}' is declared twice, first at {}")
RESERVED_NAME = Cause(Severity.ERROR, "'{}' is a word of the IDL and cannot name a declaration")
NAME_CLASH = Cause(Severity.ERROR, "in {0} both {2} and {3} are called '{1}'")  # in a target language, not in the IDL
UNKNOWN_TYPE = Cause(Severity.ERROR, "unknown type '{}'{}")
UNKNOWN_MODULE = Cause(Severity.ERROR, "unknown module '{}'{}")
# Outside of operations an unqualified name means a declaration above it.
DECLARED_LATER = Cause(Severity.ERROR, "'{0}' is declared only later, at {2}; write {1}::{0}")

# Types.
NOT_A_TYPE = Cause(
    Severity.ERROR, "'{}' is an interface; only structs, sequences, dictionaries and builtin types can be values"
)
NOT_AN_INTERFACE = Cause(Severity.ERROR, "'{}' is no interface and cannot be extended")
VOID_VALUE = Cause(Severity.ERROR, "'void' is only for the result of an operation")
BAD_DICTIONARY_KEY = Cause(Severity.ERROR, "the key of a dictionary is a builtin type, '{}' is none")
EMPTY_BODY = Cause(Severity.ERROR, "{} '{}' needs at least one {}")
# A value is written whole, with all that it contains, so it would have no end.
RECURSIVE_TYPE = Cause(
    Severity.ERROR,
    "'{0}' contains itself: {1}; values are sent whole: in '{2}' put an id, such as an int, in the place of '{0}'",
)
NESTED_TOO_DEEPLY = Cause(Severity.ERROR, "'{}' nests types deeper than {} levels")  # as their readers would

# Interfaces.
CIRCULAR_INHERITANCE = Cause(Severity.ERROR, "'{}' extends itself: {}")
# Interfaces may extend those of another module, but modules are files, and one of them must be loaded first.
CIRCULAR_MODULES = Cause(Severity.ERROR, "modules extend each other's interfaces in a circle: {}")
REDEFINED_OPERATION = Cause(
    Severity.ERROR, "operation '{}' is inherited from '{}' (at {}) and cannot be declared again"
)

# Indexes and annotations.
BAD_INDEX = Cause(Severity.ERROR, "an index is a decimal number, '{}' is none")
INDEX_OUT_OF_RANGE = Cause(Severity.ERROR, "{} '{}' has index {}; an index is between 0 and 65535")
DUPLICATE_INDEX = Cause(Severity.ERROR, "operation '{0}' has index {2}, which '{1}' has already")
DUPLICATE_ANNOTATION = Cause(Severity.ERROR, "annotation '{}' is given twice")
BAD_INDEX_LIST = Cause(Severity.ERROR, "{}")
UNKNOWN_ANNOTATION = Cause(Severity.WARNING, "annotation '{}' means nothing here{}")
# Every module numbers its interfaces from 0.
INDEX_COLLISION = Cause(
    Severity.WARNING,
    "interface '{0}' has index {2}, as '{1}' has: one server cannot serve both; give one of them [index=...]",
)
# The index fits the wire, but not the type in which some runtimes keep it (TCE protocol, section 2).
INDEX_TOO_HIGH = Cause(Severity.WARNING, "{0} '{1}' has index {2}; {4} carry no more than {3}")
UNKNOWN_IN_INDEX_LIST = Cause(Severity.WARNING, "the index list names '{}', which the IDL does not declare{}")
