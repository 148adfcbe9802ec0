"""Build hook of hatchling: a wheel gets what is written in C, where that compiles, and is pure Python where not."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from packaging.tags import platform_tags

INSIDE = "rtserver/base/send/native.abi3.so"
OLDEST = "cp311"


class NativeHook(BuildHookInterface[Any]):
    """Hook for wheels. One that was compiled is for systems with this one's C library, or a newer one."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and name the wheel after what it holds. Called by hatchling before it collects the files."""
        if version == "editable":  # a checkout has the compiled file beside its source
            return
        root = Path(self.root)
        directory = root / "build" / "native"
        directory.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, root / "tools" / "build_native.py", directory]
        if subprocess.run(command, check=False).returncode:
            self.app.display_warning("Nothing is compiled: the wheel is pure Python, and flushes are slower")
            return
        build_data["pure_python"] = False
        build_data["tag"] = f"{OLDEST}-abi3-{_platform()}"
        build_data["force_include"][str(directory / Path(INSIDE).name)] = INSIDE


def _platform() -> str:
    """Return the tag that names the C library, by preference: package indexes take no other of Linux."""
    return min(platform_tags(), key=lambda tag: tag.startswith("linux_"))
