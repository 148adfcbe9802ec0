"""Readings that the run with stalled clients takes off sockets and metrics."""

import http.server
import socket
import threading
from collections.abc import Iterator

import pytest

from bench.scenarios.stalled import Newest, held_by_system
from bench.watch import greatest_metrics, read_metrics

RENDER = b'..."series":[[0,"~~~~%d",400.5]]}}}'


def test_the_newest_quote_is_the_last_stamp_wherever_reads_were_cut() -> None:
    text = RENDER % 111 + RENDER % 222 + b'{"type":"notice","data":{"code":"lag","lagging":false}}'
    for cut in range(len(text)):
        newest = Newest({7})
        newest.on_bytes(7, text[:cut])
        newest.on_bytes(7, text[cut:])
        assert newest.stamps() == [222]


def test_who_has_no_quote_has_none_and_who_is_not_asked_about_is_passed_over() -> None:
    newest = Newest({7})
    newest.on_bytes(7, b'"lagging":true')
    newest.on_bytes(9, RENDER % 5)
    assert newest.stamps() == [0]


def test_only_the_end_of_what_came_is_kept() -> None:
    newest = Newest({7})
    for number in range(1000):
        newest.on_bytes(7, RENDER % number)
    assert newest.stamps() == [999]
    assert len(newest._tails[7]) <= 4096


def test_what_the_system_holds_for_a_port_is_what_nobody_has_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(listener.getsockname())
        port = listener.getsockname()[1]
        server, _ = listener.accept()
        with server:
            assert held_by_system(port) == 0
            server.setblocking(False)
            sent = server.send(bytes(1_000_000))
            assert 0 < sent - 10_000 <= held_by_system(port) <= sent


class Numbers(http.server.BaseHTTPRequestHandler):
    """A gauge that goes up and down, and what else a page of metrics has."""

    values: Iterator[int]

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        value = next(self.values)
        self.wfile.write(
            b"# TYPE rtserver_outbox_bytes gauge\nrtserver_outbox_bytes %d.0\n"
            b'rtserver_lane_length{lane="quote"} 9.0\nprocess_open_fds 12.0\n' % value
        )

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    Numbers.values = iter([1, 5, *[2] * 10_000])
    with http.server.HTTPServer(("127.0.0.1", 0), Numbers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_numbers_without_labels_are_read_by_their_names(port: int) -> None:
    assert read_metrics(port) == {"outbox_bytes": 1.0, "process_open_fds": 12.0}


def test_the_greatest_value_of_the_time_is_kept(port: int) -> None:
    read_metrics(port)
    with greatest_metrics(port) as most:
        pass
    assert most["outbox_bytes"] == 5
