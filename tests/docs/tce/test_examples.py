"""The tutorial's programs, started as a reader starts them, print what stands below them."""

from pathlib import Path

import pytest

from tests.conftest import RedisServer
from tests.docs.document import ROOT, all_blocks
from tests.docs.tce.workshop import TUTORIAL, Workshop, examples, shown

TCP, WEBSOCKET = "16005", "16006"
PAIRS = [
    ("python server.py", "python client.py", [TCP]),
    ("python stock_server.py", "python stock_client.py", [TCP]),
    ("python calls_server.py", "python calls.py", [TCP]),
    ("python calls_server.py", "python promises.py", [TCP]),
    pytest.param("python calls_server.py", "node calls.mjs", [WEBSOCKET], marks=pytest.mark.javascript),
    ("python terminal_server.py", "python terminal_client.py", [TCP]),
    ("python login_server.py", "python login_client.py", [TCP]),
    ("python tls_server.py", "python tls_client.py", [TCP, WEBSOCKET]),
    ("python asyncio_server.py", "python asyncio_client.py", [TCP]),
]
RTSERVER_IDL = ROOT / "rtserver" / "idl" / "rtserver.idl"
LANGUAGES = {".py": "python", ".idl": "idl", ".mjs": "js", ".html": "html"}
AS_IN_THE_INTRODUCTION = (
    """
import tcelib as tce
from test import Server
class ServerImpl(Server):
    def echo(self, greetings, ctx):
        return greetings
tce.RpcCommunicator.instance().init('server')
ep = tce.RpcEndPoint(host='', port=16005)
adapter = tce.RpcCommunicator.instance().createAdapter('first_server', ep)
adapter.addServant(ServerImpl())
tce.RpcCommunicator.instance().waitForShutdown()
""",
    """
import tcelib as tce
from test import ServerPrx
tce.RpcCommunicator.instance().init()
ep = tce.RpcEndPoint(host='localhost', port=16005)
prx = ServerPrx.create(ep)
print(prx.echo('hello'))
""",
)

AS_IN_THE_ORIGINAL = """
import tcelib as tce
from test import ServerPrx
tce.RpcCommunicator.instance().init()
prx = ServerPrx.create(tce.RpcEndPoint(host='localhost', port=16005))
print(prx.echo("hello", timeout=0, extra={'date': '1926-12-12'}))
print(prx.echo("hello", {'first': 1, 'second': 2}))
print(prx.timeout(1, 6, extra={}))
try:
    print(prx.timeout(1, 0.1))
except tce.RpcException as e:
    print(e.what())
prx.heartbeat_oneway('hello world!', extra={})
def hello_callback_async(result, proxy, cookie):
    print(result, cookie)
print(prx.echo_async('pingpang', hello_callback_async, cookie='cookie', extra={}).get())
"""


def test_the_tutorial_shows_the_example_files_whole() -> None:
    files = [file for file in (RTSERVER_IDL, *examples()) if file.suffix in LANGUAGES]
    wanted = [(LANGUAGES[file.suffix], file.read_text(encoding="utf-8")) for file in files]
    blocks = [tuple(block) for block in all_blocks(TUTORIAL) if block.info in LANGUAGES.values()]
    assert sorted(blocks) == sorted(wanted)


@pytest.mark.parametrize(("server", "client", "ports"), PAIRS, ids=lambda each: each if isinstance(each, str) else "")
def test_a_client_prints_what_the_tutorial_says(
    workshop: Workshop, server: str, client: str, ports: list[str]
) -> None:
    with workshop.serving(server, *ports):
        output, errors = workshop.run(client)
    assert output == shown(f"text {client.rsplit(maxsplit=1)[-1]}")
    assert errors == ""


def test_a_one_way_call_arrives(workshop: Workshop) -> None:
    with workshop.serving("python calls_server.py", TCP) as server:
        workshop.run("python calls.py")
        server.stop()
    assert server.output == shown("text calls_server.py")


def test_the_server_with_users_knows_who_left(workshop: Workshop) -> None:
    with workshop.serving("python login_server.py", TCP) as server:
        workshop.run("python login_client.py")
        server.stop()
    assert set(server.output.splitlines()) == {"a stranger left", "ann left", "bob left"}


def test_calls_over_a_queue_are_answered(tmp_path: Path, redis_server: RedisServer, redis_url: str) -> None:
    assert str(redis_server.port) in redis_url  # the fixture has emptied it
    workshop = Workshop(tmp_path / "checkout", redis_server.port)
    workshop.run("tce2py -i test.idl")
    with workshop.serving("python queue_server.py"):
        output, errors = workshop.run("python queue_client.py")
    assert (output, errors) == (shown("text queue_client.py"), "")


@pytest.mark.javascript
def test_a_server_on_asyncio_serves_pages_and_programs_at_the_same_time(workshop: Workshop) -> None:
    workshop.write(
        "echo.mjs",
        """
        import { ServerProxy } from "./test.js";
        const prx = ServerProxy.create("ws://localhost:16006/");
        console.log(await prx.echo("hello"));
        prx.conn.close();
    """,
    )
    with workshop.serving("python asyncio_server.py", TCP, WEBSOCKET):
        assert workshop.run("python client.py") == workshop.run("node echo.mjs") == ("hello\n", "")


def test_the_shortest_server_and_client_run_as_they_are_written(empty_workshop: Workshop) -> None:
    server, client = AS_IN_THE_INTRODUCTION
    empty_workshop.write("s.py", server)
    empty_workshop.write("c.py", client)
    empty_workshop.run("tce2py -i test.idl -o ./")
    with empty_workshop.serving("python s.py", TCP):
        assert empty_workshop.run("python c.py") == ("hello\n", "")


def test_calls_are_written_as_the_originals_users_write_them(workshop: Workshop) -> None:
    workshop.write("original.py", AS_IN_THE_ORIGINAL)
    with workshop.serving("python calls_server.py", TCP):
        output, errors = workshop.run("python original.py")
    said = [
        "hello",
        "hello",
        "None",
        "RPCERROR_TIMEOUT: no answer from test.Server.timeout",
        "pingpang cookie",
        "pingpang",
    ]
    assert (output.splitlines(), errors) == (said, "")
