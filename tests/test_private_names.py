"""A private name is used in the file that defines it, and nowhere else."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

import pytest

ROOT = Path(__file__).parents[1]
TOPS = ("rtserver", "tcelib")
GENERATED = "rtserver/idl/"  # its proxies call three methods of their base, which are made for nobody else
OF_OTHERS = frozenset(
    {
        *("_asdict", "_make", "_replace"),  # public methods of every NamedTuple
        *("_exit", "_current_frames"),  # public functions of os and sys
        *("_meta", "_base_manager", "_default_manager"),  # documented attributes of Django's models
        "_get_storage_path",  # Django's file sessions have no other name for their directory
        "_websocket_mask",  # Tornado's C function, many times faster than Python
        "_sock",  # redis-py opens it, and has no other name for it
    }
)
"""Names of the standard library and of other packages."""


ClassName: TypeAlias = tuple[str, str]
"""Module and name of a class."""
Classes: TypeAlias = dict[ClassName, tuple[set[str], set[ClassName]]]


def files() -> list[str]:
    found = (str(file.relative_to(ROOT)) for top in TOPS for file in (ROOT / top).rglob("*.py"))
    return sorted(file for file in found if not file.startswith(GENERATED))


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__") and name.strip("_") != ""


def defined_in(tree: ast.AST) -> Iterator[str]:
    """Yield the names of functions, classes and variables, and of attributes that are set."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and _is_own(node):
            yield node.attr


def _is_own(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")


def used_in(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield line and name of each private attribute, and of each private name that is imported."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            yield node.lineno, node.attr
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, alias.name) for alias in node.names if is_private(alias.name))


def classes_of(sources: Mapping[str, str]) -> Classes:
    """Return private members and bases of each class."""
    found: Classes = {}
    for file, source in sources.items():
        tree = ast.parse(source)
        module = file.removesuffix(".py").replace("/", ".")
        origins = {
            alias.asname or alias.name: (node.module or "", alias.name)
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                names = [base.value if isinstance(base, ast.Subscript) else base for base in node.bases]
                bases = {origins.get(base.id, (module, base.id)) for base in names if isinstance(base, ast.Name)}
                found[module, node.name] = {name for name in defined_in(node) if is_private(name)}, bases
    return found


def outside_uses(sources: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield file and name of each private name of another file, or that a class shares with a base elsewhere."""
    for file, source in sources.items():
        tree = ast.parse(source)
        known = {*defined_in(tree), *OF_OTHERS}
        yield from ((file, f"{line}: {name}") for line, name in used_in(tree) if name not in known)
    classes = classes_of(sources)
    for cls, (members, _) in classes.items():
        for base in _bases_elsewhere(classes, cls):
            file = f"{cls[0].replace('.', '/')}.py"
            yield from ((file, f"{cls[1]}.{name} is {base[1]}'s, too") for name in members & classes[base][0])


def _bases_elsewhere(classes: Classes, cls: ClassName) -> list[ClassName]:
    open_ends, seen = [cls], {cls}
    while open_ends:
        for base in classes[open_ends.pop()][1] - seen:
            if base in classes:
                seen.add(base)
                open_ends.append(base)
    return sorted(base for base in seen if base[0] != cls[0])


@pytest.mark.parametrize("top", TOPS)
def test_a_private_name_is_used_in_its_own_file_only(top: str) -> None:
    sources = {file: (ROOT / file).read_text(encoding="utf-8") for file in files() if file.startswith(top)}
    found = sorted(f"{file}:{name}" for file, name in outside_uses(sources))
    assert not found, "\n".join(found)


BASE = "class Base:\n    def __init__(self):\n        self._count = 0\n    def _step(self): ..."


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("def look(base):\n    return base._count", "2: _count"),
        ("from base import _hidden", "1: _hidden"),
        ("from base import Base\nclass Child(Base):\n    def run(self):\n        self._step()", "4: _step"),
        ("from base import Base\nclass Child(Base):\n    def _step(self): ...", "Child._step is Base's, too"),
    ],
)
def test_a_private_name_of_another_file_is_found(source: str, name: str) -> None:
    assert list(outside_uses({"base.py": BASE, "other.py": source})) == [("other.py", name)]


def test_a_file_may_use_its_own_private_names_of_any_object() -> None:
    source = f"{BASE}\ndef swap(one, other):\n    one._count, other._count = other._count, one._count"
    assert list(outside_uses({"base.py": source})) == []
