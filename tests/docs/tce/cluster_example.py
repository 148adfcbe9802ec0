"""The example of the cluster, started by the commands of its document."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tcelib.lease.redis import RedisLeases
from tcelib.redis.redis_connection import plain_client
from tcelib.service.service_lease import REGISTRY, SERVICE
from tests.docs.document import ROOT, blocks
from tests.docs.tce.workshop import Workshop
from tests.until import until

CLUSTER = ROOT / "docs" / "tce" / "cluster"
PAGE = ROOT / "docs" / "tce" / "cluster.md"
SOCKET, WEBSOCKET = "12002", "12001"
NOTED = """came = []
print_ = print


def print(*words):
    print_(*words)
    came.append(words)


"""
ALL_CALLS = """
call_twoway()
call_timeout()
call_async()
call_extras()
call_oneway()
prxGWS.ping()
call_bidirection()
while ("onMessage:", "server push message!") not in came or ("cookie:", "cookie") not in came:
    tce.sleep(0.01)
tce.RpcCommunicator.instance().shutdown()
"""


def made_cluster(root: Path, port: int, kind: str = "qpid") -> Workshop:
    """The files, compiled as the document says, with queues of a ``kind`` at a ``port`` of this machine."""
    replaced = {'type="qpid"': f'type="{kind}"', "type: qpid": f"type: {kind}", "5672": port}
    workshop = Workshop(root, source=CLUSTER, ports=(SOCKET, WEBSOCKET), replaced=replaced)
    for line in blocks(PAGE, "sh compile")[0].splitlines():
        workshop.run(line)
    return workshop


def command(what: str) -> str:
    """The line of the page that starts a program."""
    [line] = blocks(PAGE, f"sh {what}")
    return line.strip()


def until_served(url: str) -> None:
    """Wait until a service of the example holds a lease: before that a gateway answers calls at once."""
    with plain_client(url) as client:
        leases = RedisLeases(client, REGISTRY)
        reads = ("mq_server",)
        until(
            lambda: reads in [each.registration.reads for each in leases.holders(SERVICE)], "the server has a lease"
        )


def check_every_call(cluster: Workshop, wait_served: Callable[[], object] = lambda: None) -> None:
    """Run server, gateway and client, which calls all that the document shows. What they print must be right."""
    text = (CLUSTER / "client.py").read_text(encoding="utf-8")
    text = text.replace("timeout(3, 6)", "timeout(1, 6)").replace("\n\nclass", f"\n\n{NOTED}class", 1)
    cluster.write("all_calls.py", text.replace("\ncall_twoway()\ntce.sleep()\n", ALL_CALLS))
    with cluster.serving(command("server")) as server:
        wait_served()
        with cluster.serving(command("gateway"), SOCKET) as gateway:
            assert first_line_of_client(cluster) == blocks(PAGE, "text client")[0]
            output, errors = cluster.run("python all_calls.py")
    assert (output.splitlines(), errors) == (
        [
            "Yah! hello",
            "None",
            "async call result: Yah! pingpang",
            "cookie: cookie",
            "Yah! hello",
            "onMessage: server push message!",
        ],
        "",
    )
    assert gateway.output == "ping\n"
    user_id = server.output.split()[-1]
    assert 0 < int(user_id) < 2**63
    assert [line.partition(":")[0] for line in server.output.splitlines()] == [
        "extra oob data",
        "extra oob data",
        "enter timeout",
        "extra oob data",
        "extra oob data",
        "hello world!",
        f"mq_gateway {user_id}",
    ]


def first_line_of_client(cluster: Workshop) -> str:
    """Run the client as it is: it stays until it is told to stop."""
    first, *rest = command("client").split()
    assert first == "python"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-u", *rest], cwd=cluster.directory, env=environment, stdout=subprocess.PIPE, text=True
    ) as client:
        assert client.stdout is not None
        line = client.stdout.readline()
        client.terminate()
        assert client.wait() in {0, -signal.SIGTERM}  # the latter if it had not begun to wait yet
    return line
