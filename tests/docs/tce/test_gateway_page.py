"""docs/tce/gateway.md: its command prints what is shown, and its tables name what the readers read."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from rtserver.bootstrap.command.cli import main
from tcelib.gateway.config import endpoint_form
from tcelib.gateway.config.endpoint_form import TYPES
from tcelib.gateway.config.queue_file import read_queue_file
from tests.conftest import RedisServer
from tests.docs.document import ROOT, all_blocks, blocks, table
from tests.docs.tce.workshop import Workshop

PAGE = ROOT / "docs" / "tce" / "gateway.md"
CLUSTER = ROOT / "docs" / "tce" / "cluster"
WORD = re.compile(r"`(\w+)`")


def test_the_command_prints_what_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    [line] = "".join(blocks(PAGE, "sh")).splitlines()
    monkeypatch.chdir(CLUSTER)
    result = CliRunner().invoke(main, line.split()[1:])
    assert (result.exit_code, result.output) == (0, blocks(PAGE, "text services.xml")[0])


def test_the_mistake_shown_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (CLUSTER / "services.xml").read_text(encoding="utf-8").replace('out="mq_server"', 'out="mq_sever"', 1)
    (tmp_path / "services.xml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["gateway", "check", "services.xml"])
    assert f"    {result.output}" in PAGE.read_text(encoding="utf-8")


def test_the_config_of_the_page_is_read_without_a_word() -> None:
    [text] = [block.text for block in all_blocks(PAGE) if block.info == "yaml"]
    reading = read_queue_file(text.encode())
    assert reading.findings == ()
    assert reading.model is not None
    assert list(reading.model.sections) == ["server", "client"]


def test_the_tables_name_every_attribute_and_every_type() -> None:
    attributes = {word for row in table(PAGE, "attribute", "meaning") for word in WORD.findall(row[0])}
    assert attributes == {*endpoint_form.REQUIRED, *endpoint_form.OPTIONAL}
    types = {word for row in table(PAGE, "type", "what it is", "`port`") for word in WORD.findall(row[0])}
    assert types == set(TYPES)


def test_programs_call_each_other_over_the_queues_of_the_file(
    tmp_path: Path, redis_server: RedisServer, redis_url: str
) -> None:
    assert str(redis_server.port) in redis_url  # the fixture has emptied it
    workshop = Workshop(tmp_path / "checkout", redis_server.port)
    for info, name in (("yaml", "config.yml"), ("python server.py", "s.py"), ("python client.py", "c.py")):
        workshop.write(name, blocks(PAGE, info)[0])
    workshop.run("tce2py -i test.idl ./")
    workshop.write("push.py", blocks(PAGE, "python push.py")[0])
    assert workshop.run("python push.py") == (blocks(PAGE, "text push.py")[0], "")
    with workshop.serving("python s.py"):
        assert workshop.run("python c.py") == (blocks(PAGE, "text client.py")[0], "")
