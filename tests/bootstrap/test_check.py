"""What INFO of a Redis says of its fitness: servers that no test machine has."""

import pytest

from rtserver.bootstrap.check import Verdict, check_file_limit, judge_persistence, judge_server

SOUND = {
    "redis_version": "7.4.1",
    "role": "master",
    "maxmemory": 0,
    "maxmemory_policy": "noeviction",
    "aof_enabled": 1,
    "aof_last_write_status": "ok",
    "rdb_last_bgsave_status": "ok",
}


def verdicts_of(findings) -> list[Verdict]:
    return [finding.verdict for finding in findings]


def test_a_sound_server_is_named_with_its_version():
    (finding,) = judge_server("redis://x:1/0", SOUND)
    assert finding == (Verdict.OK, "redis", "redis://x:1/0, version 7.4.1")
    assert list(judge_persistence(SOUND, "3600 1")) == []


@pytest.mark.parametrize(
    ("change", "verdicts"),
    [
        ({"redis_version": "6.2.0"}, ["ok"]),
        ({"redis_version": "6.0.16"}, ["FAIL"]),
        ({"role": "slave"}, ["ok", "FAIL"]),
        ({"maxmemory_policy": "allkeys-lru"}, ["ok", "warn"]),
        ({"maxmemory_policy": "volatile-lru", "maxmemory": 1}, ["ok", "warn"]),
        ({"maxmemory_policy": "allkeys-lru", "maxmemory": 1}, ["ok", "FAIL"]),
    ],
)
def test_a_server_that_is_too_old_read_only_or_forgetful_is_told(change, verdicts):
    assert verdicts_of(judge_server("redis://x:1/0", SOUND | change)) == verdicts


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
def test_what_a_crash_would_cost_is_a_warning(change, rule, texts):
    findings = list(judge_persistence(SOUND | change, rule))
    assert verdicts_of(findings) == [Verdict.WARN] * len(texts)
    assert all(finding.detail.startswith(text) for finding, text in zip(findings, texts, strict=True))


@pytest.mark.parametrize(
    ("limit", "verdict", "words"),
    [(1024, "warn", "at most 1024 open"), (4096, "ok", "at most 4096 open"), (-1, "ok", "as many as there are")],
)
def test_a_system_that_allows_few_files_allows_few_connections(limit, verdict, words):
    finding = check_file_limit(limit)
    assert (finding.verdict, finding.subject) == (verdict, "files")
    assert words in finding.detail
