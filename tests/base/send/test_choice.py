"""The way to send that a server takes when it starts, and what becomes of one that cannot be compiled."""

import sys
from pathlib import Path

import pytest

from rtserver.base.send.choice import choose_sender
from rtserver.base.send.plain import PLAIN
from tests.base.native_sender import build, need_compiler

NAME = "native.abi3.so"


def test_without_the_compiled_module_python_sends() -> None:
    assert choose_sender("rtserver.base.send.nowhere") is PLAIN


def test_a_file_that_is_no_library_counts_as_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "spoilt_library.abi3.so").write_bytes(b"of another machine")
    monkeypatch.syspath_prepend(tmp_path)
    assert choose_sender("spoilt_library") is PLAIN


def test_a_compiled_module_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need_compiler()
    assert build(tmp_path).returncode == 0
    monkeypatch.syspath_prepend(tmp_path)
    try:
        sender = choose_sender("native")
    finally:
        sys.modules.pop("native", None)
    assert sender.send_each is not PLAIN.send_each
    assert sender.detail != PLAIN.detail


@pytest.mark.parametrize("compiler", ["/bin/false", "no-such-compiler"])
def test_a_compiler_that_fails_leaves_nothing_behind(tmp_path: Path, compiler: str) -> None:
    (tmp_path / NAME).write_bytes(b"of an older source")
    assert build(tmp_path, CC=compiler).returncode == 1
    assert list(tmp_path.iterdir()) == []
