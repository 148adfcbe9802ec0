"""Tests that need python-qpid-proton and Java: ``make amqp``. Without the package they are not collected."""

import importlib.util
import itertools
import os
from collections.abc import Iterator

import pytest

from tests.until import PATIENCE_SECONDS

collect_ignore_glob = [] if importlib.util.find_spec("proton") else ["test_*.py"]
pytest.register_assert_rewrite("tests.tcelib.queue.test_queue", "tests.tcelib.queue.test_bare_queue")
pytest.register_assert_rewrite("tests.tcelib.queue.test_reliable_queue")
_names = itertools.count(1)


@pytest.fixture(scope="session")
def embedded_broker() -> Iterator[str]:
    """The URL of a broker in memory, on a thread."""
    from tests.amqp.broker_thread import BrokerThread  # proton may be missing

    with BrokerThread() as broker:
        yield broker.url


@pytest.fixture(scope="session")
def broker_j() -> Iterator[object]:
    """Apache Qpid Broker-J, a process."""
    from tests.amqp.broker_j_process import BrokerJProcess

    with BrokerJProcess() as broker:
        yield broker


@pytest.fixture(params=["embedded broker", "Broker-J"])
def broker_url(request: pytest.FixtureRequest) -> str:
    """The URL of each broker."""
    if request.param == "Broker-J":
        return str(request.getfixturevalue("broker_j").url)
    return str(request.getfixturevalue("embedded_broker"))


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a broker on a busy machine take its time: how long a client waits is tested where it says so."""
    for module in ("connection", "node"):
        monkeypatch.setattr(f"tcelib.queue.amqp.{module}.PATIENCE", PATIENCE_SECONDS)


@pytest.fixture
def unused_name() -> str:
    """A name of no node so far."""
    return f"queue:billing-{os.getpid()}-{next(_names)}"
