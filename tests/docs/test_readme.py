"""The README's producers, run: lines for a shell, Python, Node, and the site's signal."""

import gzip
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.document import README, REDIS_URL, blocks, shell_lines
from tests.docs.visitor import Visitor, log_in
from tests.running_server import RunningServer

RUN_SECONDS = 60
AAPL = {"chart_id": "c", "exchange": "DEMO", "item": "AAPL"}
# Stands for the npm package: the three calls of the example, on a bare socket.
NODE_REDIS = """
import { connect } from "node:net";
const part = (text) => `$${Buffer.byteLength(text)}\\r\\n${text}\\r\\n`;
export function createClient({ url }) {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  return {
    connect: () => new Promise((done) => socket.once("connect", done)),
    rPush: (...words) => new Promise((done) => {
      socket.once("data", done);
      socket.write(`*3\\r\\n${["RPUSH", ...words].map(part).join("")}`);
    }),
    quit: async () => void socket.end(),
  };
}
"""


def run(command: list[str], server: RunningServer, **options: object) -> None:
    """Run a command that has to succeed; it finds the server's Redis by configuration, too."""
    environment = {**os.environ, "RTSERVER_REDIS_URL": server.redis_url}
    subprocess.run(command, env=environment, check=True, timeout=RUN_SECONDS, stdout=subprocess.DEVNULL, **options)


def run_python(text: str, server: RunningServer) -> None:
    """Run an example with the server's Redis in place of the example's."""
    assert REDIS_URL in text
    run([sys.executable, "-c", text.replace(REDIS_URL, server.redis_url)], server)


def watch_aapl(visitor: Visitor) -> None:
    """Follow the quote that the examples move."""
    visitor.ask("mycharts", {"type": "quote", **AAPL, "update": "dynamic"})


def newest_price(visitor: Visitor) -> float:
    """The price that comes next."""
    return visitor.receive("mycharts")["chart"]["series"][-1][2]


def test_the_shell_lines_move_a_chart_and_show_a_notice(visitor: Visitor, server: RunningServer) -> None:
    watch_aapl(visitor)
    quote, notice = shell_lines("redis-cli -u")
    run(["sh", "-c", quote.replace(REDIS_URL, server.redis_url)], server)
    assert newest_price(visitor) == 430.5
    run(shlex.split(notice.replace(REDIS_URL, server.redis_url)), server)
    assert visitor.receive("notice") == {"text": "hello"}


def test_the_line_without_redis_cli_shows_a_notice(visitor: Visitor, server: RunningServer) -> None:
    [line] = shell_lines(".venv/bin/python -m rtserver push")
    run([sys.executable, *shlex.split(line)[1:]], server)
    assert visitor.receive("notice") == {"text": "hello"}


def test_any_redis_client_of_python_moves_a_chart(visitor: Visitor, server: RunningServer) -> None:
    watch_aapl(visitor)
    run_python(blocks(README, "python")[0], server)
    assert newest_price(visitor) == 430.5


def test_the_message_queue_of_rtserver_pushes_to_a_user(visitor: Visitor, server: RunningServer) -> None:
    run_python(blocks(README, "python")[1], server)
    assert visitor.receive("notice") == {"text": "your order has left"}


@pytest.mark.javascript
def test_node_moves_a_chart(visitor: Visitor, server: RunningServer, tmp_path: Path) -> None:
    package = tmp_path / "node_modules" / "redis"
    package.mkdir(parents=True)
    (package / "package.json").write_text('{"type":"module","exports":"./index.js"}')
    (package / "index.js").write_text(NODE_REDIS)
    [example] = [block for block in blocks(README, "js") if "createClient" in block]
    (tmp_path / "producer.mjs").write_text(example.replace(REDIS_URL, server.redis_url))
    watch_aapl(visitor)
    run(["node", "producer.mjs"], server, cwd=tmp_path)
    assert newest_price(visitor) == 431.25


def test_the_size_of_the_library_is_told() -> None:
    [told] = re.findall(r"one file of (\d+) KB \(gzip\)", README.read_text())
    size = len(gzip.compress((README.parent / "site/static/js/rtc/rtc.module.js").read_bytes()))
    assert abs(size / 1000 - int(told)) < 1


def test_the_signal_closes_the_sockets_of_a_session_that_ends(server: RunningServer) -> None:
    key = log_in(server)
    before = (
        "import django\nfrom django.conf import settings\n"
        "settings.configure(INSTALLED_APPS=['django.contrib.contenttypes', 'django.contrib.auth'])\ndjango.setup()\n"
    )
    after = (
        "from types import SimpleNamespace\n"
        f"request = SimpleNamespace(session=SimpleNamespace(session_key={key!r}))\n"
        "user_logged_out.send(sender=None, request=request, user=None)\n"
    )
    with Visitor(server, key) as visitor:
        run_python(before + blocks(README, "python")[2] + after, server)
        assert visitor.socket.recv_until_close().close_code == 4009
