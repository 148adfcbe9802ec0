"""No module leads back to itself by imports: those inside functions and under TYPE_CHECKING count, too."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOPS = {"rtserver": ROOT / "rtserver", "tcelib": ROOT / "tcelib", "rtsite": ROOT / "site" / "rtsite"}


def modules() -> dict[str, Path]:
    """Return the file of each module; a package's is its ``__init__.py``."""
    return {
        ".".join((top, *file.relative_to(folder).with_suffix("").parts)).removesuffix(".__init__"): file
        for top, folder in TOPS.items()
        for file in folder.rglob("*.py")
    }


def names_imported(source: str) -> Iterator[str]:
    """Yield the whole name of each module that a source imports, and of each name that it imports from one."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def graph_of(sources: Mapping[str, str]) -> dict[str, set[str]]:
    """Return the modules of ours that each module imports."""
    return {
        module: {found for name in names_imported(source) if (found := _module_of(name, sources)) is not None}
        for module, source in sources.items()
    }


def _module_of(name: str, known: Iterable[str]) -> str | None:
    """Return the module that a name is, or that it is imported from."""
    return name if name in known else (parent if (parent := name.rpartition(".")[0]) in known else None)


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Return a shortest way from each module of a circle back to itself, one for each set of modules."""
    found: dict[frozenset[str], list[str]] = {}
    for start in sorted(graph):
        way = _way_back(graph, start)
        if way:
            found.setdefault(frozenset(way), way)
    return list(found.values())


def _way_back(graph: Mapping[str, set[str]], start: str) -> list[str]:
    ways = [[start]]
    seen = set()
    for way in ways:
        for module in sorted(graph[way[-1]] - seen):
            if module == start:
                return [*way, start]
            seen.add(module)
            ways.append([*way, module])
    return []


@pytest.mark.parametrize("top", TOPS)
def test_no_import_leads_back_to_where_it_began(top: str) -> None:
    graph = graph_of({module: file.read_text(encoding="utf-8") for module, file in modules().items()})
    found = [circle for circle in circles(graph) if circle[0].partition(".")[0] == top]
    assert not found, "\n".join(" -> ".join(circle) for circle in found)


@pytest.mark.parametrize(
    "source",
    [
        "import tcelib.b",
        "from tcelib import b",
        "from tcelib.b import Name",
        "def late():\n    from tcelib.b import Name",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from tcelib.b import Name",
    ],
)
def test_a_circle_is_named_however_its_imports_are_written(source: str) -> None:
    graph = graph_of({"tcelib": "", "tcelib.a": source, "tcelib.b": "import tcelib.c", "tcelib.c": "import tcelib.a"})
    assert circles(graph) == [["tcelib.a", "tcelib.b", "tcelib.c", "tcelib.a"]]


def test_modules_that_only_share_what_they_import_are_no_circle() -> None:
    assert circles(graph_of({"tcelib.a": "import tcelib.c", "tcelib.b": "import tcelib.c", "tcelib.c": ""})) == []
