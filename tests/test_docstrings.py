"""The first sentence of a docstring names its subject: hardly any docstring opens with a relative clause."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
TOPS = ("rtserver", "tcelib", "site", "bench", "soak", "tools", "tests")
MOST_PER_HUNDRED = 2.0
OPENS_WITH_CLAUSE = re.compile(
    r"\W*(who|what|whatever|whoever|which|when|where|whether|why|how|whose|whom)\b", re.IGNORECASE
)


def docstrings(source: str) -> Iterator[tuple[int, str]]:
    """The line and the text of each docstring of a module, its classes and its functions."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text:
                yield getattr(node, "lineno", 1), text


def test_docstrings_open_with_their_subject() -> None:
    count, found = 0, []
    for file in sorted(path for top in TOPS for path in (ROOT / top).rglob("*.py")):
        for line, text in docstrings(file.read_text(encoding="utf-8")):
            count += 1
            if OPENS_WITH_CLAUSE.match(text):
                found.append(f"{file.relative_to(ROOT)}:{line}: {text.splitlines()[0]}")
    assert len(found) <= count * MOST_PER_HUNDRED / 100, "\n".join(found)


def test_a_clause_is_found_and_a_subject_is_not() -> None:
    clauses = ["Whose session it is.", "``what`` counts.", "Whatever."]
    assert all(OPENS_WITH_CLAUSE.match(text) for text in clauses)
    assert not OPENS_WITH_CLAUSE.match("Return what was sent.")
    assert not OPENS_WITH_CLAUSE.match("Whole messages.")


def test_docstrings_of_modules_classes_and_functions_count() -> None:
    source = '"""A."""\nclass A:\n    """B."""\n    async def b(self):\n        """C."""\n'
    assert [text for _, text in docstrings(source)] == ["A.", "B.", "C."]
