"""The documents, held against files and tables: links, commands, keys. No server is needed."""

import json
import re
import shlex
import subprocess
import tomllib
from pathlib import Path

import click
import pytest

from rtserver.bootstrap.command.cli import main
from rtserver.bootstrap.config.config_source import read_file
from rtserver.bootstrap.config.setting import as_markdown
from tests.docs.document import (
    CONFIGURATION,
    CONTRIBUTING,
    EXTENDING,
    FEEDS,
    PROTOCOLS,
    README,
    ROOT,
    all_blocks,
    anchors,
    blocks,
    documents,
    without_blocks,
)

LINK = re.compile(r"\]\(([^)\s]+)\)")
MAKE = re.compile(r"\bmake ([a-z-]+)")
PLACE = re.compile(r"`((?:rtserver|tcelib|site|tests|tools|docs|bench|soak)(?:/[\w.-]+)*)`")
COMMAND = re.compile(r"(?:\brtserver|-m rtserver) (serve|check|push|workers|quotes|bench|dead)\b")
LOCAL_LINKS = [
    (document, target)
    for document in documents()
    for target in LINK.findall(without_blocks(document))
    if not target.startswith("http")
]


@pytest.mark.parametrize(("document", "target"), LOCAL_LINKS, ids=lambda each: getattr(each, "name", each))
def test_a_link_leads_somewhere(document: Path, target: str) -> None:
    path, _, fragment = target.partition("#")
    found = (document.parent / path).resolve() if path else document
    assert found.exists()
    assert not fragment or fragment in anchors(found)


def test_every_document_can_be_reached_from_the_readme() -> None:
    linked = {(README.parent / target.partition("#")[0]).resolve() for doc, target in LOCAL_LINKS if doc == README}
    assert set(documents()) - {README} <= linked


def test_every_file_and_folder_that_contributors_are_sent_to_exists() -> None:
    named = set(PLACE.findall(CONTRIBUTING.read_text(encoding="utf-8")))
    assert len(named) > 40
    placeholders = re.compile("NAME|LANGUAGE")
    assert not [place for place in named if not (placeholders.search(place) or (ROOT / place).exists())]


def test_every_folder_of_code_has_its_job_told_to_contributors() -> None:
    text = CONTRIBUTING.read_text(encoding="utf-8")
    folders = {file.parent.relative_to(ROOT) for file in (ROOT / "rtserver").rglob("*.py")}
    untold = {str(folder) for folder in folders if f"`{folder}`" not in text and f"`{folder.name}/`" not in text}
    assert untold <= {"rtserver", "rtserver/base", "rtserver/idl"}


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {target for block in all_blocks(README) if block.info == "sh" for target in MAKE.findall(block.text)}
    assert named == {"run", "test"}
    assert named <= targets


def test_every_command_that_is_named_exists() -> None:
    for document in (README, CONFIGURATION, EXTENDING, FEEDS, PROTOCOLS):
        for name in COMMAND.findall(document.read_text(encoding="utf-8")):
            assert name in main.commands, f"{document.name} names {name}"
    text = CONFIGURATION.read_text(encoding="utf-8")
    shown = set(re.findall(r"^\| `rtserver ([a-z]+)", text, re.MULTILINE))
    assert shown == {name for name, command in main.commands.items() if not command.hidden}


@pytest.mark.parametrize("line", [line for text in blocks(CONFIGURATION, "sh") for line in text.splitlines()])
def test_a_command_line_that_is_shown_is_understood(line: str) -> None:
    _, name, *arguments = shlex.split(line)
    command = main.commands[name]
    with command.make_context(name, arguments, parent=click.Context(main)) as context:
        assert context.params


@pytest.mark.parametrize(
    ("document", "number"),
    [(CONFIGURATION, 0), (README, 0), (EXTENDING, 0)],
    ids=lambda each: getattr(each, "name", each),
)
def test_a_configuration_that_is_shown_is_allowed(document: Path, number: int, tmp_path: Path) -> None:
    text = blocks(document, "toml")[number]
    file = tmp_path / "rtserver.toml"
    file.write_text(text, encoding="utf-8")
    assert read_file(file).keys() == tomllib.loads(text).keys()


def test_entry_points_are_shown_under_the_groups_that_are_looked_up() -> None:
    project = tomllib.loads(blocks(EXTENDING, "toml")[1])["project"]
    groups = ("handlers", "services", "rpc_servants", "indicators")
    assert project["entry-points"].keys() == {f"rtserver.{group}" for group in groups}


def test_the_table_of_keys_is_the_one_that_is_made_from_the_code() -> None:
    # It stands at the end: `make codes` replaces everything from its first line on.
    assert CONFIGURATION.read_text(encoding="utf-8").endswith("\n" + as_markdown())


@pytest.mark.parametrize("document", documents(), ids=lambda each: each.name)
def test_every_line_of_json_is_json(document: Path) -> None:
    for block in all_blocks(document):
        if block.info.startswith("json"):
            for line in block.text.splitlines():
                json.loads(line)


@pytest.mark.javascript
@pytest.mark.parametrize("number", range(3))
def test_the_javascript_of_extending_can_be_parsed(number: int, tmp_path: Path) -> None:
    script = tmp_path / "example.mjs"
    script.write_text(blocks(EXTENDING, "js")[number], encoding="utf-8")
    subprocess.run(["node", "--check", script], check=True, timeout=30)
