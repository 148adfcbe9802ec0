"""The import paths that the documents name: new ones are silent, old ones work and warn."""

import re
import subprocess
import sys
import warnings
from importlib import import_module

import pytest

from tests.docs.document import ROOT

MOVED = [
    ("rtserver.user.auth", "Identity", "rtserver.user.identity"),
    ("rtserver.user.token", "make_token", "rtserver.user.session.token"),
]
PUBLIC = (
    "rtserver.modules.user_agent_module",
    "rtserver.service.message",
    "rtserver.service.message_queue",
    "rtserver.service.msg_handler",
    "rtserver.user.identity",
    "rtserver.user.msg_handler",
    "rtserver.user.policy",
    "rtserver.user.session.token",
    "rtserver.user.user_agent",
)


@pytest.mark.parametrize(("old", "name", "new"), MOVED)
def test_an_old_path_gives_the_same_object_and_names_the_new_path(old: str, name: str, new: str) -> None:
    with pytest.warns(DeprecationWarning, match=re.escape(f"{old}.{name} has moved: import it from {new}")):
        moved = getattr(import_module(old), name)
    assert moved is getattr(import_module(new), name)


@pytest.mark.parametrize(("old", "name", "new"), MOVED)
def test_the_warning_is_about_the_line_that_imports(old: str, name: str, new: str) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        exec(compile(f"from {old} import {name}", "a_plug_in.py", "exec"), {})
    assert {warning.filename for warning in caught} == {"a_plug_in.py"}


@pytest.mark.parametrize("old", [old for old, _, _ in MOVED])
def test_an_old_path_has_no_other_names(old: str) -> None:
    with pytest.raises(AttributeError, match=f"module '{old}' has no attribute 'nothing'"):
        import_module(old).nothing  # noqa: B018


def test_public_paths_warn_of_nothing() -> None:
    """In a process of its own, where no module has been imported yet."""
    code = "".join(f"import {path}\n" for path in PUBLIC)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_documents_and_examples_name_no_old_path() -> None:
    files = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "docs").rglob("*.py")]
    old_path = re.compile(r"\brtserver\.user\.(auth|token)\b")
    found = [str(file) for file in files if old_path.search(file.read_text(encoding="utf-8"))]
    assert not found
