"""The queues of a program, as config.yml names them: fields of endpoints, and what is read and written."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tcelib.gateway.config.model import EndPoint, EndPointType
from tcelib.gateway.config.queue_file import read_queue_file
from tcelib.queue.address import NodeType

log = logging.getLogger("tce.config")


class QueueSetup(NamedTuple):
    """Section of one program. ``endpoints`` are the arguments of ``RpcEndPoint`` for each queue of the file.

    ``pairs`` maps queues that are written to to those on which the answers come.
    """

    endpoints: list[dict[str, Any]]
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
    endpoints = [_fields_of(model.endpoints[name], str(path)) for name in (*section.reads, *section.writes)]
    return QueueSetup(endpoints, section.writes, section.pairs)


def _fields_of(endpoint: EndPoint, path: str) -> dict[str, Any]:
    node = endpoint.node
    if node is not None and node.type is NodeType.TOPIC and endpoint.type is EndPointType.STREAM:
        raise ValueError(f"{path}: {endpoint.name!r} is a topic, which programs cannot open yet")
    return {
        "name": endpoint.name,
        "type_": endpoint.type.value,
        "host": endpoint.host,
        "port": endpoint.port,
        # The address of a broker has options, the key in Redis has none.
        "addr": endpoint.address if endpoint.type is EndPointType.QPID or node is None else node.name,
        "keyfile": endpoint.keyfile,
        "certfile": endpoint.certfile,
        "compress": int(endpoint.compress),
    }
