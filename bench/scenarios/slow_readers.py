"""One in twenty subscribers stops reading: whether the others notice, and whether the server's memory does."""

from dataclasses import asdict

from bench.comparison import Numbers, Scale, compare
from bench.peers.running import RunningPeer
from bench.peers.table import LIBRARIES
from bench.peers.work import Order
from bench.sweep import measure as measure_step
from rtserver.bench.process import resident_bytes

READERS, STOPPED = 190, 10
# Large and not many, so that every peer can do it and the system's own buffers of 4 MB are soon full.
ORDER = Order(rate=60, size=32_000)
RECEIVE_BUFFER = 4096


def run(scale: Scale) -> Numbers:
    """Ages in milliseconds before and after, and by how much the server grew."""
    seconds = float(scale.pick(5, 1))

    def measure(running: RunningPeer) -> Numbers:
        with running.clients() as readers, running.clients(receive_buffer=RECEIVE_BUFFER) as stopped:
            readers.connect(READERS)
            running.open_up(readers, [0])
            before = measure_step(running, readers, ORDER, READERS, seconds / 2)
            running.rest()
            stopped.connect(STOPPED)
            running.open_up(stopped, [0])
            size = resident_bytes(running.pid)
            after = measure_step(running, readers, ORDER, READERS, seconds)
            grown = resident_bytes(running.pid) - size
        return {"all read": asdict(before), "some stopped": asdict(after), "bytes_grown": grown}

    peers = scale.peers(LIBRARIES)
    return {f"{READERS} readers, {STOPPED} stopped": compare(peers, measure)}
