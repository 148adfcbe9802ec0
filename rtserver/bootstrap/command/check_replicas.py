"""The part of ``rtserver check`` about replicas: does each address of ``redis_read_url`` have the primary's data."""

from collections.abc import Iterator
from contextlib import closing

from rtserver.base.queue.port import QueueError
from rtserver.base.queue.redis_replica import RedisPulse, RedisReplica
from rtserver.base.queue.replica_port import Standing
from rtserver.bootstrap.config.config import Config, split_urls
from rtserver.bootstrap.site.finding import Finding, Severity
from rtserver.service.replica.replica_choice import explain
from tcelib.redis.redis_connection import plain_client

SUBJECT = "replica"


def check_replicas(config: Config) -> Iterator[Finding]:
    """Check each replica beside the primary. One that is away costs a server nothing but the way to the next."""
    urls = split_urls(config.redis_read_url)
    primary = _primary_of(config) if urls else None
    for url in urls:
        with closing(RedisReplica(plain_client(url), config.queue, "")) as replica:
            try:
                standing = replica.standing()
            except QueueError as error:
                yield Finding(Severity.WARN, SUBJECT, str(error))
                continue
            yield judge_replica(replica.address, standing, primary)


def judge_replica(address: str, replica: Standing, primary: Standing | None) -> Finding:
    """Judge what a server says of itself. Without a ``primary`` that answers, nobody knows whose data it has."""
    if primary is None:
        return Finding(
            Severity.WARN, SUBJECT, f"{address}: redis_url does not answer, so nothing is known of its data"
        )
    if not replica.data & primary.data:
        return Finding(Severity.FAIL, SUBJECT, f"{address}: {explain(replica, primary)}")
    if not replica.is_linked:
        return Finding(Severity.WARN, SUBJECT, f"{address}: {explain(replica, primary)}")
    return Finding(
        Severity.OK, SUBJECT, f"{address} {f'follows {replica.primary}' if replica.primary else 'is a primary'}"
    )


def _primary_of(config: Config) -> Standing | None:
    with closing(plain_client(config.redis_url)) as client:
        try:
            return RedisPulse(client, config.queue, "").standing()
        except QueueError:
            return None
