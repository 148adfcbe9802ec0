"""One server for each module of these tests, with the plug-ins of docs/examples and a Redis of its own."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis

from tests.conftest import unused_port
from tests.docs.document import ROOT
from tests.docs.visitor import Visitor, log_in
from tests.e2e.conftest import browser as browser  # noqa: PLC0414 (a fixture, found by its name here)
from tests.redis_process import RedisProcess
from tests.running_server import RunningServer
from tests.until import until

MSG_HANDLERS = ",".join(
    (
        "echo_handler:EchoMsgHandler",
        "todo_list:TodoMsgHandler",
        "chat_room:ChatMsgHandler",
        "order_pie:OrderPieMsgHandler",
    )
)
SERVICES = ",".join(
    (
        "group_alert:GroupAlertMsgHandler",
        "packing_list:PackingListMsgHandler",
        "order_entry:OrderMsgHandler",
        "weather:WeatherMsgHandler",
        "chat_room:ChatService",
        "market_depth:DepthMsgHandler",
    )
)
SERVANTS = "cart_servant:CartServant"
INDICATORS = "spread:Spread"
OPTIONS = (
    *("--no-demo-quotes", "--msg-handlers", MSG_HANDLERS, "--services", SERVICES),
    *("--rpc-servants", SERVANTS, "--indicators", INDICATORS),
)


def report_weather(var_dir: Path, city: str, celsius: float) -> None:
    """Write a reading of a station, whole or not at all."""
    folder = var_dir / "weather"
    folder.mkdir(exist_ok=True)
    unfinished = folder / f"{city}.part"
    unfinished.write_text(f'{{"celsius": {celsius}}}')
    unfinished.replace(folder / f"{city}.json")


@pytest.fixture(scope="module")
def var_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory in which the server keeps the demo site's database."""
    return tmp_path_factory.mktemp("var")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, var_dir: Path) -> Iterator[RunningServer]:
    """A server that has loaded the examples."""
    with pytest.MonkeyPatch.context() as patch, RedisProcess(tmp_path_factory.mktemp("redis")) as redis_process:
        patch.setenv("PYTHONPATH", str(ROOT / "docs" / "examples"))
        patch.setenv("PACKING_DIR", str(var_dir / "packing"))
        patch.setenv("RTSERVER_REDIS_URL", redis_process.url)
        patch.setenv("WEATHER_DIR", str(var_dir / "weather"))
        report_weather(var_dir, "rome", 21.5)
        with RunningServer(redis_process.url, var_dir, unused_port(), *OPTIONS) as running:
            yield running


@pytest.fixture
def queue(server: RunningServer) -> Iterator[redis.Redis]:
    """The server's Redis, as a producer sees it."""
    with redis.Redis.from_url(server.redis_url, decode_responses=True) as client:
        yield client


@pytest.fixture(scope="module")
def session_key(server: RunningServer) -> str:
    """A session of the user demo."""
    return log_in(server)


@pytest.fixture
def visitor(server: RunningServer, session_key: str) -> Iterator[Visitor]:
    """A tab of the user demo that has only just come. Its list is empty: the tabs of the test before are gone."""
    tabs: list[Visitor] = []
    with ExitStack() as last:

        def has_come_after_the_others() -> bool:
            last.close()
            tabs.append(last.enter_context(Visitor(server, session_key)))
            return tabs[-1].receive("todo") == {"items": []}  # the example module sends a list to each tab

        until(has_come_after_the_others, "an empty list")
        yield tabs[-1]
