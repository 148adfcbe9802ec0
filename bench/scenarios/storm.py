"""A connection storm: everyone comes back at once. rtserver asks Django who each one is; the others let all in."""

from bench.clients import Clients
from bench.comparison import Numbers, Scale, compare
from bench.peers.running import RunningPeer
from bench.peers.table import BARE, PICOWS, PRODUCT, TORNADO, UWEBSOCKETS, WEBSOCKETS
from bench.sessions import make_sessions
from bench.target import target


def run(scale: Scale) -> Numbers:
    """Handshakes a second: 5,000 clients of 1,000 sessions, then without a login."""
    count = scale.pick(5000, 500)

    def measure(running: RunningPeer) -> Numbers:
        with running.clients() as clients:
            return {"connections_per_second": round(count / clients.connect(count))}

    return {
        f"{count} clients of {count // 5} sessions": {PRODUCT.name: with_sessions(count)},
        f"{count} clients, no login": compare(scale.peers((BARE, UWEBSOCKETS, PICOWS, WEBSOCKETS, TORNADO)), measure),
    }


def with_sessions(count: int) -> Numbers:
    """Five connections for each session."""
    with target() as found:
        keys = [session.key for session in make_sessions(found.redis_url, found.directory, count // 5)]
        with Clients(found.site, keys) as clients:
            return {"connections_per_second": round(count / clients.connect(count))}
