"""Surroundings of a gateway: the file that describes it, and a number that no other gateway has."""

import logging
import os
import secrets
from pathlib import Path

from tcelib.gateway.config.model import Services
from tcelib.gateway.config.services import read_services
from tcelib.gateway.user_id import MOST_GATEWAYS, UserIds

log = logging.getLogger("tce.gateway")


def services_of(path: str | os.PathLike[str]) -> Services | None:
    """Return what a file says; None if it has errors. All that is to be said about it is logged.

    Raises ``OSError`` if it cannot be read.
    """
    services, findings = read_services(Path(path).read_bytes())
    for finding in findings:
        log.warning("! %s:%s", path, finding)
    return services


def user_ids() -> UserIds:
    """Return the ids of a gateway that has leased no number: it takes one of eight million by chance."""
    return UserIds(secrets.randbelow(MOST_GATEWAYS))
