"""The gateway program for those who need no servants of their own: what services.xml says, and nothing else."""

import logging
import os

from tcelib.gateway.config.text_value import words_of
from tcelib.runtime.communicator import RpcCommunicator

log = logging.getLogger("tce.gateway")


class GatewayError(Exception):
    """A gateway that cannot start. Its text is a sentence."""


def start_gateway(name: str, path: str | os.PathLike[str]) -> RpcCommunicator:
    """Return the program of the server ``name`` of a services.xml. It listens, and its queues are open.

    What is wrong with the file is logged. Raises ``GatewayError``, and ``OSError`` for the file.
    """
    program = RpcCommunicator().init(name)
    if not program.initMessageRoute(path):
        raise GatewayError(f"{path} has errors")
    server = program.currentServer()
    if not server.routes:
        raise GatewayError(f"{path} has no routes for a server called {name!r}")
    try:
        for endpoint_name in words_of(server.getPropertyValue("listen", "")):
            adapter = program.createAdapter(endpoint_name, endpoint_name)
            log.info("= listening at %s: %s", endpoint_name, adapter.ep)
    except (OSError, ValueError) as error:
        program.shutdown()
        raise GatewayError(f"{endpoint_name} cannot be opened: {error}") from error
    return program
