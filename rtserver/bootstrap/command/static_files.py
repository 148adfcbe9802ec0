"""``rtserver static``: the browser library for sites that serve it by other means than Django."""

import shutil
from pathlib import Path

from rtserver import static_dirs


def copy_to(directory: Path) -> list[Path]:
    """Copy the library and ECharts below ``directory``. Return the directories that were made or renewed.

    Raises ``OSError``.
    """
    return [Path(shutil.copytree(source, directory / name, dirs_exist_ok=True)) for name, source in static_dirs()]
