"""Addresses of Redis: one server, or those who know which server is the primary now. Pure.

    redis://[user:password@]host:port/DB, rediss://…, unix://…      one server, as redis-py reads it
    redis+sentinel://[user:password@]host:port,host:port/SERVICE/DB   Sentinels, and the name of their service
    redis+cluster://[user:password@]host:port,host:port             some nodes of a Redis Cluster

``rediss+…`` speaks TLS with all of them. User and password are those of the servers of data; in the query,
``sentinel_username`` and ``sentinel_password``, or ``sentinel_password_file``, are those of the Sentinels. Everything
else in the query is for every connection.
"""

import re
from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlencode

from tcelib.redis.redis_password import PARAMETER as PASSWORD_FILE

SCHEMES = ("redis", "rediss", "unix")
PORT, SENTINEL_PORT = 6379, 26379
_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.%]+)\]|([^\s:\[\],]+))(?::([0-9]{1,5}))?")
_USER, _PASSWORD, _FILE = "sentinel_username", "sentinel_password", f"sentinel_{PASSWORD_FILE}"
_TIMEOUTS = ("socket_timeout", "socket_connect_timeout")
_NOT_FOR_SENTINELS = ("username", "password", "db", PASSWORD_FILE, *_TIMEOUTS)


class Place(NamedTuple):
    """Host and port of a server."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Guide(Enum):
    """Kind of those who name the primary."""

    NOBODY = ""
    """The address is that of one server."""
    SENTINEL = "the Sentinels"
    CLUSTER = "the nodes of the Cluster"


class AddressError(ValueError):
    """An address that is none. Its text is a sentence, and holds no password."""


class RedisAddress(NamedTuple):
    """An address in its parts.

    ``scheme`` is the kind of socket. ``url`` is for redis-py and leads to data; with a guide, host and port in it
    stand for any server. ``seeds`` are the guides, ``seed_url`` leads to one once ``at`` puts a place in it.
    ``service`` is what the Sentinels call the primary. ``shown`` is the whole without secrets; empty without a guide.
    """

    guide: Guide
    scheme: str
    url: str
    seeds: tuple[Place, ...] = ()
    seed_url: str = ""
    service: str = ""
    shown: str = ""


def read_address(url: str) -> RedisAddress:
    """Return an address in its parts. Raises ``AddressError``."""
    scheme, mark, rest = url.partition("://")
    scheme, plus, guide = scheme.lower().partition("+") if mark else ("", "", "")
    if scheme not in SCHEMES or (plus and (scheme == "unix" or guide not in _READERS)):
        raise AddressError(
            f"a Redis URL begins with redis://, rediss://, unix://, redis+sentinel:// or redis+cluster://, not with "
            f"{scheme + plus + guide!r}"
        )
    if not plus:
        return RedisAddress(Guide.NOBODY, scheme, url)
    return _READERS[guide](scheme, rest)


def at(url: str, place: Place) -> str:
    """Return a URL with another place in it."""
    scheme, _, rest = url.partition("://")
    end = re.search("[/?]|$", rest)
    assert end is not None
    user, mark, _ = rest[: end.start()].rpartition("@")
    return f"{scheme}://{user}{mark}{place}{rest[end.start() :]}"


class _Parts(NamedTuple):
    """The parts of an address behind its scheme. ``login`` ends with an @ if there is any."""

    login: str
    seeds: tuple[Place, ...]
    path: str
    options: Sequence[tuple[str, str]]


def _split(rest: str, default_port: int) -> _Parts:
    rest, _, query = rest.partition("?")
    authority, _, path = rest.partition("/")
    login, mark, hosts = authority.rpartition("@")
    seeds = tuple(_place(text, number, default_port) for number, text in enumerate(hosts.split(","), 1))
    return _Parts(login + mark, seeds, path, parse_qsl(query, keep_blank_values=True))


def _of_sentinels(scheme: str, rest: str) -> RedisAddress:
    login, seeds, path, options = _split(rest, SENTINEL_PORT)
    service, database = _service_and_database(path)
    own = [option for option in options if option[0] not in (_USER, _PASSWORD, _FILE)]
    url = f"{scheme}://{login}{seeds[0]}/{database}{_query(own)}"
    shown = f"{scheme}+sentinel://{','.join(map(str, seeds))}/{quote(service, safe='')}/{database}"
    return RedisAddress(Guide.SENTINEL, scheme, url, seeds, _sentinel_url(scheme, seeds[0], options), service, shown)


def _of_cluster(scheme: str, rest: str) -> RedisAddress:
    login, seeds, path, options = _split(rest, PORT)
    if path not in ("", "0") or dict(options).get("db", "0") != "0":
        raise AddressError("an address of a Redis Cluster names no database, because it has none but 0")
    place = f"{scheme}://{login}{seeds[0]}/0"
    seed_url = place + _query([option for option in options if option[0] not in _TIMEOUTS])
    shown = f"{scheme}+cluster://{','.join(map(str, seeds))}"
    return RedisAddress(Guide.CLUSTER, scheme, place + _query(options), seeds, seed_url, "", shown)


_READERS = {"sentinel": _of_sentinels, "cluster": _of_cluster}


def _place(text: str, number: int, default_port: int) -> Place:
    """Return the place that is the ``number``-th in the address. What is none is not shown: it may be a password."""
    found = _HOST.fullmatch(text)
    if found is None or not 0 < (port := int(found[3] or default_port)) < 65_536:
        raise AddressError(f"number {number} of its servers is no host:port")
    return Place(found[1] or unquote(found[2]), port)


def _service_and_database(path: str) -> tuple[str, int]:
    service, _, database = path.partition("/")
    if not service:
        raise AddressError("an address of Sentinels ends with the name of their service: …/SERVICE or …/SERVICE/DB")
    if database and not re.fullmatch("[0-9]{1,5}", database):
        raise AddressError("an address of Sentinels ends with the number of a database: …/SERVICE/DB")
    return unquote(service), int(database or 0)


def _sentinel_url(scheme: str, place: Place, options: Sequence[tuple[str, str]]) -> str:
    """Return how a Sentinel is reached: the same sockets, other credentials, no database."""
    named = dict(options)
    user, password = quote(named.get(_USER, ""), safe=""), quote(named.get(_PASSWORD, ""), safe="")
    credentials = user + (f":{password}" if password else "")
    kept = [option for option in options if option[0] not in (_USER, _PASSWORD, _FILE, *_NOT_FOR_SENTINELS)]
    kept += [(PASSWORD_FILE, named[_FILE])] if _FILE in named else []
    return f"{scheme}://{credentials}{'@' if credentials else ''}{place}{_query(kept)}"


def _query(options: Sequence[tuple[str, str]]) -> str:
    return f"?{urlencode(options)}" if options else ""
