"""The files of ``deploy/`` name things that exist, and are right about the time a server takes to end."""

import configparser
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.end_time import longest_end
from rtserver.bootstrap.config.setting import settings
from tests.conftest import unused_port
from tests.fork_server import REPOSITORY
from tests.running_server import RunningServer
from tests.system.test_canary import own_url

UNIT = REPOSITORY / "deploy" / "rtserver.service"
DOCKERFILE = REPOSITORY / "deploy" / "Dockerfile"


@pytest.fixture
def unit() -> configparser.SectionProxy:
    """The unit's section about the process."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(UNIT)
    return parser["Service"]


def instructions() -> Iterator[tuple[str, str]]:
    """Each instruction of the Dockerfile, with its continuation lines."""
    lines = [line for line in DOCKERFILE.read_text().splitlines() if not line.startswith("#")]
    for line in re.sub(r"\\\n\s*", " ", "\n".join(lines)).splitlines():
        name, _, rest = line.partition(" ")
        if name:
            yield name, rest


def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        return  # a machine without systemd has no use for the unit, either
    text = UNIT.read_text().replace("/opt/rtserver/.venv/bin/python", sys.executable)
    copy = tmp_path / "rtserver.service"
    copy.write_text(text.replace("WorkingDirectory=/opt/rtserver", f"WorkingDirectory={tmp_path}"))
    run = subprocess.run([analyze, "verify", "--man=no", copy], capture_output=True, text=True, check=False)
    complaints = [line for line in run.stderr.splitlines() if "rtserver.service" in line]
    assert complaints == []


def test_the_unit_starts_a_command_that_exists(unit: configparser.SectionProxy) -> None:
    python, *arguments = unit["ExecStart"].split()
    assert python.endswith("/bin/python")
    run = subprocess.run(
        [sys.executable, *arguments[:3], "--help"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert [option for option in arguments if option.startswith("--")] == ["--config"]
    assert "--config" in run.stdout


def test_a_reload_is_a_signal_to_the_main_process_and_the_unit_says_what_it_hides(
    unit: configparser.SectionProxy,
) -> None:
    assert unit["ExecReload"] == "/bin/kill -HUP $MAINPID"
    told = UNIT.read_text()
    for hiding in ("PrivateTmp", "ProtectHome", "ProtectSystem=strict"):
        assert f"# - {hiding} " in told


def test_both_wait_longer_for_the_end_than_the_end_can_take(unit: configparser.SectionProxy) -> None:
    longest = longest_end(Config(reuse_port=True))
    assert int(unit["TimeoutStopSec"]) > longest
    assert f"{longest:.0f}" in re.findall(r"\d+", UNIT.read_text().partition("TimeoutStopSec")[0].splitlines()[-1])
    told = re.search(r"is (\d+) seconds by default and (\d+) with a shared", DOCKERFILE.read_text())
    assert told is not None
    assert [int(number) for number in told.groups()] == [longest_end(Config()), longest]


def test_every_variable_that_is_set_is_a_setting() -> None:
    known = {setting.variable for setting in settings().values()}
    named = set(re.findall(r"RTSERVER_[A-Z_]+", UNIT.read_text() + DOCKERFILE.read_text()))
    assert named <= known


def test_the_image_is_made_of_files_that_exist_and_of_all_that_the_wheel_needs() -> None:
    sources = {source for name, rest in instructions() if name == "COPY" for source in rest.split()[:-1]}
    assert all((REPOSITORY / source).exists() for source in sources)
    project = (REPOSITORY / "pyproject.toml").read_text()
    needed = {"pyproject.toml", "README.md", "LICENSE", "requirements.txt", "rtserver", "tcelib", "site"}
    needed.add("tools/build_hook.py")
    assert all(f'"{name}"' in project or name == "pyproject.toml" for name in needed)
    assert needed <= sources


def test_the_image_runs_as_nobody_special() -> None:
    by_name = dict(instructions())
    assert by_name["USER"] == "rtserver"
    assert "--uid 10001" in by_name["RUN"]


def test_the_image_starts_a_command_that_exists() -> None:
    by_name = dict(instructions())
    command = [*json.loads(by_name["ENTRYPOINT"])[1:], *json.loads(by_name["CMD"]), "--help"]
    subprocess.run([sys.executable, *command], cwd=REPOSITORY, capture_output=True, check=True)


def test_the_images_health_check_tells_a_server_that_is_ready_from_one_that_is_not(
    redis_url: str, tmp_path: Path
) -> None:
    line = dict(instructions())["HEALTHCHECK"]
    command = json.loads(line.partition("CMD ")[2])
    assert "RTSERVER_ADMIN_PORT=8890" in dict(instructions())["ENV"]

    def check(port: str) -> int:
        code = command[-1].replace("8890", port)
        return subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode

    with RunningServer(redis_url, tmp_path, unused_port(), "--no-demo-quotes") as server:
        port = own_url(server).rpartition(":")[2]
        assert check(port) == 0
    assert check(port) == 1


def test_a_real_server_tells_a_service_manager_how_it_is(
    redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.settimeout(30.0)
        manager.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "30000000")
        with RunningServer(redis_url, tmp_path, unused_port(), "--no-demo-quotes") as server:
            heard = [manager.recv(100) for _ in range(3)]
            server.signal(signal.SIGHUP)  # a reload, with nothing to read again
            server.wait_said("nothing to read again")
            server.signal(signal.SIGTERM)
            while heard[-1] != b"STOPPING=1":
                heard.append(manager.recv(100))
            assert server.wait() == 0
    assert heard.count(b"READY=1") == 1
    assert b"WATCHDOG=1" in heard
