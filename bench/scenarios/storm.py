"""A connection storm: everyone comes back at once. rtserver asks Django who each one is; the others let all in."""

from dataclasses import replace

from bench.comparison import Numbers, Scale, compare
from bench.peers.running import RunningPeer
from bench.peers.table import LIBRARIES, PRODUCT


def run(scale: Scale) -> Numbers:
    """Handshakes a second: 5,000 clients of 1,000 sessions, five for each, then without a login."""
    count = scale.pick(5000, 500)

    def measure(running: RunningPeer) -> Numbers:
        with running.clients() as clients:
            return {"connections_per_second": round(count / clients.connect(count))}

    users = [replace(PRODUCT, users=count // 5)]
    return {
        f"{count} clients of {count // 5} sessions": compare(users, measure),
        f"{count} clients, no login": compare(scale.peers(LIBRARIES), measure),
    }
