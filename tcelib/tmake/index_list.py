"""Index files, TCE protocol, section 5.5: lists that say indexes beside the IDL, and the list that is written.

A list comes as lines, ``module.Interface = INDEX[,EXPOSE]``, or as XML with ``<if>`` and ``<f>``. Annotations count
more than it does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from tcelib.tmake.annotation import index_of
from tcelib.tmake.model import Interface
from tcelib.tmake.syntax.error import BAD_INDEX_LIST, Problem
from tcelib.tmake.syntax.tree import Place


@dataclass(frozen=True, slots=True)
class Entry:
    """Line of a list about an interface (``module.Interface``) or operation (``module.Interface.operation``)."""

    place: Place
    index: int | None
    is_exposed: bool = True


@dataclass(frozen=True, slots=True)
class IndexList:
    """Entries by full name."""

    interfaces: Mapping[str, Entry] = field(default_factory=dict)
    operations: Mapping[str, Entry] = field(default_factory=dict)


def parse_index_list(text: str, file: str, problems: list[Problem]) -> IndexList:
    """The list in ``text``, which is XML if it begins like it."""
    text = text.removeprefix("\ufeff")
    return _parse_xml(text, file, problems) if text.lstrip().startswith("<") else _parse_lines(text, file, problems)


def _parse_lines(text: str, file: str, problems: list[Problem]) -> IndexList:
    interfaces = {}
    for number, line in enumerate(text.splitlines(), start=1):
        place = Place(file, number, 1)
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, equals, said = (part.strip() for part in line.partition("="))
        if not (name and equals and said):
            problems.append(
                BAD_INDEX_LIST.at(place, "a line reads module.Interface = INDEX or module.Interface = INDEX,EXPOSE")
            )
            continue
        index, _, expose = (part.strip() for part in said.partition(","))
        interfaces[name] = Entry(place, index_of(index, "interface", name, place, problems), _is_exposed(expose))
    return IndexList(interfaces)


def _is_exposed(word: str) -> bool:
    return word.lower() not in ("false", "0")


def _parse_xml(text: str, file: str, problems: list[Problem]) -> IndexList:
    parser = expat.ParserCreate()
    interfaces: dict[str, Entry] = {}
    operations: dict[str, Entry] = {}
    current = ""

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal current
        place = Place(file, parser.CurrentLineNumber, parser.CurrentColumnNumber + 1)
        if tag not in ("if", "f"):
            return
        name = attributes.get("name", "")
        if not name:
            problems.append(BAD_INDEX_LIST.at(place, f"<{tag}> has no name"))
            return
        kind, full_name = ("interface", name) if tag == "if" else ("operation", f"{current}.{name}")
        index = index_of(attributes["index"], kind, name, place, problems) if "index" in attributes else None
        if tag == "if":
            current = name
            interfaces[full_name] = Entry(place, index, _is_exposed(attributes.get("delegate_expose", "")))
        else:
            operations[full_name] = Entry(place, index)

    parser.StartElementHandler = start
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        place = Place(file, error.lineno, error.offset + 1)
        problems.append(BAD_INDEX_LIST.at(place, f"no well-formed XML: {expat.ErrorString(error.code)}"))
    return IndexList(interfaces, operations)


def index_table(interfaces: tuple[Interface, ...]) -> str:
    """``ifxdef.txt``: a line for each interface, fit for the ``InterfaceDef`` of a gateway's services.xml."""
    return "".join(f'<if id="{interface.index}" name="{interface.full_name}"/>\n' for interface in interfaces)
