"""``rtserver gateway check`` tells all that is wrong with a gateway's files, and draws those that are right."""

import socket
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rtserver.bootstrap.command.cli import main
from rtserver.bootstrap.command.gateway import NEEDS_YAML
from tcelib.queue.amqp.open import MISSING as NEEDS_PROTON
from tests.docs.document import ROOT

pytestmark = pytest.mark.usefixtures("kept_logging")

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


SERVICES = """
<root><InterfaceDef><if id="1" name="a.B"/></InterfaceDef>
<EndPoints>
  <ep name="clients" type="socket" host="127.0.0.1" port="0" {clients}/>
  <ep name="calls" type="{kind}" host="{host}" port="{port}" {calls}/>
</EndPoints>
<servers><server name="gw">
  <route if="a.B"><call in="clients" out="calls"/></route>
  <properties><property name="listen" value="clients"/></properties>
</server></servers></root>
"""
RIGHT = {"clients": "", "calls": "", "kind": "socket", "host": "127.0.0.1", "port": "1"}


def run(file: Path, name: str = "gw") -> str:
    """Run a gateway that cannot start. Return its last line, which is an error, and there is no traceback."""
    result = CliRunner().invoke(main, ["gateway", "run", name, "--services", str(file)])
    assert (result.exit_code, type(result.exception)) == (1, SystemExit), result.output
    assert "Traceback" not in result.output
    return result.output.splitlines()[-1]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"clients": 'certfile="/no/cert.pem"'}, "clients cannot be opened: "),
        ({"calls": 'certfile="/no/cert.pem"'}, "calls cannot be opened: "),
        ({"host": "redis://127.0.0.1:none", "kind": "stream"}, "calls cannot be opened: "),
    ],
)
def test_an_endpoint_that_cannot_be_opened_is_one_line_that_names_it(
    tmp_path: Path, words: dict[str, str], sentence: str
) -> None:
    file = tmp_path / "services.xml"
    file.write_text(SERVICES.format(**{**RIGHT, **words}))
    assert run(file).startswith(f"Error: {sentence}")


def test_without_proton_one_line_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "proton", None)
    file = tmp_path / "services.xml"
    file.write_text(SERVICES.format(**RIGHT | {"kind": "qpid"}))
    assert run(file) == f"Error: calls cannot be opened: {NEEDS_PROTON}"


def test_a_port_that_is_taken_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "services.xml"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        file.write_text(SERVICES.format(**RIGHT).replace('port="0"', f'port="{port}"'))
        assert run(file).startswith("Error: clients cannot be opened: ")


def test_what_cannot_be_run_is_one_line_too(tmp_path: Path) -> None:
    file = tmp_path / "services.xml"
    assert run(file) == f"Error: {file}: No such file or directory"
    assert run(tmp_path) == f"Error: {tmp_path}: Is a directory"
    file.write_text("<root/>")
    assert run(file) == f"Error: {file} has errors"
    file.write_text(SERVICES.format(**RIGHT))
    assert run(file, "other") == f"Error: {file} has no routes for a server called 'other'"
