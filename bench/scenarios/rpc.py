"""Remote calls: a two-way echo of 48 bytes by TCE, its peers, and rtserver's JSON over WebSocket; and their codecs.

Three kinds of load: a few connections with very many calls under way on each, 50 clients with one each, and new
connections with one call each. A call counts when every byte of its answer was what it has to be.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from operator import itemgetter
from typing import TypeAlias

from bench.caller import Callers, connections_per_second
from bench.comparison import Numbers, Scale, compare
from bench.peers import call_wire
from bench.peers.call_wire import TEXT, Talk
from bench.peers.grpc_wire import GrpcTalk
from bench.peers.one_way import GROUP, GROUPS, SERVED, PushTalk
from bench.peers.running import REPOSITORY, SCRIPTS, RunningPeer
from bench.peers.table import GRPCIO, ICE, PRODUCT, TCELIB, TCELIB_GEVENT, THRIFTPY2, Peer
from bench.process import SERVER_CORE, pinned
from bench.spent import measured
from rtserver.bench.client.error import TargetError

MakeTalker: TypeAlias = Callable[[], Callable[[], Talk]]
FEW, DEPTH = 4, 1000
GRPC_DEPTH = 100  # HTTP/2 asks servers to allow that many; of a thousand, grpcio refuses most
CLIENTS = 50


@dataclass(frozen=True)
class Rpc:
    """One row. ``talker`` prepares its bytes; ``codec`` is a script in ``bench/peers``, where it can be had alone.

    ``one_way`` prepares the bytes of groups of one-way calls.
    """

    peer: Peer
    talker: MakeTalker
    codec: str = ""
    depth: int = DEPTH
    one_way: Mapping[str, MakeTalker] = field(default_factory=dict)


ONE_WAY: Mapping[str, MakeTalker] = {"one-way served": SERVED.talker, "one-way sent": lambda: PushTalk}
RPCS = (
    Rpc(TCELIB, call_wire.TCE.talker, "tce.py", one_way=ONE_WAY),
    Rpc(TCELIB_GEVENT, call_wire.TCE.talker, one_way=ONE_WAY),
    Rpc(THRIFTPY2, call_wire.THRIFT.talker, "thrift.py"),
    Rpc(ICE, call_wire.ICE.talker),
    Rpc(GRPCIO, lambda: GrpcTalk, "grpcio.py", GRPC_DEPTH),
    Rpc(replace(PRODUCT, name="rtserver, JSON ping"), call_wire.JSON.talker, "json_codec.py"),
)


def run(scale: Scale) -> Numbers:
    """All of them."""
    rpcs = {rpc.peer: rpc for rpc in RPCS}
    count, rounds = scale.pick(5000, 1000), scale.pick(3, 1)

    def measure(running: RunningPeer) -> Numbers:
        rpc = rpcs[running.peer]
        talker = rpc.talker()
        numbers: Numbers = {"codec": codec(rpc)} if rpc.codec else {}
        for name, clients, depth in (("pipelined", FEW, rpc.depth), ("depth 1", CLIENTS, 1)):
            with running.sockets(clients) as sockets, Callers(sockets, talker, depth) as callers:
                numbers[name] = best(running, rounds, lambda: callers.measure(scale.seconds)["per_second"])
        for name, make_talker in rpc.one_way.items():
            with running.sockets(FEW) as sockets, Callers(sockets, make_talker(), GROUPS) as callers:
                numbers[name] = best(running, rounds, lambda: callers.measure(scale.seconds, GROUP)["per_second"])
        if running.peer.server:
            connect = partial(connections_per_second, running.port, talker, count)
            numbers["connections"] = best(running, rounds, connect)
        return numbers

    return {f"echo of {len(TEXT)} bytes": compare(list(rpcs), measure)}


def best(running: RunningPeer, rounds: int, rate: Callable[[], float]) -> Numbers:
    """The best of some rounds, as the others were disturbed."""
    each = (measured(running.pid, lambda: {"per_second": round(rate())}) for _ in range(rounds))
    return max(each, key=itemgetter("per_second"))


def codec(rpc: Rpc) -> Numbers:
    """Microseconds to write and to read a struct, in a process of its own on the server's core."""
    with tempfile.TemporaryDirectory() as directory:
        variables = {"BENCH_DIRECTORY": directory} | ({} if rpc.peer.environment else {"PYTHONPATH": str(REPOSITORY)})
        command = pinned(SERVER_CORE, rpc.peer.python(), str(SCRIPTS / rpc.codec), "--codec")
        done = subprocess.run(command, env={**os.environ, **variables}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise TargetError(f"{rpc.codec}: {done.stderr.strip().splitlines()[-1:]}")
    found: Numbers = json.loads(done.stdout.splitlines()[-1])
    return {**found, "both_us": round(found["write_us"] + found["read_us"], 3)}
