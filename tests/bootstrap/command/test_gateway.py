"""``rtserver gateway check`` tells all that is wrong with a gateway's files, and draws those that are right."""

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rtserver.bootstrap.command.cli import main
from rtserver.bootstrap.command.gateway import NEEDS_YAML
from tests.docs.document import ROOT

EXAMPLE = ROOT / "docs" / "tce" / "cluster"


def check(*paths: Path) -> Result:
    return CliRunner().invoke(main, ["gateway", "check", *map(str, paths)])


def test_good_files_are_drawn_one_after_the_other() -> None:
    result = check(EXAMPLE / "services.xml", EXAMPLE / "config.yml")
    assert result.exit_code == 0
    assert result.output.startswith("server gwserver: ")
    assert "program server\n    reads  <-- mq_server\n" in result.output


def test_a_file_with_errors_tells_them_all_and_is_not_drawn(tmp_path: Path) -> None:
    file = tmp_path / "services.xml"
    file.write_text((EXAMPLE / "services.xml").read_text().replace('out="mq_server"', 'out="mq_sever"'))
    result = check(file)
    assert result.exit_code == 1
    assert result.output == (
        f"{file}:26:9: error: out of <call>: no endpoint is called 'mq_sever'\n"
        f"{file}:42:9: error: out of <call>: no endpoint is called 'mq_sever'\n"
    )


def test_warnings_are_told_and_do_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "services.xml"
    file.write_text((EXAMPLE / "services.xml").read_text().replace("<route ", '<route colour="red" ', 1))
    result = check(file)
    assert result.exit_code == 0
    assert result.output.startswith(f"{file}:25:7: warning: unknown attribute colour of <route>\nserver gwserver")


def test_one_bad_file_is_enough_for_exit_status_1(tmp_path: Path) -> None:
    (tmp_path / "config.YML").write_text("a: [")
    result = check(tmp_path / "config.YML", EXAMPLE / "services.xml")
    assert result.exit_code == 1
    assert "server gwserver" in result.output


def test_a_file_that_is_not_there_is_a_mistake_of_usage(tmp_path: Path) -> None:
    assert check(tmp_path / "services.xml").exit_code == 2
    assert check().exit_code == 2


def test_what_cannot_be_opened_is_one_line(tmp_path: Path) -> None:
    result = check(tmp_path)
    assert result.exit_code == 1
    assert "Is a directory" in result.output


def test_without_pyyaml_one_line_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "tcelib.gateway.config.queue_file", raising=False)
    monkeypatch.setitem(sys.modules, "yaml", None)
    monkeypatch.delitem(sys.modules, "tcelib.gateway.config.yaml_node", raising=False)
    result = check(EXAMPLE / "config.yml")
    assert result.exit_code == 1
    assert NEEDS_YAML in result.output
