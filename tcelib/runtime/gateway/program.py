"""The gateway program for those who need no servants of their own: what services.xml says, and nothing else."""

import logging
import os

from tcelib.gateway.config.text_value import words_of
from tcelib.runtime.communicator import RpcCommunicator
from tcelib.runtime.gateway.error import START_ERRORS, GatewayError, told
from tcelib.runtime.gateway.message_route import services_of

log = logging.getLogger("tce.gateway")


def start_gateway(name: str, path: str | os.PathLike[str]) -> RpcCommunicator:
    """Return the program of the server ``name`` of a services.xml. It listens, and its queues are open.

    What is wrong with the file is logged. Raises ``GatewayError``, for a file that cannot be read as well.
    """
    program = RpcCommunicator().init(name)
    try:
        _start(program, path)
    except BaseException:
        program.shutdown()
        raise
    return program


def _start(program: RpcCommunicator, path: str | os.PathLike[str]) -> None:
    server = program.currentServer()
    try:
        services = services_of(path)
    except OSError as error:
        raise GatewayError(f"{path}: {error.strerror}") from error
    if services is None:
        raise GatewayError(f"{path} has errors")
    program.route(services)
    if not server.routes:
        raise GatewayError(f"{path} has no routes for a server called {server.name!r}")
    for endpoint_name in words_of(server.getPropertyValue("listen", "")):
        try:
            adapter = program.createAdapter(endpoint_name, endpoint_name)
        except START_ERRORS as error:
            raise GatewayError(f"{endpoint_name} cannot be opened: {told(error)}") from error
        log.info("= listening at %s: %s", endpoint_name, adapter.ep)
