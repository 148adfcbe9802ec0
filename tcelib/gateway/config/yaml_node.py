"""YAML as nodes that know their place, by PyYAML's safe loader. Scalars stay the text that was written."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from tcelib.gateway.config.finding import Findings, Place, quoted

MOST_BYTES = 1 << 20
MOST_ITEMS = 10_000
"""Of one list or mapping: aliases repeat a long one in little space."""
DEEPEST = 50
"""Lists and mappings in brackets within one another. PyYAML takes seconds for hundreds."""
TOO_DEEP = "lists and mappings too deep within one another"
_NULL, _MERGE = "tag:yaml.org,2002:null", "tag:yaml.org,2002:merge"
_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}"
    for name in ("bool", "float", "int", "map", "merge", "null", "seq", "str", "timestamp", "value")
)


@dataclass(frozen=True, slots=True)
class Item:
    """One node of a document. What is wrong with it becomes a finding; ``what`` names it there."""

    _node: Any

    @property
    def place(self) -> Place:
        """Place at which it begins."""
        return _place(self._node.start_mark)

    def text(self, what: str, findings: Findings) -> str:
        """Return the text of a scalar as it was written; '' for null."""
        if not isinstance(self._node, yaml.ScalarNode):
            findings.error(self.place, f"{what} is a text, not a list or a mapping")
            return ""
        self._check_tag(findings)
        return "" if self._node.tag == _NULL else str(self._node.value)

    def sequence(self, what: str, findings: Findings) -> "list[Item]":
        """Return the items of a list; an empty one for null."""
        if isinstance(self._node, yaml.SequenceNode):
            self._check_tag(findings)
            if len(self._node.value) > MOST_ITEMS:
                findings.error(self.place, f"{what} has more than {MOST_ITEMS} items")
            return [Item(node) for node in self._node.value[:MOST_ITEMS]]
        if self._node.tag != _NULL:
            findings.error(self.place, f"{what} is a list: lines that begin with -")
        return []

    def mapping(self, what: str, findings: Findings) -> "dict[str, Item]":
        """Return the values of a mapping by key; an empty one for null. ``<<`` is followed."""
        if isinstance(self._node, yaml.MappingNode):
            self._check_tag(findings)
            return self._values(what, findings)
        if self._node.tag != _NULL:
            findings.error(self.place, f"{what} is a mapping: lines of key: value")
        return {}

    def _values(self, what: str, findings: Findings) -> "dict[str, Item]":
        values: dict[str, Item] = {}
        for key, value, is_own in self._pairs(findings):
            if not isinstance(key, yaml.ScalarNode):
                findings.error(_place(key.start_mark), f"a key of {what} is a text")
            elif key.value not in values and len(values) < MOST_ITEMS:
                values[key.value] = Item(value)
            elif is_own:
                findings.error(_place(key.start_mark), f"{quoted(key.value)} a second time in {what}")
        return values

    def _pairs(self, findings: Findings) -> Iterator[tuple[Any, Any, bool]]:
        """Yield key, value and whether they are this mapping's own: those first, then those that it takes over."""
        waiting, seen = [self._node], set()
        while waiting:
            node = waiting.pop(0)
            if id(node) in seen:
                continue  # one that takes over itself, too
            seen.add(id(node))
            if isinstance(node, yaml.SequenceNode):
                waiting[:0] = node.value[:MOST_ITEMS]
            elif isinstance(node, yaml.MappingNode):
                for key, value in node.value:
                    if key.tag == _MERGE:
                        waiting.append(value)
                    else:
                        yield key, value, node is self._node
            else:
                findings.error(_place(node.start_mark), "<< takes over mappings only")

    def _check_tag(self, findings: Findings) -> None:
        if self._node.tag not in _TAGS:
            findings.error(self.place, f"unknown tag {quoted(self._node.tag)}")


class _Loader(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML has no types
    """PyYAML's safe loader, with a bound for brackets."""

    def fetch_flow_collection_start(self, token_class: Any) -> None:
        """Called by the scanner for each bracket that opens."""
        if self.flow_level >= DEEPEST:
            raise yaml.MarkedYAMLError(problem=TOO_DEEP, problem_mark=self.get_mark())
        super().fetch_flow_collection_start(token_class)


def read_yaml(data: bytes, findings: Findings) -> Item | None:
    """Return the one document in ``data``; None, and an error, if there is none."""
    if len(data) > MOST_BYTES:
        findings.error(Place(1, 1), f"{len(data)} bytes; at most {MOST_BYTES} are read")
        return None
    try:
        loader = _Loader(data)
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        findings.error(Place(1, 1) if mark is None else _place(mark), f"no YAML: {error.problem or error.context}")
    except yaml.YAMLError as error:
        findings.error(Place(1, 1), f"no YAML: {quoted(str(error))}")
    except RecursionError:
        findings.error(Place(1, 1), f"no YAML: {TOO_DEEP}")
    else:
        if node is None:
            findings.error(Place(1, 1), "the file is empty")
        return None if node is None else Item(node)
    return None


def _place(mark: Any) -> Place:
    return Place(mark.line + 1, mark.column + 1)
