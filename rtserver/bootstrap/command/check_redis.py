"""The part of ``rtserver check`` that is about Redis: who the primary is, and whether it keeps what it is given."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rtserver.base.queue.bus_bound import bound_of_bus
from rtserver.base.queue.port import QueueError
from rtserver.base.queue.redis_queue import RedisQueue
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.error import RedisError
from rtserver.bootstrap.process.embedded_redis import running_url
from rtserver.bootstrap.process.redis_binary import OLDEST, find_redis_binary
from rtserver.bootstrap.site.finding import Finding, Severity
from tcelib.redis.cluster import SlotResolver
from tcelib.redis.redis_connection import RedisClient, Role, plain_client
from tcelib.redis.redis_error import RedisCallError, Trouble
from tcelib.redis.sentinel import SentinelResolver


def check_redis(config: Config) -> Iterator[Finding]:
    """Check that the configured Redis answers, is new enough and forgets nothing.

    Without one in the configuration, check the embedded Redis that runs, else whether one could be started.
    """
    running = running_url(Path(config.var_dir))
    if config.redis_url:
        yield from _check_server(config, config.redis_url, Severity.FAIL)
    elif running:
        yield from _check_server(config, running, Severity.WARN)
    else:
        yield _check_binary()


def _check_binary() -> Finding:
    try:
        binary = find_redis_binary()
    except RedisError as error:
        return Finding(Severity.FAIL, "redis", str(error))
    major, minor = binary.version
    return Finding(Severity.OK, "redis", f"an embedded {major}.{minor} can be started from {binary.path}")


def _check_server(config: Config, url: str, if_away: Severity) -> Iterator[Finding]:
    with plain_client(url).at(config.queue) as client:
        if isinstance(client.resolver, SentinelResolver):
            yield from judge_sentinels(client.resolver)
        if isinstance(client.resolver, SlotResolver):
            yield from _tell_node(client, client.resolver, config.queue)
        try:
            info = client.call("INFO", role=Role.INSPECTION)
        except RedisCallError as failure:
            yield Finding(if_away, "redis", str(failure))
            return
        yield from judge_server(client.address, info, is_cluster=client.is_cluster)
        yield from judge_persistence(info, _setting(client, "save"), _setting(client, "appendfsync"))
        yield tell_bus(config, info)
        yield from _check_format(client, config.queue)


def judge_server(address: str, info: Mapping[str, Any], *, is_cluster: bool = False) -> Iterator[Finding]:
    """Judge by a server's INFO whether it is fit for a queue."""
    version = str(info["redis_version"])
    is_new_enough = tuple(map(int, version.split(".")[:2])) >= OLDEST
    severity, needed = (Severity.OK, "") if is_new_enough else (Severity.FAIL, ", 6.2 or newer is needed")
    yield Finding(severity, "redis", f"{address}, version {version}{needed}")
    if not is_cluster and (info.get("cluster_enabled") or info.get("redis_mode") == "cluster"):
        text = "a node of a Redis Cluster: name some of its nodes with redis+cluster://host:port,host:port"
        yield Finding(Severity.FAIL, "redis", text)
    if info.get("role") == "slave":
        text = "a replica: name the primary, nothing can be written here; redis_read_url takes replicas"
        yield Finding(Severity.FAIL, "redis", text)
    policy = info.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        is_urgent = policy.startswith("allkeys") and info.get("maxmemory", 0) > 0
        severity = Severity.FAIL if is_urgent else Severity.WARN
        text = f"maxmemory-policy is {policy}: a full Redis silently drops messages, and sessions if it has any"
        text += "; set noeviction"
        yield Finding(severity, "redis", text)


def tell_bus(config: Config, info: Mapping[str, Any]) -> Finding:
    """Tell how many messages and bytes the bus may have in a server with that INFO."""
    most = info.get("maxmemory", 0)
    size = bound_of_bus(config.bus_bytes, most)
    reason = "bus_bytes" if config.bus_bytes else "a quarter of maxmemory" if most else "no maxmemory; see bus_bytes"
    text = f"up to {config.bus_length} messages, and {size >> 20} MB ({reason}), of what servers that were away read"
    return Finding(Severity.OK, "bus", text)


def judge_persistence(
    info: Mapping[str, Any], snapshot_rule: str | None, fsync: str | None = None
) -> Iterator[Finding]:
    """Judge what a crash would leave. ``snapshot_rule`` is the server's ``save``, ``fsync`` its ``appendfsync``.

    None stands for a setting that is not known.
    """
    if not info.get("aof_enabled") and snapshot_rule == "":
        yield Finding(
            Severity.WARN, "redis", "keeps nothing on disk: a restart loses its messages, and sessions if it has any"
        )
    elif not info.get("aof_enabled"):
        text = "no append-only file: a crash loses what came after the last snapshot; set appendonly yes"
        yield Finding(Severity.WARN, "redis", text)
    elif fsync == "no":
        text = "appendfsync is no: a machine that fails loses what the system has not written yet; set everysec"
        yield Finding(Severity.WARN, "redis", text)
    for key, what in (("rdb_last_bgsave_status", "snapshot"), ("aof_last_write_status", "append-only file")):
        if info.get(key, "ok") != "ok":
            yield Finding(Severity.WARN, "redis", f"the last write of its {what} failed")


def _setting(client: RedisClient, name: str) -> str | None:
    """Return a setting of the server; None if we may not ask."""
    try:
        found: Any = client.call("CONFIG GET", name, role=Role.INSPECTION)
    except RedisCallError as failure:
        if failure.trouble is not Trouble.REFUSED:
            raise
        return None
    return bytes(found.get(name.encode(), b"")).decode()


def _check_format(client: RedisClient, queue: str) -> Iterator[Finding]:
    try:
        RedisQueue(client, queue).check_format()
    except QueueError as error:
        yield Finding(Severity.FAIL, "bus", str(error))


def _tell_node(client: RedisClient, resolver: SlotResolver, queue: str) -> Iterator[Finding]:
    try:
        primary = client.place()
    except RedisCallError:
        return  # whoever connects says why
    number = len(resolver.cluster.primaries)
    text = f"the primary of {queue} (slot {resolver.slot}) is {primary}, one of {number} in the Cluster"
    yield Finding(Severity.OK, "redis", text)


def judge_sentinels(resolver: SentinelResolver) -> Iterator[Finding]:
    """Tell which server the Sentinels name, and what each of them has to say against it."""
    answers = resolver.ask(all_of_them=True)
    if not answers.named:
        return  # whoever connects says why
    primary = resolver.find()
    agreeing = [str(sentinel) for sentinel, named in answers.named.items() if named == primary]
    number = len(answers.named) + len(answers.faults)
    text = f"the primary is {primary}, as {len(agreeing)} of {number} Sentinels say: {', '.join(agreeing)}"
    yield Finding(Severity.OK, "redis", text)
    for sentinel, named in answers.named.items():
        if named != primary:
            yield Finding(Severity.WARN, "redis", f"the Sentinel {sentinel} names {named} instead")
    for fault in answers.faults.values():
        yield Finding(Severity.WARN, "redis", f"a Sentinel names no primary: {fault}")
    if number == 1:
        text = "one Sentinel is named: without it nobody says where the primary is; name all of them"
        yield Finding(Severity.WARN, "redis", text)
