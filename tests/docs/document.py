"""The documentation as the tests read it: code blocks and tables, each with what it says about itself."""

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
PROTOCOLS = ROOT / "docs" / "csprotocols.readme.md"
EXTENDING = ROOT / "docs" / "extending.md"
FEEDS = ROOT / "docs" / "feeds.md"
CONFIGURATION = ROOT / "docs" / "configuration.md"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
REDIS_URL = "redis://127.0.0.1:6379/0"
"""The address in all examples."""

_FENCE = re.compile(r"^(?P<indent> *)```(?P<info>[^\n]*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


class Block(NamedTuple):
    """A fenced block. ``info`` is what stands behind the opening fence."""

    info: str
    text: str


def documents() -> list[Path]:
    """All that users read; ``plan.md``, where work is under way, is for those who do it."""
    found = sorted((ROOT / "docs").rglob("*.md"))
    return [README, ROOT / "CHANGES.md", CONTRIBUTING, *(file for file in found if file.name != "plan.md")]


def blocks(document: Path, info: str) -> list[str]:
    """The texts of the document's blocks of that kind."""
    return [block.text for block in all_blocks(document) if block.info == info]


def all_blocks(document: Path) -> Iterator[Block]:
    """Every fenced block; one inside a list is taken out of its indent."""
    for match in _FENCE.finditer(document.read_text(encoding="utf-8")):
        yield Block(match["info"], textwrap.dedent(match["text"]))


def without_blocks(document: Path) -> str:
    """The prose, tables included."""
    return _FENCE.sub("", document.read_text(encoding="utf-8"))


def table(document: Path, *columns: str) -> list[list[str]]:
    """The rows of the one table with exactly these column heads."""
    head = f"| {' | '.join(columns)} |\n"
    _, found, after = document.read_text(encoding="utf-8").partition(head)
    assert found, f"{document.name} has no table {head}"
    assert head not in after, f"{document.name} has two tables {head}"
    lines = after.split("\n\n", 1)[0].splitlines()[1:]
    return [[cell.strip() for cell in line.strip().strip("|").split(" | ")] for line in lines]


def code(cell: str) -> str:
    """Return the text in backticks in a cell; empty if there is none."""
    match = re.search(r"`([^`]+)`", cell)
    return match[1] if match else ""


def anchors(document: Path) -> set[str]:
    """The fragments that a link into the document may have, as GitHub makes them from headings."""
    headings = _HEADING.findall(without_blocks(document))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def shell_lines(first_word: str) -> list[str]:
    """The README's lines for a shell that begin so, those in the text's backticks included."""
    text = README.read_text(encoding="utf-8").replace("`", "\n")
    return [line for line in text.splitlines() if line.startswith(first_word) and "…" not in line]
