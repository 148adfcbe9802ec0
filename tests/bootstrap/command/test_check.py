"""The fitness of a Redis by its INFO: servers that no test machine has."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from rtserver.base.limit.steps import finish
from rtserver.base.wire.json import encode
from rtserver.bootstrap.command.check import check_certificate, check_file_limit, check_secret_files, check_sizes
from rtserver.bootstrap.command.check_redis import judge_persistence, judge_server, tell_bus
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.config_constraint import ROW_BYTES
from rtserver.bootstrap.site.finding import Finding, Severity
from rtserver.market.book.quote_book import QuoteBook
from rtserver.market.book.tick import Tick
from rtserver.market.calendar.calendar import CONTINUOUS
from rtserver.market.indicator.registry import IndicatorRegistry
from rtserver.modules.chart import Chart
from rtserver.service.quote.feed_request import read_request
from rtserver.service.quote.quote_series import open_series

SOUND = {
    "redis_version": "7.4.1",
    "role": "master",
    "maxmemory": 0,
    "maxmemory_policy": "noeviction",
    "aof_enabled": 1,
    "aof_last_write_status": "ok",
    "rdb_last_bgsave_status": "ok",
}


def severities_of(findings: Iterable[Finding]) -> list[Severity]:
    return [finding.severity for finding in findings]


def test_a_sound_server_is_named_with_its_version() -> None:
    (finding,) = judge_server("redis://x:1/0", SOUND)
    assert finding == (Severity.OK, "redis", "redis://x:1/0, version 7.4.1")
    assert list(judge_persistence(SOUND, "3600 1")) == []


@pytest.mark.parametrize(
    ("config", "maxmemory", "words"),
    [
        (Config(), 0, "up to 100000 messages, and 1024 MB (no maxmemory; see bus_bytes)"),
        (Config(), 8 << 30, "up to 100000 messages, and 2048 MB (a quarter of maxmemory)"),
        (Config(bus_length=5, bus_bytes=64 << 20), 8 << 30, "up to 5 messages, and 64 MB (bus_bytes)"),
    ],
)
def test_the_bounds_of_the_bus_are_told_with_their_reason(config: Config, maxmemory: int, words: str) -> None:
    finding = tell_bus(config, SOUND | {"maxmemory": maxmemory})
    assert finding[:2] == (Severity.OK, "bus")
    assert finding.detail.startswith(words)


@pytest.mark.parametrize(
    ("change", "severities"),
    [
        ({"redis_version": "6.2.0"}, ["ok"]),
        ({"redis_version": "6.0.16"}, ["FAIL"]),
        ({"role": "slave"}, ["ok", "FAIL"]),
        ({"cluster_enabled": 1}, ["ok", "FAIL"]),
        ({"maxmemory_policy": "allkeys-lru"}, ["ok", "warn"]),
        ({"maxmemory_policy": "volatile-lru", "maxmemory": 1}, ["ok", "warn"]),
        ({"maxmemory_policy": "allkeys-lru", "maxmemory": 1}, ["ok", "FAIL"]),
    ],
)
def test_a_server_that_is_too_old_read_only_or_forgetful_is_told(
    change: dict[str, str | int], severities: list[str]
) -> None:
    assert severities_of(judge_server("redis://x:1/0", SOUND | change)) == severities


@pytest.mark.parametrize(
    ("change", "rule", "texts"),
    [
        ({"aof_enabled": 0}, "", ["keeps nothing on disk"]),
        ({"aof_enabled": 0}, "3600 1", ["no append-only file"]),
        ({"aof_enabled": 0}, None, ["no append-only file"]),
        ({"rdb_last_bgsave_status": "err"}, "", ["the last write of its snapshot failed"]),
        ({"aof_last_write_status": "err"}, "", ["the last write of its append-only file failed"]),
    ],
)
def test_what_a_crash_would_cost_is_a_warning(
    change: dict[str, int | str], rule: str | None, texts: list[str]
) -> None:
    findings = list(judge_persistence(SOUND | change, rule))
    assert severities_of(findings) == [Severity.WARN] * len(texts)
    assert all(finding.detail.startswith(text) for finding, text in zip(findings, texts, strict=True))


@pytest.mark.parametrize(("fsync", "count"), [("always", 0), ("everysec", 0), (None, 0), ("no", 1)])
def test_an_append_only_file_that_is_never_flushed_is_warned_of(fsync: str | None, count: int) -> None:
    findings = list(judge_persistence(SOUND | {"aof_enabled": 1}, "3600 1", fsync))
    assert severities_of(findings) == [Severity.WARN] * count


@pytest.mark.parametrize(
    ("limit", "severity", "words"),
    [(1024, "warn", "at most 1024 open"), (4096, "ok", "at most 4096 open"), (-1, "ok", "as many as there are")],
)
def test_a_system_that_allows_few_files_allows_few_connections(limit: int, severity: str, words: str) -> None:
    finding = check_file_limit(limit)
    assert (finding.severity, finding.subject) == (severity, "files")
    assert words in finding.detail


def test_a_certificate_is_looked_at_where_there_should_be_one(certificate: Path, tmp_path: Path) -> None:
    assert list(check_certificate(Config())) == []
    [fine] = check_certificate(Config(tls_cert=str(certificate), tls_key=str(certificate)))
    assert (fine.severity, fine.subject) == ("ok", "tls")
    assert f"{certificate}: good until" in fine.detail
    [missing] = check_certificate(Config(tls_cert=str(tmp_path / "none.pem"), tls_key=str(certificate)))
    assert missing.severity == "FAIL"
    assert "none.pem cannot be read: No such file" in missing.detail


def test_a_secret_key_that_others_may_read_is_a_warning(tmp_path: Path) -> None:
    config = Config(var_dir=str(tmp_path))
    assert list(check_secret_files(config)) == []
    key = tmp_path / "secret_key"
    key.write_text("secret")
    key.chmod(0o600)
    assert list(check_secret_files(config)) == []
    key.chmod(0o640)
    assert severities_of(check_secret_files(config)) == ["warn"]
    assert list(check_secret_files(Config(var_dir=str(tmp_path), django_settings="shop.settings"))) == []


def test_a_file_of_the_demos_key_that_the_environment_names_is_looked_at_in_place_of_its_own(tmp_path: Path) -> None:
    config = Config(var_dir=str(tmp_path))
    key = tmp_path / "named"
    key.write_text("secret")
    key.chmod(0o644)
    environ = {"RTSITE_SECRET_KEY_FILE": str(key)}
    [finding] = check_secret_files(config, environ)
    assert (finding.severity, finding.subject) == ("warn", "secret")
    assert str(key) in finding.detail
    assert list(check_secret_files(Config(django_settings="shop.settings"), environ)) == []
    key.chmod(0o600)
    (tmp_path / "secret_key").write_text("not used")
    (tmp_path / "secret_key").chmod(0o644)
    assert list(check_secret_files(config, environ)) == []


def test_the_check_tells_what_a_client_may_be_sent_and_names_the_keys_that_decide_it() -> None:
    pictures, messages = check_sizes(Config())
    assert (pictures.severity, pictures.subject) == ("ok", "pictures")
    assert (messages.severity, messages.subject) == ("ok", "messages")
    assert "outbox_hard_bytes" in messages.detail
    assert "service_message_bytes" in messages.detail


def test_a_row_of_the_largest_picture_is_as_large_as_the_check_believes() -> None:
    texts = [f"boll:{period}:2" for period in range(20, 28)]
    request = {"quote": "NYSE:AAPL", "period": 60, "indicators": texts}
    name, _ = read_request(request, IndicatorRegistry())
    book = QuoteBook()
    for number in range(1_000):
        time = 1_362_150_000_000 + 60_000 * number
        book.take(Tick(time, *[10_000 + math.sin(number) / 3] * 4, 1e6 + number, True, time))
    series = open_series(book, CONTINUOUS, name, None, most_rows=1_000, late_ms=60_000)
    finish(series.fill())
    rows = tuple(series.rows)
    size = len(encode(Chart("ohlc", name.columns, "AAPL", styles=name.styles).picture(rows))) / len(rows)
    assert ROW_BYTES * 0.7 < size <= ROW_BYTES


@pytest.mark.parametrize(
    ("config", "is_warned"),
    [
        ({}, False),
        ({"host": "localhost"}, False),
        ({"host": "::1"}, False),
        ({"host": "0.0.0.0"}, True),
        ({"host": "rt.example.org"}, True),
        ({"host": "0.0.0.0", "trusted_proxies": ("10.0.0.1",)}, False),
    ],
)
def test_sessions_that_travel_where_others_can_read_them_are_a_warning(
    config: dict[str, Any], is_warned: bool
) -> None:
    assert severities_of(check_certificate(Config(**config))) == ["warn"] * is_warned
