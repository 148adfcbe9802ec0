"""XML as a tree whose elements know their place. Document type declarations are refused, and with them entities."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from xml.parsers import expat

from tcelib.gateway.config.finding import Findings, Place, quoted

MOST_BYTES = 1 << 20
MOST_ELEMENTS = 20_000


@dataclass(slots=True)
class Element:
    """One element. Its text is left out: no configuration is in it."""

    name: str
    attributes: dict[str, str]
    place: Place
    children: list["Element"] = field(default_factory=list)

    def inner(self, known: Sequence[str], findings: Findings) -> Iterator["Element"]:
        """Yield the elements of ``known`` names below this one. Others are warnings, and are looked into."""
        waiting = self.children[::-1]
        while waiting:
            element = waiting.pop()
            if element.name in known:
                yield element
            else:
                findings.warn(element.place, f"unknown element <{element.name}> in <{self.name}>")
                waiting += element.children[::-1]

    def fields(
        self, findings: Findings, *, required: Sequence[str] = (), optional: Sequence[str] = ()
    ) -> dict[str, str]:
        """Return the attributes of these names, '' for those that are missing.

        A missing ``required`` one is an error, as is an empty one; one of another name is a warning.
        """
        for name in self.attributes:
            if name not in required and name not in optional:
                findings.warn(self.place, f"unknown attribute {name} of <{self.name}>")
        values = {name: self.attributes.get(name, "").strip() for name in (*required, *optional)}
        for name in required:
            if not values[name]:
                findings.error(self.place, f"<{self.name}> has no {name}")
        return values


def only(name: str, elements: Sequence[Element], findings: Findings) -> Element | None:
    """Return the first of ``elements`` with ``name``. Each further one is a warning."""
    found = [element for element in elements if element.name == name]
    for element in found[1:]:
        findings.warn(element.place, f"a second <{name}> is not read")
    return found[0] if found else None


class _RefusedError(Exception):
    """The document is not read any further."""


class _Builder:
    """Builds the tree of one document."""

    def __init__(self) -> None:
        self.root: Element | None = None
        self._open: list[Element] = []
        self._count = 0
        self._parser = parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = self._refuse_doctype

    @property
    def place(self) -> Place:
        """The place that is being read."""
        return Place(self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber + 1)

    def parse(self, data: bytes) -> None:
        """Read the whole document. Raises ``ExpatError``, ``_RefusedError``, and what codecs raise."""
        self._parser.Parse(data, True)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MOST_ELEMENTS:
            raise _RefusedError(f"more than {MOST_ELEMENTS} elements")
        element = Element(name, attributes, self.place)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)

    def _end(self, _name: str) -> None:
        self._open.pop()

    def _refuse_doctype(self, *_: object) -> None:
        raise _RefusedError("document type declarations (<!DOCTYPE>) are refused")


def read_xml(data: bytes, findings: Findings) -> Element | None:
    """Return the root of a document; None, and an error, if it is none."""
    if len(data) > MOST_BYTES:
        findings.error(Place(1, 1), f"{len(data)} bytes; at most {MOST_BYTES} are read")
        return None
    builder = _Builder()
    try:
        builder.parse(data)
    except expat.ExpatError as error:
        findings.error(Place(error.lineno, error.offset + 1), f"no XML: {expat.ErrorString(error.code)}")
    except _RefusedError as error:
        findings.error(builder.place, str(error))
    except (LookupError, ValueError) as error:
        findings.error(Place(1, 1), f"an encoding that cannot be read: {quoted(str(error))}")
    else:
        return builder.root
    return None
