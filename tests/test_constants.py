"""Constants: a module gives each of them once."""

import ast
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("rtserver", "tcelib", "bench", "soak", "tools", "tests", "site", "docs/examples")


def constants(module: ast.Module) -> list[str]:
    """The names in capitals that statements of the module itself give, in their order."""
    targets: list[ast.expr] = []
    for statement in module.body:
        if isinstance(statement, ast.Assign):
            targets += statement.targets
        elif isinstance(statement, ast.AnnAssign):
            targets.append(statement.target)
    names = [name for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]
    return [name.id for name in names if isinstance(name.ctx, ast.Store) and name.id.isupper()]


def test_constants_in_tuples_and_with_types_are_seen() -> None:
    assert constants(ast.parse("A, B = 1, 2\nA: int = 3\nif B:\n    C = 4\nd = 5")) == ["A", "B", "A"]


def test_a_module_gives_a_constant_once() -> None:
    again = [
        f"{path.relative_to(ROOT)}: {name}"
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*.py")
        for name, count in Counter(constants(ast.parse(path.read_text(encoding="utf-8")))).items()
        if count > 1
    ]
    assert again == []
