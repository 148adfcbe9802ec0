"""The queues of a program, as config.yml names them, and which of them are read and written."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tcelib.gateway.config.model import EndPoint
from tcelib.gateway.config.queue_file import read_queue_file

log = logging.getLogger("tce.config")


class QueueSetup(NamedTuple):
    """Section of one program. ``endpoints`` are the queues that it reads and writes.

    ``pairs`` maps queues that are written to to those on which the answers come.
    """

    endpoints: list[EndPoint]
    writes: tuple[str, ...]
    pairs: Mapping[str, str]


def read_setup(path: str | Path, program: str) -> QueueSetup:
    """Return what the file says of a program. Warnings are logged.

    Raises ``ValueError`` that names all errors of the file, each with its place, or the programs that there are;
    ``OSError`` if it cannot be read.
    """
    model, findings = read_queue_file(Path(path).read_bytes())
    lines = [f"{path}:{finding}" for finding in findings]
    if model is None:
        raise ValueError("\n".join(lines))
    for line in lines:
        log.warning("%s", line)
    section = model.sections.get(program)
    if section is None:
        known = ", ".join(sorted(model.sections)) or "none"
        raise ValueError(f"{path}: no program is called {program!r}; there are: {known}")
    endpoints = [model.endpoints[name] for name in (*section.reads, *section.writes)]
    return QueueSetup(endpoints, section.writes, section.pairs)
