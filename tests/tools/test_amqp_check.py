"""``make amqp`` fails where it cannot test, and the tests that need its package are not in the way of the others."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_without_java_it_fails_and_says_what_to_install(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, ROOT / "tools" / "amqp_check.py"],
        env={**os.environ, "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert "java, javac, mvn not found; on Debian: apt-get install" in ended.stderr


def test_the_whole_gate_runs_it() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    [gate] = [line for line in makefile.splitlines() if line.startswith("test-all:")]
    assert "amqp" in gate.split()


def test_the_broker_says_what_to_install_where_the_package_is_missing(tmp_path: Path) -> None:
    (tmp_path / "proton.py").write_text("raise ImportError('not built')", encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "-m", "tcelib.queue.broker", "--port", "0"],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "pip install rtserver[amqp]" in ended.stderr
