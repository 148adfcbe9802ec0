"""Programs whose queues are named in config.yml, as the documents' server.py begins."""

from collections.abc import Iterator
from pathlib import Path

import gevent.event
import pytest

import tcelib as tce
from tcelib.core.proxy import AF_READ
from tests.tcelib.transport.talk import Talk, TalkPrx

CONFIG = """
common_defs:
  endpoints:
    - name: calls
      type: KIND
      host: URL
    - name: answers
      type: KIND
      host: URL
      address: answers;{create:always,node:{type:queue,durable:true}}
server:
  endpoints:
    - {name: calls, af_mode: AF_READ}
    - {name: answers, af_mode: AF_WRITE}
client:
  endpoints:
    - {name: calls, af_mode: AF_WRITE}
    - {name: answers, af_mode: AF_READ}
  endpoint_pairs:
    - {call: calls, return: answers}
"""


@pytest.fixture
def server() -> Iterator[tce.RpcCommunicator]:
    """Communicator of the program ``server``."""
    communicator = tce.RpcCommunicator()
    yield communicator.init("server")
    communicator.shutdown()


@pytest.fixture
def client() -> Iterator[tce.RpcCommunicator]:
    """Communicator of the program ``client``."""
    communicator = tce.RpcCommunicator()
    yield communicator.init("client")
    communicator.shutdown()


def written(directory: Path, text: str) -> str:
    file = directory / "config.yml"
    file.write_text(text)
    return str(file)


@pytest.mark.parametrize("kind", ["mq", "stream"])
def test_a_call_goes_over_the_queues_of_the_file_and_back(
    server: tce.RpcCommunicator, client: tce.RpcCommunicator, tmp_path: Path, redis_url: str, kind: str
) -> None:
    path = written(tmp_path, CONFIG.replace("KIND", kind).replace("URL", redis_url))
    assert server.initMQEndpoints(path) is server
    servant = Talk(gevent.event.Event())
    tce.RpcAdapterMQ("adapter", "calls", communicator=server).addServant(servant).start()
    client.initMQEndpoints(path)
    prx = TalkPrx(client.openEndPoint("calls"))
    assert prx.echo("hello") == "hello"


def test_an_adapter_reads_nothing_before_it_is_started(
    server: tce.RpcCommunicator, tmp_path: Path, redis_url: str
) -> None:
    server.initMQEndpoints(written(tmp_path, CONFIG.replace("KIND", "mq").replace("URL", redis_url)))
    adapter = tce.RpcAdapterMQ("adapter", "calls", communicator=server)
    assert server.getConnectionMQCollection().get("calls") is None
    assert server.getConnectionMQCollection().get("answers") is not None
    adapter.start()
    assert server.getConnectionMQCollection().get("calls") is not None


def test_an_adapter_takes_endpoints_and_connections_as_well_as_names(
    server: tce.RpcCommunicator, tmp_path: Path, redis_url: str
) -> None:
    server.initMQEndpoints(written(tmp_path, CONFIG.replace("KIND", "mq").replace("URL", redis_url)))
    other = server.addEndPoint(tce.RpcEndPoint(name="other", host=redis_url, type_="mq"))
    third = server.addEndPoint(tce.RpcEndPoint(name="third", host=redis_url, type_="mq")).open(AF_READ)
    adapter = tce.RpcAdapterMQ("adapter", "calls", other, third, communicator=server).start()
    assert adapter.connections == {server.openEndPoint("calls"), other.impl, third}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("common_defs: {endpoints: [{name: a, type: zmq}]}\nserver: {}", r"config\.yml:1:27: error: zmq cannot"),
        ("common_defs: {endpoints: []}\nclient: {endpoints: []}", "no program is called 'server'; there are: client"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(
    server: tce.RpcCommunicator, tmp_path: Path, text: str, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        server.initMQEndpoints(written(tmp_path, text))


def test_a_file_that_is_not_there_is_an_os_error(server: tce.RpcCommunicator, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        server.initMQEndpoints(str(tmp_path / "config.yml"))


def test_a_warning_of_the_file_is_logged(
    server: tce.RpcCommunicator, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server.initMQEndpoints(written(tmp_path, "common_defs: {endpoints: []}\nserver: {endpoints: [], colour: red}"))
    assert "unknown key 'colour' in server" in caplog.text


def test_the_default_communicator_is_the_one_of_create() -> None:
    adapter = tce.RpcAdapterMQ.create("adapter", "calls")
    with pytest.raises(KeyError, match="no endpoint is called 'calls'"):
        adapter.start()
