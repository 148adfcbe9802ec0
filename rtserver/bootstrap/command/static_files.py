"""The browser library for those who serve it by other means than Django: where it is, and a copy of it."""

import shutil
from pathlib import Path

from rtserver import static_dirs


def copy_to(directory: Path) -> list[Path]:
    """Copy the library and ECharts below ``directory``; the directories that were made or renewed.

    Raises ``OSError``.
    """
    return [Path(shutil.copytree(source, directory / name, dirs_exist_ok=True)) for name, source in static_dirs()]
