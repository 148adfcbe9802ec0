"""Remote calls: a two-way echo of 48 bytes by TCE, its peers, and rtserver's JSON over WebSocket; and their codecs.

Three kinds of load: a few connections with very many calls under way on each, 50 clients with one each, and new
connections with one call each. A call counts when every byte of its answer was what it has to be.
"""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from operator import itemgetter

from bench.caller import Callers, connections_per_second
from bench.comparison import Numbers, Scale, compare
from bench.peers import call_wire
from bench.peers.call_wire import TEXT, Talk
from bench.peers.grpc_wire import GrpcTalk
from bench.peers.running import REPOSITORY, SCRIPTS, RunningPeer
from bench.peers.table import GRPCIO, ICE, PRODUCT, TCELIB, TCELIB_GEVENT, THRIFTPY2, Peer
from bench.process import SERVER_CORE, cpu_seconds, pinned
from rtserver.bench.client.error import TargetError

FEW, DEPTH = 4, 1000
GRPC_DEPTH = 100  # HTTP/2 asks servers to allow that many; of a thousand, grpcio refuses most
CLIENTS = 50


@dataclass(frozen=True)
class Rpc:
    """One row. ``talker`` prepares its bytes; ``codec`` is a script in ``bench/peers``, where it can be had alone."""

    peer: Peer
    talker: Callable[[], Callable[[], Talk]]
    codec: str = ""
    depth: int = DEPTH


RPCS = (
    Rpc(TCELIB, call_wire.TCE.talker, "tce.py"),
    Rpc(TCELIB_GEVENT, call_wire.TCE.talker),
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
        if running.peer.server:
            connect = partial(connections_per_second, running.port, talker, count)
            numbers["connections"] = best(running, rounds, connect)
        return numbers

    return {f"echo of {len(TEXT)} bytes": compare(list(rpcs), measure)}


def best(running: RunningPeer, rounds: int, rate: Callable[[], float]) -> Numbers:
    """The best of some rounds, as the others were disturbed, and the share of its core that the server spent on it.

    Where that is far below 1, something else was the limit.
    """
    return max((measured(running, rate) for _ in range(rounds)), key=itemgetter("per_second"))


def measured(running: RunningPeer, rate: Callable[[], float]) -> Numbers:
    """One round."""
    begun, spent = time.perf_counter(), cpu_seconds(running.pid)
    per_second = round(rate())
    spent = cpu_seconds(running.pid) - spent
    return {"per_second": per_second, "server_busy": round(spent / (time.perf_counter() - begun), 2)}


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
