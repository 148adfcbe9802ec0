"""Peers that are built from source: C of ours, and modules of Go."""

import os
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

from bench.peers.environment import HERE, InstallError, make, run

C_OPTIONS = ("-std=c11", "-O2", "-Wall", "-Wextra", "-Werror")


@dataclass(frozen=True)
class CProgram:
    """The C files of a folder beside this file, as one program. ``CC`` names another compiler than ``cc``."""

    folder: str

    def path(self) -> str:
        """Return where the program is, built if need be. Raises ``InstallError``, for one if there is no compiler."""
        compiler = shlex.split(os.environ.get("CC") or "cc")
        if shutil.which(compiler[0]) is None:
            raise InstallError(f"there is no C compiler {compiler[0]}")
        files = sorted((HERE / self.folder).glob("*.[ch]"))
        sources = [str(file) for file in files if file.suffix == ".c"]

        def compile_in(place: Path) -> None:
            run(self.folder, *compiler, *C_OPTIONS, "-o", str(place / self.folder), *sources, "-lm")

        place = make(self.folder, b"".join(file.read_bytes() for file in files), compile_in)
        return str(place / self.folder)


@dataclass(frozen=True)
class GoProgram:
    """A program of a Go module, which ``go install`` fetches and builds."""

    name: str
    module: str
    version: str

    def path(self) -> str:
        """Return where the program is, built if need be. Raises ``InstallError``, for one if there is no Go."""
        if shutil.which("go") is None:
            raise InstallError("there is no Go to build it with")
        package = f"{self.module}@{self.version}"
        place = make(
            self.name,
            package.encode(),
            lambda place: run(self.name, "go", "install", package, variables={"GOBIN": str(place)}),
        )
        return str(place / self.name)
