"""RedisLeases: a registry of leases in one Redis. The scripts describe themselves.

All keys of a registry share a hash tag. The clock that counts is that of Redis: a lease ends when it says so, and
who waits for that needs no clock. What a holder has is one set, so the end of its lease alone takes all of it out of
every answer; the burial that follows frees the memory and tells watchers.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, fields
from functools import partial
from itertools import compress
from typing import Any

from tcelib.lease.port import (
    CHANGES,
    NOWHERE,
    SLICE,
    Change,
    Holder,
    LeaseEndedError,
    NameTakenError,
    Op,
    Page,
    Registration,
    RegistryAwayError,
    RegistryError,
    RegistryRefusedError,
    Renewal,
)
from tcelib.redis.key_kind import WRONG_KIND, wrong_keys
from tcelib.redis.redis_connection import RedisClient, Role
from tcelib.redis.redis_error import RedisCallError
from tcelib.redis.script import load_script

CHANGE_SECONDS = 3600
"""So long the last changes are kept where nothing changes."""
SCRIPTS = ("join", "renew", "held", "leave", "bury", "holders")
ENDED, NO_SUCH_KIND = -1, -2
WAIT_SHARE = 0.6
"""A command waits in Redis for this share of the time after which its connection counts as dead."""
LARGEST = 2**53
"""Above it are integers that not every program can read."""
KEYS: Mapping[str, str] = {
    "leases": "hash",
    "leases:end": "zset",
    "leases:load": "hash",
    "leases:told": "hash",
    "leases:grave": "set",
    "leases:changes": "stream",
    "leases:number": "string",
}
"""The keys of the scripts, in their order, each with its kind."""
_NO_CHANGE = (KeyError, ValueError, TypeError, RecursionError)
"""What reading an entry raises that another program has written."""
_POSITION = re.compile("[0-9]{1,15}-[0-9]{1,15}")


class RedisLeases:
    """See ``LeasePort``. The registry beside the queue called ``name``.

    Greenlets or threads may share it: each call takes a connection of its own.
    """

    def __init__(self, client: RedisClient, name: str) -> None:
        self.address = client.address
        self._client = client.at(name)
        prefix = f"{{{name}}}:"
        self._kinds = {f"{prefix}{key}": kind for key, kind in KEYS.items()}
        self._keys = list(self._kinds)
        self._changes = f"{prefix}leases:changes"
        self._ends = f"{prefix}leases:end"
        self._first = (f"{prefix}held:", CHANGES, CHANGE_SECONDS)
        # Read now: a process without open files left must still renew.
        self._scripts = {name: load_script("tcelib.lease", "registry.lua", f"{name}.lua") for name in SCRIPTS}

    def join(self, registration: Registration, seconds: float, *, replaces: int = 0) -> int:
        """See ``LeasePort``."""
        record = raw_of(json.dumps(asdict(registration), ensure_ascii=False))
        number, *other = self._script("join", record, _milliseconds(seconds), replaces)
        if other:
            raise NameTakenError(self.address, _holder(other[0], other[1], other[2]))
        return int(number)

    def renew(self, number: int, seconds: float, load: Mapping[str, int] | None = None) -> Renewal:
        """See ``LeasePort``. One script: six commands of Redis, seven with figures."""
        figures = () if load is None else (json.dumps(dict(load)),)
        is_anything_over, told = self._script("renew", number, _milliseconds(seconds), *figures)
        return Renewal(bool(self._checked(number, is_anything_over)), told)

    def hold(self, number: int, what: str, items: Sequence[str]) -> int:
        """See ``LeasePort``."""
        return self._note(number, Op.HELD, what, items)

    def drop(self, number: int, what: str, items: Sequence[str]) -> int:
        """See ``LeasePort``."""
        return self._note(number, Op.DROPPED, what, items)

    def leave(self, number: int) -> None:
        """See ``LeasePort``."""
        self._script("leave", number)

    def bury(self) -> bool:
        """See ``LeasePort``."""
        return bool(self._script("bury", SLICE))

    def holders(self, kind: str = "") -> list[Holder]:
        """See ``LeasePort``."""
        found = (_holder(*one) for one in self._script("holders") if _is_number(one[0]))
        return sorted((one for one in found if kind in ("", one.registration.kind)), key=lambda one: one.number)

    def where(self, what: str, items: Collection[str]) -> dict[str, tuple[int, ...]]:
        """See ``LeasePort``. No script: Redis does other things between two of the commands.

        A set that is a key of another kind has no items.
        """
        numbers, parts = self._living(), list(_slices(list(dict.fromkeys(items))))
        raw = [tuple(map(raw_of, part)) for part in parts]
        questions = [(number, part) for number in numbers for part in parts]
        commands = [("SMISMEMBER", self._held_key(number, what), *each) for number in numbers for each in raw]
        places: dict[str, tuple[int, ...]] = {}
        for (number, part), flags in zip(questions, self._call_together(commands), strict=True):
            for item in compress(part, flags if isinstance(flags, list) else ()):
                places[item] = (*places.get(item, ()), number)
        return places

    def held(self, number: int, what: str, cursor: str = "") -> Page:
        """See ``LeasePort``."""
        following, items = self._call("SSCAN", self._held_key(number, what), cursor or "0", "COUNT", SLICE)
        return Page(tuple(map(text_of, items)), f"{following}" if int(following) else "")

    def position(self) -> str:
        """See ``LeasePort``."""
        last = self._call("XREVRANGE", self._changes, "+", "-", "COUNT", 1)
        return last[0][0].decode() if last else NOWHERE

    def changes(self, after: str, count: int) -> list[Change] | None:
        """See ``LeasePort``.

        Changes are removed from the front only. So none is missing behind a change that is still there; and a primary
        that lacks the last ones does not have it. An entry that is no change may stand for one that is missing.
        """
        if not _POSITION.fullmatch(after):
            return None
        first, *entries = self._call("XRANGE", self._changes, after, "+", "COUNT", count + 1) or [None]
        if first is None or first[0].decode() != after:
            return None
        try:
            return [_change(entry_id, values) for entry_id, values in entries]
        except _NO_CHANGE:
            return None

    def recent(self, since_ms: int) -> list[Change]:
        """See ``LeasePort``. An entry that is no change is left out."""
        found = []
        for entry_id, values in self._call("XRANGE", self._changes, since_ms, "+"):
            with suppress(*_NO_CHANGE):
                found.append(_change(entry_id, values))
        return found

    def now_ms(self) -> int:
        """See ``LeasePort``."""
        seconds, microseconds = self._call("TIME")
        return int(seconds) * 1000 + int(microseconds) // 1000

    def wait(self, after: str, seconds: float) -> None:
        """See ``LeasePort``. XREAD on a connection of its own."""
        wait_ms = max(1, round(min(seconds, WAIT_SHARE * self._client.patience) * 1000))
        behind = after if _POSITION.fullmatch(after) else "0-0"
        self._call("XREAD", "COUNT", 1, "BLOCK", wait_ms, "STREAMS", self._changes, behind, role=Role.BLOCKING)

    def close(self) -> None:
        """See ``LeasePort``."""
        self._client.close()

    def _living(self) -> list[int]:
        """Return the numbers of the leases that have not ended, in their order."""
        (seconds, microseconds), found = self._call_together([("TIME",), ("ZRANGE", self._ends, 0, -1, "WITHSCORES")])
        now_ms = int(seconds) * 1000 + int(microseconds) // 1000
        ends = [(number, float(end)) for number, end in zip(found[::2], found[1::2], strict=True)]
        return sorted(int(number) for number, end in ends if end > now_ms and _is_number(number))

    def _held_key(self, number: int, what: str) -> str:
        return f"{self._first[0]}{number}:{what}"

    def _note(self, number: int, op: Op, what: str, items: Sequence[str]) -> int:
        try:
            told = self._checked(number, self._script("held", number, op, what, *map(raw_of, items)))
        except RegistryRefusedError as error:
            if not error.reason.startswith(WRONG_KIND) or " is a " in error.reason:
                raise
            reason = f"{error.reason}: {self._held_key(number, what)} is not a set"
            raise RegistryRefusedError(error.address, reason) from error
        if told == NO_SUCH_KIND:
            raise RegistryRefusedError(self.address, f"the lease {number} holds no {what!r}")
        return told

    def _checked(self, number: int, reply: int) -> int:
        if reply == ENDED:
            raise LeaseEndedError(self.address, number)
        return reply

    def _script(self, name: str, *arguments: object) -> Any:
        script = self._scripts[name]
        try:
            return self._client.run_script(script, self._keys, *self._first, *arguments)
        except RedisCallError as error:
            raise self._explained(error) from error

    def _call(self, *command: object, role: Role = Role.COMMANDS) -> Any:
        try:
            return self._client.call(*command, role=role)
        except RedisCallError as error:
            raise self._explained(error) from error

    def _call_together(self, commands: Sequence[Sequence[object]]) -> list[Any]:
        if not commands:
            return []
        try:
            return self._client.call_together(commands, tolerated=WRONG_KIND)
        except RedisCallError as error:
            raise self._explained(error) from error

    def _explained(self, error: RedisCallError) -> RegistryError:
        return explained(error, self._client, self._kinds)


def explained(error: RedisCallError, client: RedisClient, kinds: Mapping[str, str]) -> RegistryError:
    """Return the error of the registry, with the names of keys of another kind than ``kinds``: Redis names none."""
    if error.trouble.is_away:
        return RegistryAwayError(error.address, error.reason)
    reason = error.reason
    if WRONG_KIND in reason:
        with suppress(RedisCallError):  # then the error names no key
            reason += wrong_keys(partial(client.call, "TYPE"), kinds)
    return RegistryRefusedError(error.address, reason)


def _slices(items: Sequence[str]) -> Iterator[Sequence[str]]:
    return (items[start : start + SLICE] for start in range(0, len(items), SLICE))


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def _holder(number: bytes, record: bytes, left: int, load: bytes = b"", *counts: Any) -> Holder:
    kinds = map(text_of, counts[::2])
    return Holder(
        int(number),
        _registration(record),
        left / 1000,
        _figures(load),
        dict(zip(kinds, counts[1::2], strict=True)),
    )


def _registration(record: bytes) -> Registration:
    """Return what a record says; a field that is missing, of another type or unknown counts as not said.

    Programs of other versions and languages write records, too.
    """
    said = _object(record)
    known: dict[str, Any] = {"kind": "", "name": ""}
    for field in fields(Registration):
        value = said.get(field.name)
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            value = tuple(value)
        if isinstance(value, _TYPES[field.name]) and not isinstance(value, bool) and _is_exact(value):
            known[field.name] = value
    return Registration(**known)


_TYPES: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(("kind", "name", "version", "sharing", "process"), (str,)),
    **dict.fromkeys(("reads", "holds"), (tuple,)),
    "since": (int, float),
}


def _figures(raw: bytes) -> dict[str, int]:
    return {name: value for name, value in _object(raw).items() if type(value) is int and _is_exact(value)}


def _object(raw: bytes) -> dict[str, Any]:
    try:
        said = json.loads(raw or b"{}")
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _is_exact(value: object) -> bool:
    """Return False for an integer that other programs cannot read."""
    return not isinstance(value, int) or abs(value) < LARGEST


def _is_number(raw: bytes) -> bool:
    """Return True for the number of a lease; another program may have written something else."""
    return raw.isdigit() and len(raw) <= len(f"{LARGEST}")


def raw_of(text: str) -> bytes:
    """Return any text as bytes, lone surrogates included: a name from a system that is not in UTF-8 has them."""
    return text.encode("utf-8", "surrogatepass")


def text_of(raw: bytes) -> str:
    """Return the text of ``raw_of``, and something for bytes that are none."""
    try:
        return raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return raw.decode("utf-8", "replace")


def _change(entry_id: bytes, values: Sequence[bytes]) -> Change:
    told = dict(zip(values[::2], values[1::2], strict=True))
    op = Op(told[b"op"].decode())
    return Change(
        entry_id.decode(),
        op,
        int(told[b"lease"]),
        _registration(told[b"record"]) if op is Op.JOINED else None,
        text_of(told.get(b"what", b"")),
        tuple(map(str, json.loads(told.get(b"items", b"[]")))),
        int(entry_id.partition(b"-")[0]),
    )
