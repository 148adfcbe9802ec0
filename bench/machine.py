"""On what the numbers were measured."""

import os
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from rtserver.base.send.choice import choose_sender


def describe() -> dict[str, str]:
    """Processor, memory, system and versions, for the head of a report."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": f"{pages / (1 << 30):.0f} GB",
        "system": f"{platform.system()} {platform.release()}",
        "python": sys.version.split()[0],
        "tornado": version("tornado"),
        "writes": choose_sender().detail.partition(":")[0],
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
