"""The plug-in that the wheel's type check reads uses every Python name that docs/extending.md tells of."""

import ast
import re

import pytest

from rtserver.service.msg_handler import ServiceMsgHandler
from rtserver.service.user_commands import UserCommands
from rtserver.user.identity import Identity
from rtserver.user.msg_handler import BaseUserMsgHandler, Users
from rtserver.user.policy import Policy
from rtserver.user.user_agent import UserAgent
from tests.docs.document import EXTENDING, ROOT, blocks

PLUG_IN = (ROOT / "tools" / "every_public_name.py").read_text(encoding="utf-8")
WORDS = set(re.findall(r"\w+", PLUG_IN))
PROSE = re.sub(r"^```.*?^```", "", EXTENDING.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
TOLD = set(re.findall(r"\w+", " ".join(re.findall(r"`[^`\n]+`", PROSE))))
PUBLIC = (
    BaseUserMsgHandler,
    Identity,
    Policy,
    ServiceMsgHandler,
    UserAgent,
    UserCommands,
    Users,
)


@pytest.mark.parametrize("public", PUBLIC, ids=lambda public: public.__name__)
def test_every_member_that_the_document_tells_of_is_used(public: type) -> None:
    members = {*vars(public), *getattr(public, "__annotations__", ())}
    told = {name for name in members & TOLD if not name.startswith("_")}
    assert told
    assert told <= WORDS


def imports_of(source: str) -> set[tuple[str, str]]:
    """Module and name of what is imported from rtserver."""
    return {
        (node.module, alias.name)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("rtserver")
        for alias in node.names
    }


def test_every_name_that_the_examples_import_is_imported() -> None:
    examples = [imports_of(source) for source in blocks(EXTENDING, "python")]
    assert any(examples)
    assert set().union(*examples) <= imports_of(PLUG_IN)
