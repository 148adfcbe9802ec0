"""``rtserver check`` at Sentinels: who the primary is, who says so, and who says something else or nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rtserver.bootstrap.command.check_redis import check_redis
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.site.finding import Severity
from tests.sentinel_group import NAME, SentinelGroup


@pytest.fixture
def group(tmp_path: Path) -> Iterator[SentinelGroup]:
    with SentinelGroup(tmp_path / "sentinels") as group:
        yield group


def findings(url: str, directory: Path) -> list[tuple[Severity, str]]:
    found = check_redis(Config(redis_url=url, var_dir=str(directory)))
    return [(finding.severity, finding.detail) for finding in found if finding.subject == "redis"]


def test_the_primary_is_named_with_the_sentinels_that_name_it(group: SentinelGroup, tmp_path: Path) -> None:
    first, second, third = (f"127.0.0.1:{sentinel.port}" for sentinel in group.sentinels)
    primary = f"the primary is 127.0.0.1:{group.primary.port}, as"
    told = findings(group.address, tmp_path)
    assert (Severity.OK, f"{primary} 3 of 3 Sentinels say: {first}, {second}, {third}") in told
    assert any(severity is Severity.OK and text.startswith(f"{group.address}, version ") for severity, text in told)
    group.sentinels[0].stop()
    group.sentinels[1].ask("REMOVE", NAME)
    told = findings(group.address, tmp_path)
    assert (Severity.OK, f"{primary} 1 of 3 Sentinels say: {third}") in told
    warned = [text for severity, text in told if severity is Severity.WARN]
    assert f"a Sentinel names no primary: {second} knows no service '{NAME}'" in warned
    assert any(text.startswith(f"a Sentinel names no primary: Error 111 connecting to {first}") for text in warned)


def test_a_sentinel_that_names_another_server_is_told(group: SentinelGroup, tmp_path: Path) -> None:
    stale, other = group.sentinels[0], group.replica.port
    stale.ask("REMOVE", NAME)
    stale.ask("MONITOR", NAME, "127.0.0.1", other, 9)
    told = findings(group.address, tmp_path)
    assert any(severity is Severity.OK and "as 2 of 3 Sentinels say" in text for severity, text in told)
    text = f"the Sentinel 127.0.0.1:{stale.port} names 127.0.0.1:{other} instead"
    assert (Severity.WARN, text) in told


def test_where_no_sentinel_knows_the_service_one_line_says_so(group: SentinelGroup, tmp_path: Path) -> None:
    url = group.address.replace(f"/{NAME}/", "/nobody/")
    [(severity, text)] = findings(url, tmp_path)
    assert severity is Severity.FAIL
    assert text.startswith(f"{url}: no Sentinel names a primary: ")
    assert text.count("knows no service 'nobody'") == 3


def test_one_sentinel_alone_is_too_few(group: SentinelGroup, tmp_path: Path) -> None:
    url = f"redis+sentinel://127.0.0.1:{group.sentinels[0].port}/{NAME}"
    assert any(severity is Severity.WARN and "name all of them" in text for severity, text in findings(url, tmp_path))
