"""Addresses of queues and topics, as Qpid's clients write them: ``a;{create:always,node:{type:queue,durable:true}}``.

    address = name ["/" subject] [";" map]
    name    = one or more of: characters but / and ; | "quoted" | 'quoted'
    map     = "{" [word ":" value *("," word ":" value)] "}"
    list    = "[" [value *("," value)] "]"
    value   = word | number | "quoted" | 'quoted' | map | list

Words are letters, digits, ``_``, ``-``, ``+``, ``.`` and ``$``. A comma may stand behind the last entry. They are not
part of AMQP 1.0, whose clients do not read them. Source: *Programming in Apache Qpid*, "Addresses". Pure.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, NoReturn, TypeAlias

from tcelib.queue.error import AddressError

LONGEST_ADDRESS = 4_096
DEEPEST = 16
"""Maps and lists within one another: nobody writes that many, and each takes a frame of Python's stack."""
UNCLOSED = "a quote that is never closed"

Value: TypeAlias = "str | bool | int | float | dict[str, Value] | list[Value] | None"

_NAME = re.compile(r"""\s*((?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^/;"'])*)\s*""", re.DOTALL)
_TOKEN = re.compile(
    r"""\s*(?:(?P<mark>[{}\[\]:,])|(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
    r"""|(?P<word>[A-Za-z0-9_.$+-]+)|(?P<end>\Z))""",
    re.DOTALL,
)
_QUOTED = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_FLOAT = re.compile(r"[+-]?[0-9]{1,19}\.[0-9]{0,19}(?:[eE][+-]?[0-9]{1,2})?")
_CONSTANTS: Mapping[str, bool | None] = {
    "true": True,
    "True": True,
    "false": False,
    "False": False,
    "None": None,
}
_NOT_READ = frozenset({"assert", "delete", "mode", "link"})
_NODE_NOT_READ = frozenset({"x-declare", "x-bindings"})


class NodeType(StrEnum):
    """A queue gives each message to one of its readers, a topic to all of them."""

    QUEUE = "queue"
    TOPIC = "topic"


class Create(StrEnum):
    """The sides that may make a node that does not exist."""

    ALWAYS = "always"
    SENDER = "sender"
    RECEIVER = "receiver"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Address:
    """Address of one node of a broker. ``subject`` is empty if the address has none.

    ``not_read`` names the options that Qpid knows and we do not act upon, such as ``link`` and ``node.x-declare``.
    """

    name: str
    subject: str = ""
    type: NodeType = NodeType.QUEUE
    durable: bool = False
    create: Create = Create.NEVER
    not_read: tuple[str, ...] = ()

    def may_create(self, *, reads: bool) -> bool:
        """Return whether the side that reads, or the one that writes, may make the node."""
        return self.create in (Create.ALWAYS, Create.RECEIVER if reads else Create.SENDER)


class _Token(NamedTuple):
    kind: str
    text: str
    at: int


def parse_address(text: str) -> Address:
    """Return the address that ``text`` writes. Raises ``AddressError`` with the place of the first mistake."""
    if len(text) > LONGEST_ADDRESS:
        raise AddressError(text, LONGEST_ADDRESS, f"longer than {LONGEST_ADDRESS} characters")
    name, at = _read_name(text, 0)
    if not name:
        reasons = {"/": "a name that begins with a slash stands in quotes", '"': UNCLOSED, "'": UNCLOSED}
        raise AddressError(text, at, reasons.get(text[at : at + 1], "no name"))
    subject = ""
    if text[at : at + 1] == "/":
        subject, at = _read_name(text, at + 1)
    if text[at : at + 1] == "/":
        raise AddressError(text, at, "a second slash; names with slashes stand in quotes")
    if at == len(text):
        return Address(name, subject)
    if text[at] != ";":
        raise AddressError(text, at, UNCLOSED)
    return _Options(text, at + 1).address(name, subject)


def _read_name(text: str, at: int) -> tuple[str, int]:
    """Return the name that begins at ``at``, without its quotes, and the place behind it."""
    match = _NAME.match(text, at)
    if match is None:  # the pattern matches nothing as well
        return "", at
    parts = _QUOTED.split(match[1].rstrip())
    return "".join(_unquoted(part) if number % 2 else part for number, part in enumerate(parts)), match.end()


def _unquoted(text: str) -> str:
    return _ESCAPE.sub(r"\1", text[1:-1])


class _Options:
    """Reads the options of one address: tokens to values, and values to the fields of ``Address``."""

    def __init__(self, text: str, at: int) -> None:
        self._text = text
        self._tokens = self._split(at)
        self._next = next(self._tokens)
        self._places: dict[str, int] = {}
        """Path of an option -> its place in the text."""

    def address(self, name: str, subject: str) -> Address:
        """Read everything up to the end of the text."""
        options = self._map("")
        if self._next.kind != "end":
            self._refuse(self._next.at, "something behind the options")
        node = options.pop("node", {})
        if not isinstance(node, dict):
            self._refuse(self._places["node"], "node is a map: {type:queue,durable:true}")
        return Address(
            name,
            subject,
            NodeType(self._one_of(node, "type", NodeType, NodeType.QUEUE, "node.")),
            self._flag(node, "durable", "node."),
            Create(self._one_of(options, "create", Create, Create.NEVER, "")),
            tuple(self._left_over(options, node)),
        )

    def _left_over(self, options: dict[str, Value], node: dict[str, Value]) -> Iterator[str]:
        for path, values, known in (("", options, _NOT_READ), ("node.", node, _NODE_NOT_READ)):
            for key in values:
                if key not in known:
                    self._refuse(self._places[path + key], f"unknown option {path + key!r}")
                yield path + key

    def _one_of(
        self, values: dict[str, Value], key: str, allowed: type[StrEnum], otherwise: StrEnum, path: str
    ) -> str:
        value = values.pop(key, otherwise.value)
        if not isinstance(value, str) or value not in list(allowed):
            self._refuse(self._places[path + key], f"{path + key} is one of {', '.join(allowed)}")
        return value

    def _flag(self, values: dict[str, Value], key: str, path: str) -> bool:
        value = values.pop(key, False)
        if not isinstance(value, bool):
            self._refuse(self._places[path + key], f"{path + key} is true or false")
        return value

    # Tokens to values.

    def _map(self, path: str, depth: int = 1) -> dict[str, Value]:
        self._expect("{", "options are a map: {create:always}")
        values: dict[str, Value] = {}
        while self._next.text != "}" or self._next.kind != "mark":
            key = self._next
            if key.kind not in ("word", "quoted"):
                self._refuse(key.at, "an option's name is expected")
            name = _unquoted(key.text) if key.kind == "quoted" else key.text
            if name in values:
                self._refuse(key.at, f"option {name!r} a second time")
            self._step()
            self._expect(":", f"a colon is expected behind {name!r}")
            self._places.setdefault(path + name, key.at)
            values[name] = self._value(f"{path}{name}.", depth)
            if not self._comma("}"):
                break
        self._expect("}", "a comma or } is expected")
        return values

    def _list(self, depth: int) -> list[Value]:
        self._expect("[", "a list is expected")
        values: list[Value] = []
        while self._next.text != "]" or self._next.kind != "mark":
            values.append(self._value("[].", depth))
            if not self._comma("]"):
                break
        self._expect("]", "a comma or ] is expected")
        return values

    def _value(self, path: str, depth: int) -> Value:
        token = self._next
        if token.kind == "mark" and token.text in ("{", "["):
            if depth == DEEPEST:
                self._refuse(token.at, f"more than {DEEPEST} maps and lists within one another")
            return self._map(path, depth + 1) if token.text == "{" else self._list(depth + 1)
        if token.kind not in ("word", "quoted"):
            self._refuse(token.at, "a value is expected")
        self._step()
        return _unquoted(token.text) if token.kind == "quoted" else _constant(token.text)

    def _comma(self, closing: str) -> bool:
        """Step over a comma; return false if there is none, or if ``closing`` follows."""
        if self._next.kind != "mark" or self._next.text != ",":
            return False
        self._step()
        return self._next.kind != "mark" or self._next.text != closing

    def _expect(self, mark: str, reason: str) -> None:
        if self._next.kind != "mark" or self._next.text != mark:
            self._refuse(self._next.at, reason)
        self._step()

    def _step(self) -> None:
        self._next = next(self._tokens, self._next)

    def _split(self, at: int) -> Iterator[_Token]:
        while True:
            match = _TOKEN.match(self._text, at)
            if match is None or match.lastgroup is None:
                start = at + len(self._text[at:]) - len(self._text[at:].lstrip())
                is_quote = self._text[start] in "\"'"
                self._refuse(start, UNCLOSED if is_quote else "a character that opens nothing")
            yield _Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup))
            if match.lastgroup == "end":
                return
            at = match.end()

    def _refuse(self, at: int, reason: str) -> NoReturn:
        raise AddressError(self._text, at, reason)


def _constant(word: str) -> Value:
    if word in _CONSTANTS:
        return _CONSTANTS[word]
    if _INTEGER.fullmatch(word):
        return int(word)
    return float(word) if _FLOAT.fullmatch(word) else word
