"""The compiled way to send, built for the tests apart from the one that may lie in the clone."""

import os
import shutil
import subprocess
import sys
import sysconfig
from functools import cache
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from rtserver.base.send.port import Sender

BUILD = Path(__file__).resolve().parents[2] / "tools" / "build_native.py"
STRICT = "-Werror -pedantic"


def build(directory: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Compile into ``directory``, as make and the wheel do."""
    command = [sys.executable, BUILD, directory]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)


def need_compiler() -> None:
    """Skip the test where there is no compiler, or where Python came without its headers."""
    if not shutil.which("cc") or not Path(sysconfig.get_path("include"), "Python.h").exists():
        pytest.skip("no compiler, or no Python.h")


@cache
def native_sender() -> Sender:
    """Return the compiled way, made without a warning. Skips the test where it cannot be made."""
    need_compiler()
    with TemporaryDirectory() as directory:
        done = build(Path(directory), CFLAGS=STRICT)
        assert done.returncode == 0, done.stderr
        loader = ExtensionFileLoader("native", str(Path(directory) / "native.abi3.so"))
        spec = spec_from_loader("native", loader)
        assert spec is not None
        native = module_from_spec(spec)
        loader.exec_module(native)
    return Sender(native.send_each, "native")
