"""The gateway program for those who need no servants of their own: what services.xml says, and nothing else."""

import logging
import os
from collections.abc import Sequence

from tcelib.gateway.config.text_value import words_of
from tcelib.runtime.communicator import RpcCommunicator
from tcelib.runtime.gateway.error import START_ERRORS, GatewayError, told
from tcelib.runtime.gateway.message_route import services_of
from tcelib.runtime.token_listener import RECHECK_SECONDS, TokenListener
from tcelib.runtime.token_look_up import Verify

NOBODY_KNOWS_USERS = (
    "its clients need a user id (userid_check), and nobody looks at their tokens: --config names the rtserver.toml "
    "of the site that knows its users"
)
log = logging.getLogger("tce.gateway")


def start_gateway(
    name: str,
    path: str | os.PathLike[str],
    verify: Verify | None = None,
    *,
    recheck_seconds: float = RECHECK_SECONDS,
    admin: str = "",
    idl: Sequence[str] = (),
) -> RpcCommunicator:
    """Return the program of the server ``name`` of a services.xml. It listens, and its queues are open.

    ``verify`` knows the users of tokens, which are looked up again every ``recheck_seconds``. ``admin`` is an address
    for monitors, by default the property of that name; the files ``idl`` name operations there. What is wrong with
    the file is logged. Raises ``GatewayError``, for a file that cannot be read as well.
    """
    program = RpcCommunicator().init(name)
    try:
        _route(program, path)
        _look_at_tokens(program, verify, recheck_seconds)
        _serve_admin(program, admin or program.currentServer().getPropertyValue("admin", ""), idl)
        _listen(program)
    except BaseException:
        program.shutdown()
        raise
    return program


def _route(program: RpcCommunicator, path: str | os.PathLike[str]) -> None:
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


def _look_at_tokens(program: RpcCommunicator, verify: Verify | None, recheck_seconds: float) -> None:
    server = program.currentServer()
    if verify is not None:
        program.setConnectionEventListener(
            TokenListener(
                verify,
                is_required=server.checks_user_ids,
                login_seconds=server.limits.login_seconds,
                recheck_seconds=recheck_seconds,
            )
        )
    elif server.checks_user_ids:
        raise GatewayError(f"{server.name}: {NOBODY_KNOWS_USERS}")


def _listen(program: RpcCommunicator) -> None:
    server = program.currentServer()
    for endpoint_name in words_of(server.getPropertyValue("listen", "")):
        try:
            adapter = program.createAdapter(endpoint_name, endpoint_name)
        except START_ERRORS as error:
            raise GatewayError(f"{endpoint_name} cannot be opened: {told(error)}") from error
        log.info("= listening at %s: %s", endpoint_name, adapter.ep)


def _serve_admin(program: RpcCommunicator, address: str, idl: Sequence[str]) -> None:
    if not address:
        return
    try:
        port = program.serveAdmin(address, *idl)
    except (OSError, ValueError) as error:
        raise GatewayError(f"the admin address {address}: {error}") from error
    log.info("= monitors are answered at %s:%d", address.rpartition(":")[0], port)
