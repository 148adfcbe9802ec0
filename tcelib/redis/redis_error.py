"""Meaning of Redis' errors for its connections. Pure: one table from error codes to troubles.

The code of an error is the first word that Redis sends. It may be nested, in the error of a script or of a discarded
transaction.
"""

import re
from enum import Enum

import redis


class Trouble(Enum):
    """Kind of an error, by its remedy: (is nobody there, are all connections to be opened anew)."""

    AWAY = ("away", True, True)
    """No answer, or none that Redis gives. What was asked for may have been done or not."""
    KEPT_OUT = ("kept out", True, False)
    """A server that does not let us in: a wrong password, too many clients. Nothing was done."""
    ROLE_CHANGED = ("role changed", True, True)
    """A server that is not, or not yet, the primary of this data. Nothing was done."""
    CLUSTER = ("cluster", False, False)
    """A node of a Redis Cluster, at an address that does not say so. Nothing was done."""
    REFUSED = ("refused", False, False)
    """The answer of the right server is an error. The command did nothing."""

    def __init__(self, label: str, is_away: bool, needs_reset: bool) -> None:
        self.label = label
        self.is_away = is_away
        self.needs_reset = needs_reset


TROUBLES = {
    "READONLY": Trouble.ROLE_CHANGED,  # a replica
    "MASTERDOWN": Trouble.ROLE_CHANGED,  # a replica without its primary
    "LOADING": Trouble.ROLE_CHANGED,  # a server that has just started, or is copying a primary's data
    "UNBLOCKED": Trouble.ROLE_CHANGED,  # a primary that became a replica while the command waited
    "NOREPLICAS": Trouble.ROLE_CHANGED,  # a primary that has lost its replicas: there may be another one by now
    "MOVED": Trouble.CLUSTER,
    "ASK": Trouble.CLUSTER,
    "CROSSSLOT": Trouble.CLUSTER,
    "TRYAGAIN": Trouble.CLUSTER,
    "CLUSTERDOWN": Trouble.CLUSTER,
    "NOAUTH": Trouble.KEPT_OUT,
    "WRONGPASS": Trouble.KEPT_OUT,
    "DENIED": Trouble.KEPT_OUT,  # protected mode
}
"""Every other code is a refusal: ERR, WRONGTYPE, OOM, NOPERM, MISCONF, BUSY (a slow script), NOGROUP and the like."""

_CLUSTER = "not allowed in cluster mode"
_TOO_MANY = "max number of clients reached"
_KEY_REMOVED = "key no longer exists"  # UNBLOCKED, too: of a key that a command waited on, by FLUSHALL or DEL
_NAME_IT = "a node of a Redis Cluster: name it with redis+cluster://"
_NOT_LOCAL = "non local key"  # of a script, which may have done something before
_IN_CLUSTER = {
    "MOVED": Trouble.ROLE_CHANGED,  # another node serves the slot
    "CLUSTERDOWN": Trouble.ROLE_CHANGED,  # a slot without a primary, or a node that was cut off
    "ASK": Trouble.ROLE_CHANGED,  # a slot that is being moved: until that is done, its queue waits
    "TRYAGAIN": Trouble.ROLE_CHANGED,
    "CROSSSLOT": Trouble.REFUSED,
}
"""What the codes of a Cluster mean to who knows that it is one."""
_CODE = re.compile(r"([A-Z]{3,}) ")
_NESTED = re.compile(r"(?:: -|because of: )([A-Z]{3,}) ")
_SILENT = (redis.ConnectionError, redis.TimeoutError, redis.exceptions.InvalidResponse, OSError)
_GENERAL_CODES = frozenset({"ERR", "EXECABORT", ""})  # redis-py removes ERR, too
_CODES: tuple[tuple[type[Exception], str], ...] = (
    (redis.exceptions.ReadOnlyError, "READONLY"),
    (redis.exceptions.BusyLoadingError, "LOADING"),
    (redis.exceptions.MasterDownError, "MASTERDOWN"),
    (redis.exceptions.OutOfMemoryError, "OOM"),
    (redis.exceptions.NoPermissionError, "NOPERM"),
    (redis.exceptions.ExecAbortError, "EXECABORT"),
    (redis.exceptions.MovedError, "MOVED"),  # before its base, AskError
    (redis.exceptions.AskError, "ASK"),
    (redis.exceptions.TryAgainError, "TRYAGAIN"),
    (redis.exceptions.ClusterCrossSlotError, "CROSSSLOT"),
    (redis.exceptions.ClusterDownError, "CLUSTERDOWN"),
)
"""redis-py removes these codes from the text and says them by a class."""


class RedisCallError(Exception):
    """Redis did not do what it was asked to. ``address`` has no password, ``reason`` is an error's text.

    ``is_certain``: nothing was done, for certain.
    """

    def __init__(self, address: str, reason: str, trouble: Trouble, *, is_certain: bool = False) -> None:
        super().__init__(address, reason, trouble)
        self.address = address
        self.reason = reason
        self.trouble = trouble
        self.is_certain = is_certain

    def __str__(self) -> str:
        return f"{self.address}: {self.reason}"


def classify(error: Exception, *, in_cluster: bool = False) -> tuple[Trouble, str]:
    """Return the trouble of an exception of redis-py, or an ``OSError``, and its text.

    ``in_cluster``: the client looks for the nodes of a Cluster by itself.
    """
    text = str(error) or type(error).__name__
    code = next((code for kind, code in _CODES if isinstance(error, kind)), "")
    reason = f"{code} {text}" if code else text
    trouble = _trouble_of(error, reason)
    if in_cluster:
        return _trouble_in_cluster(trouble, reason), reason
    return trouble, f"{reason} ({_NAME_IT})" if trouble is Trouble.CLUSTER else reason


def _trouble_in_cluster(trouble: Trouble, reason: str) -> Trouble:
    if trouble is Trouble.CLUSTER:
        return next((meant for code, meant in _IN_CLUSTER.items() if code in reason.split()), Trouble.REFUSED)
    return Trouble.AWAY if _NOT_LOCAL in reason else trouble


def _trouble_of(error: Exception, reason: str) -> Trouble:
    if isinstance(error, redis.AuthenticationError | redis.exceptions.AuthorizationError) or _TOO_MANY in reason:
        return Trouble.KEPT_OUT
    if _CLUSTER in reason:
        return Trouble.CLUSTER
    if _KEY_REMOVED in reason:
        return Trouble.REFUSED
    found = _CODE.match(reason)
    code = found[1] if found else ""
    if code in _GENERAL_CODES and (nested := _NESTED.search(reason)):
        code = nested[1]
    if code in TROUBLES:
        return TROUBLES[code]
    is_silent = isinstance(error, _SILENT)
    return Trouble.AWAY if is_silent else Trouble.REFUSED
