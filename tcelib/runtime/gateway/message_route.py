"""The file that describes a gateway, as its program reads it."""

import logging
import os
from pathlib import Path

from tcelib.gateway.config.model import Services
from tcelib.gateway.config.services import read_services

log = logging.getLogger("tce.gateway")


def services_of(path: str | os.PathLike[str]) -> Services | None:
    """Return what a file says; None if it has errors. All that is to be said about it is logged.

    Raises ``OSError`` if it cannot be read.
    """
    services, findings = read_services(Path(path).read_bytes())
    for finding in findings:
        log.warning("! %s:%s", path, finding)
    return services
