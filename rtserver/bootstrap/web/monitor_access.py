"""MonitorAccess: which senders may read ``/metrics`` and the details of ``/readyz``.

The peer's address, the Host and the presence of a proxy decide. The process's own port on loop-back is the safe place
to ask. At the public port a proxy that sends no header of its own looks like a client on its machine, so nothing is
shown there if a proxy is likely, unless the operator wants it.
"""

from dataclasses import dataclass

from tornado.httputil import HTTPServerRequest

from rtserver.base.wire.forwarded import Networks, is_within, read_networks
from rtserver.base.wire.host import is_our_host
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.loopback import LOOPBACK, is_loopback
from rtserver.bootstrap.config.monitor import ADVICE, FOREIGN_HOST, PROXIED, own_names
from rtserver.bootstrap.web.application import direct_peer

OFF = f"not shown at this port, which may be behind a proxy; {ADVICE}, or public_metrics"
FOREIGN_PEER = f"not for this address; see metrics_allow, or {ADVICE}"


@dataclass(frozen=True)
class MonitorAccess:
    """Rule of one port: peers in ``networks`` that ask for one of ``names`` or an address, if it ``is_on``."""

    networks: Networks
    names: frozenset[str]
    is_on: bool = True

    def refusal(self, request: HTTPServerRequest) -> str:
        """Return why the sender of a ``WebApplication``'s request is refused; empty for a sender who is allowed."""
        if not self.is_on:
            return OFF
        peer = direct_peer(request)
        if peer is None:
            return PROXIED
        if not is_within(peer, self.networks):
            return FOREIGN_PEER
        return "" if is_our_host(request.headers.get("Host", ""), self.names) else FOREIGN_HOST


def public_access(config: Config) -> MonitorAccess:
    """Return the rule of the public port."""
    return MonitorAccess(read_networks(config.metrics_allow), own_names(config), tells_at_public_port(config))


def private_access(config: Config) -> MonitorAccess:
    """Return the rule of the port on loop-back."""
    return MonitorAccess(LOOPBACK, own_names(config))


def tells_at_public_port(config: Config) -> bool:
    """Return True if the public port shows them at all. By default only without a known proxy or clients from
    elsewhere.
    """
    if config.public_metrics == "auto":
        return is_loopback(config.host) and not config.trusted_proxies
    return config.public_metrics == "on"
