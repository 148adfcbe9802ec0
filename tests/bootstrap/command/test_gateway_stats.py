"""``rtserver gateway stats`` shows what a gateway's page of metrics says."""

import http.server
import math
import threading
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from rtserver.bootstrap.command.cli import main
from rtserver.bootstrap.command.gateway_page import NoGatewayError, lines, percentile, read_page
from tcelib.error import RPCERROR_TIMEOUT
from tcelib.gateway.operation_name import OperationNames
from tcelib.runtime.gateway.traffic_page import TrafficPage
from tcelib.wire.message import CALL, build_body, parse_body
from tests.conftest import unused_port
from tests.tcelib.gateway.rig import SERVER, answer, forwarded, small


class Scene:
    """A gateway's core, and its page."""

    def __init__(self) -> None:
        self.router = small(most_waiting=1_000)
        self.client = self.router.clients.connect("clients")
        names = OperationNames({"test.Server": SERVER}, {"test.Server": {1: "echo"}})
        self._page = TrafficPage(self.router.state, names, {})

    def call(self, operation: int, seconds: float, count: int = 1, errcode: int = 0) -> None:
        """Calls that are answered after so many seconds; after infinitely many, never."""
        for _ in range(count):
            sequence = len(self.client.waiting) + 1
            packet = parse_body(build_body(sequence, CALL, SERVER << 16 | operation))
            body = forwarded(self.router.clients.receive(self.client, packet, 1000.0))
            if math.isfinite(seconds):
                source = self.router.services.source("answers")
                self.router.services.receive(source, answer(body, errcode=errcode), round((1000.0 + seconds) * 1e6))

    @property
    def text(self) -> str:
        """The page."""
        return self._page.render().decode()

    def shown(self) -> list[str]:
        """The lines that a person sees."""
        return list(lines(read_page(self.text)))


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_each_operation_has_a_row_with_its_name_or_its_number(scene: Scene) -> None:
    scene.call(1, 0.010, 99)
    scene.call(1, 4.0, 1)
    scene.call(3, math.inf)
    heading, third, echo, *rest = scene.shown()
    assert heading.split() == ["INTERFACE", "OPERATION", "CALLS", "ONE-WAY", "ERRORS", "IN", "FLIGHT", "P50", "P99"]
    assert echo.split()[:6] == ["test.Server", "echo", "100", "0", "0", "0"]
    assert third.split() == ["test.Server", "3", "1", "0", "0", "1", "-", "-"]
    assert rest == ["", "clients    clients 1", "refused    -", "dropped    -"]


def test_errors_are_told_by_their_codes_and_refusals_by_their_reasons(scene: Scene) -> None:
    scene.call(1, 0.010, 2, errcode=6)
    scene.call(1, math.inf)
    list(scene.router.clients.expire(2000.0))
    scene.call(1, math.inf)
    scene.router.services.receive(scene.router.services.source("answers"), b"?")
    _, row, *rest = scene.shown()
    assert f"3 ({RPCERROR_TIMEOUT}: 1, 6: 2)" in row
    assert rest[-2:] == ["refused    timeout 1", "dropped    malformed 1"]


def test_a_later_page_shows_only_what_has_happened_since(scene: Scene) -> None:
    scene.call(1, 4.0, 50)
    before = read_page(scene.text)
    scene.call(1, 0.010, 3)
    _, row, *_ = lines(read_page(scene.text), before)
    assert row.split()[2] == "3"
    assert row.split()[-1] == "ms"


def test_after_a_restart_of_the_gateway_counts_are_those_since_then(scene: Scene) -> None:
    scene.call(1, 4.0, 50)
    scene.call(2, 4.0)
    scene.call(1, math.inf)
    list(scene.router.clients.expire(2000.0))
    before = read_page(scene.text)
    anew = Scene()
    anew.call(1, 0.010, 3)
    anew.call(2, 0.010, 4)
    now = read_page(anew.text)
    assert list(lines(now, before)) == list(lines(now))
    assert list(lines(read_page(Scene().text), before)) == list(lines(read_page(Scene().text)))


def test_a_gateway_without_calls_says_so(scene: Scene) -> None:
    assert scene.shown()[0] == "no calls yet"


@pytest.mark.parametrize(("share", "seconds"), [(0.5, 0.015), (0.99, 0.0198), (1.0, 0.02)])
def test_answers_lie_evenly_in_their_class(share: float, seconds: float) -> None:
    buckets = {0.01: 0.0, 0.02: 10.0, math.inf: 10.0}
    assert percentile(buckets, share) == pytest.approx(seconds, rel=0.01)


def test_above_the_last_bound_nothing_is_known() -> None:
    assert math.isinf(percentile({1.0: 1.0, math.inf: 10.0}, 0.5))
    assert math.isnan(percentile({1.0: 0.0, math.inf: 0.0}, 0.5))
    assert math.isnan(percentile({}, 0.5))


@pytest.mark.parametrize("text", ["", "<html>", "# TYPE up gauge\nup 1\n", "tce_gateway_calls_total{ 1"])
def test_another_page_is_none_of_a_gateway(text: str) -> None:
    with pytest.raises(NoGatewayError):
        read_page(text)


# The command.


@pytest.fixture
def monitored(scene: Scene) -> Iterator[str]:
    """The address of a server whose every page is the scene's."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/metrics" else 404)
            self.end_headers()
            self.wfile.write(scene.text.encode())

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def stats(address: str) -> Result:
    return CliRunner().invoke(main, ["gateway", "stats", address])


def test_the_command_prints_the_table(scene: Scene, monitored: str) -> None:
    scene.call(1, 0.010, 7)
    result = stats(monitored)
    assert result.exit_code == 0
    assert result.output.splitlines() == scene.shown()


def test_where_nobody_listens_one_line_says_so() -> None:
    address = f"127.0.0.1:{unused_port()}"
    result = stats(address)
    assert result.exit_code == 1
    assert f"{address} cannot be asked" in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("address", ["127.0.0.1:port", "a b:1", ""])
def test_what_is_no_address_is_one_line(address: str) -> None:
    result = stats(address)
    assert (result.exit_code, "Traceback" in result.output) == (1, False)


def test_another_server_is_no_gateway(monitored: str) -> None:
    result = stats(f"{monitored}/elsewhere")
    assert result.exit_code == 1
    assert "no gateway" in result.output
