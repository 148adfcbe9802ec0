"""Claims of the design page as tests: each folder has its section, each named file exists, who imports what."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.document import ROOT
from tests.test_layers import RULES, files, imports_of

DESIGN = ROOT / "docs" / "design.md"
FILE = re.compile(r"`([\w./-]+\.(?:py|js|lua))`")
HEADING = re.compile(r"^## (.+)\n", re.MULTILINE)


def sections() -> Iterator[tuple[str, str]]:
    """Heading, without its backticks, and text of each section."""
    _, *parts = HEADING.split(DESIGN.read_text(encoding="utf-8"))
    for heading, text in zip(parts[::2], parts[1::2], strict=True):
        yield heading.strip("`"), text


def places(folder: Path, name: str) -> list[Path]:
    """Return the files that ``name`` may mean in the section of ``folder``."""
    return [ROOT / name] if "/" in name else list(folder.rglob(name))


@pytest.mark.parametrize(("heading", "text"), sections(), ids=[heading for heading, _ in sections()])
def test_a_file_that_is_named_exists(heading: str, text: str) -> None:
    folder = ROOT / heading if (ROOT / heading).is_dir() else ROOT / "rtserver"
    assert not [name for name in FILE.findall(text) if not any(place.is_file() for place in places(folder, name))]


def test_every_folder_with_a_rule_has_a_section() -> None:
    ruled = {rule.pattern.partition("*")[0].strip("/") for rule in RULES if rule.pattern.startswith("rtserver/")}
    told = {heading for heading, _ in sections()}
    assert ruled - told <= {"rtserver", "rtserver/base", "rtserver/idl", "rtserver/bench/client"}


def importing(package: str) -> set[str]:
    """The folders of rtserver with a file that imports ``package``."""
    return {
        str(Path(file).parent)
        for file in files()
        if file.startswith("rtserver/")
        for _, name in imports_of((ROOT / file).read_text(encoding="utf-8"))
        if name.partition(".")[0] == package
    }


def test_django_is_imported_for_sessions_and_where_a_server_is_built_only() -> None:
    assert importing("django") <= {"rtserver/user/session", "rtserver/bootstrap", "rtserver/bootstrap/site"}


def test_gevent_is_imported_by_the_service_thread_and_where_a_server_is_built_only() -> None:
    assert importing("gevent") == {"rtserver/service/thread", "rtserver/bootstrap"}


def test_two_locks_of_threads_exist() -> None:
    locking = {
        file
        for file in files()
        if file.startswith("rtserver/")
        for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("Lock", "RLock", "Condition", "Semaphore")
        if isinstance(node.value, ast.Name) and node.value.id == "threading"
    }
    assert locking == {"rtserver/base/bridge/mailbox.py", "rtserver/service/thread/hub_waker.py"}
