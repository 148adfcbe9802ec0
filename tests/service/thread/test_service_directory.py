import pytest

from rtserver.base.bridge.message import Kick, Refused, Subscribe, Unsubscribe
from rtserver.service.thread.service_directory import ServiceDirectory
from tests.service_fakes import Surroundings


class Clocks:
    """A subscribable service that keeps what it was told, and cannot bear the request ``"break"``."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def on_subscribe(self, message: Subscribe) -> None:
        if message.request == "break":
            raise KeyError("break")
        self.told.append(message)

    def on_unsubscribe(self, message: Unsubscribe) -> None:
        self.told.append(message)


@pytest.fixture
def around() -> Surroundings:
    return Surroundings()


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def directory(around: Surroundings, clocks: Clocks) -> ServiceDirectory:
    return ServiceDirectory({"clocks": clocks}, around.posted.append)


def test_a_subscription_goes_to_the_service_that_it_names(directory: ServiceDirectory, clocks: Clocks) -> None:
    messages = [Subscribe(1, 2, "clocks", "utc"), Unsubscribe(1, 2, "clocks")]
    for message in messages:
        directory.handle(message)
    assert clocks.told == messages
    assert directory.handled == 2


def test_a_service_that_is_not_there_refuses(directory: ServiceDirectory, around: Surroundings) -> None:
    directory.handle(Subscribe(1, 2, "weather", None))
    directory.handle(Unsubscribe(1, 2, "weather"))
    assert around.posted == [Refused(1, 2, "bad_request", "there is no service 'weather'")]


def test_a_service_that_fails_costs_one_subscription(
    directory: ServiceDirectory, around: Surroundings, clocks: Clocks, caplog: pytest.LogCaptureFixture
) -> None:
    directory.handle(Subscribe(1, 2, "clocks", "break"))
    directory.handle(Subscribe(1, 3, "clocks", "utc"))
    assert around.posted == [Refused(1, 2, "internal", "the service failed")]
    assert clocks.told == [Subscribe(1, 3, "clocks", "utc")]
    assert "Traceback" in caplog.text


def test_a_message_for_the_other_thread_is_logged(
    directory: ServiceDirectory, caplog: pytest.LogCaptureFixture
) -> None:
    directory.handle(Kick(1, "spam"))
    assert "Kick" in caplog.text
