"""Things that all tests share: a Redis of their own, free ports, a certificate, and the rule that nothing is skipped.

The Redis is a real one, started once per test process (so xdist's workers never meet in one) and emptied before every
test that asks for it.

Properties are tried with the same examples in every run, so that a run says something about the change and nothing
about luck. ``--hypothesis-profile deep`` tries others, and many more of them.
"""

import asyncio
import gc
import logging
import signal
import subprocess
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis
from hypothesis import settings

from rtserver.bench.free_port import free_port as unused_port
from tests.run_order import has_browser, spread
from tests.shared_browser import SHARED_BROWSER, SharedBrowser

REDIS_ATTEMPTS = 5
REDIS_OPTIONS = ("--save", "", "--appendonly", "no", "--logfile", "")
STOP_SECONDS = 10.0
NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
LOOPBACK = ("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost")


@dataclass(frozen=True)
class RedisServer:
    """A running redis-server that keeps nothing."""

    port: int
    url: str


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A redis-server on a free port of loopback, without persistence. It ends with the session."""
    process, port = _start_redis(tmp_path_factory.mktemp("redis"))
    yield RedisServer(port, f"redis://127.0.0.1:{port}/0")
    process.terminate()
    process.wait(STOP_SECONDS)


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """The address of a Redis that is empty when the test begins."""
    return _emptied(redis_server.port, 0)


@pytest.fixture(scope="module")
def module_redis_url(redis_server: RedisServer) -> str:
    """The same for what is up for all tests of a module: out of the way of those that begin with an empty one."""
    return _emptied(redis_server.port, 1)


@pytest.fixture
def free_port() -> int:
    """A port of loopback that nobody listened on a moment ago."""
    return unused_port()


def _emptied(port: int, database: int) -> str:
    url = f"redis://127.0.0.1:{port}/{database}"
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return url


def _start_redis(directory: Path) -> tuple[subprocess.Popen[str], int]:
    """The first server that gets its port: between finding one and binding it another process may be faster."""
    for _ in range(REDIS_ATTEMPTS):
        port = unused_port()
        process = subprocess.Popen(
            ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--dir", directory, *REDIS_OPTIONS],
            stdout=subprocess.PIPE,
            text=True,
        )
        if _is_ready(process):
            return process, port
        process.wait(STOP_SECONDS)
    raise RuntimeError(f"redis-server did not start in {REDIS_ATTEMPTS} attempts")


def _is_ready(process: subprocess.Popen[str]) -> bool:
    """Read the server's log until it is ready (True) or ends (False). Nobody reads on: the server ignores SIGPIPE."""
    assert process.stdout is not None
    with process.stdout as lines:
        return any("Ready to accept connections" in line for line in lines)


# Before a test file asks for its own settings, which begin with the profile's; the option for another comes later.
settings.register_profile("gate", derandomize=True, deadline=None)
settings.register_profile("deep", deadline=None, max_examples=5_000)
settings.load_profile("gate")


def pytest_configure(config: pytest.Config) -> None:
    """Let nobody make an event loop by asking for one: it would stay open, and fail whichever test is next.

    A shell's background jobs ignore SIGINT, and so would the programs that tests start and interrupt.
    """
    asyncio.set_event_loop(None)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.stash[SHARED_BROWSER] = SharedBrowser()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep the garbage collector away from what collecting makes: it is much, and nearly all of it stays."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None, None, None]:
    """Mark all tests with a browser as those that need more than Python; the others say it themselves.

    In a worker of xdist, tests that are left after the choice by marks come in the order that workers share best.
    """
    for item in items:
        if has_browser(item):
            item.add_marker(pytest.mark.javascript)
    yield
    if hasattr(config, "workerinput"):
        items[:] = spread(items, config.workerinput["workercount"])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, None, None]:
    """End the browser behind the last test of a row that may use it."""
    try:
        yield
    finally:
        if nextitem is None or not (has_browser(nextitem) or nextitem.path == item.path):
            item.config.stash[SHARED_BROWSER].end()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A skipped test fails: what a test needs is installed, or the run says what is missing."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        _fail(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A skipped module fails as well."""
    report = yield
    if report.skipped:
        _fail(report)
    return report


def _fail(report: pytest.TestReport | pytest.CollectReport) -> None:
    report.outcome = "failed"
    report.longrepr = f"skipped, which counts as a failure here: {report.longrepr}"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for this machine, signed by itself, and its key, in one file."""
    return _make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def other_certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another one for this machine: who trusts the first one does not trust it."""
    return _make_certificate(tmp_path_factory.mktemp("other-tls"))


def _make_certificate(directory: Path) -> Path:
    key, certificate, both = (directory / name for name in ("key.pem", "certificate.pem", "both.pem"))
    subprocess.run(
        ["openssl", "req", "-x509", *NEW_KEY, *LOOPBACK, "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    return both


@pytest.fixture
def kept_logging() -> Iterator[None]:
    """The process's logging is global: put it back."""
    root, access = logging.getLogger(), logging.getLogger("tornado.access")
    before = root.handlers, root.level, access.filters, logging.getLogger("asyncio").level
    yield
    root.handlers, root.level, access.filters, asyncio_level = before
    logging.getLogger("asyncio").setLevel(asyncio_level)
    logging.captureWarnings(False)
