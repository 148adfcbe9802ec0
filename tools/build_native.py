"""Compile the part of rtserver that is written in C: ``build_native.py [DIRECTORY]``, by default beside its source.

rtserver works without it, only slower. So whoever calls this goes on where it fails: exit status 1, with the
compiler's words. ``CC`` names a compiler, ``CFLAGS`` more options of it.
"""

import os
import shlex
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1] / "rtserver" / "base" / "send" / "native.c"
NAME = "native.abi3.so"
OPTIONS = ("-std=c11", "-O2", "-fPIC", "-shared", "-Wall", "-Wextra")


def compile_native(directory: Path) -> Path | None:
    """Return the file that was made in ``directory``, or None. An older one is gone in any case."""
    target = directory / NAME
    target.unlink(missing_ok=True)
    made = target.with_suffix(f".{os.getpid()}")
    compiler = shlex.split(os.environ.get("CC") or "cc")
    options = [*OPTIONS, *shlex.split(os.environ.get("CFLAGS", "")), f"-I{sysconfig.get_path('include')}"]
    try:
        done = subprocess.run([*compiler, *options, "-o", made, SOURCE], check=False)
    except OSError as error:
        print(f"{compiler[0]}: {error.strerror}", file=sys.stderr)
        return None
    if done.returncode:
        return None
    return made.replace(target)  # whole or not at all: servers may start meanwhile


def main(arguments: Sequence[str]) -> int:
    """Return the exit status."""
    return 0 if compile_native(Path(arguments[0]) if arguments else SOURCE.parent) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
