# ruff: noqa: N802  the names that TCE's users know
"""TokenListener: lets in clients whose first packet has a valid token, and closes connections whose token ends.

    def verify(tokens):                          # may block; see ``Verify``
        return {token: user_of(token) for token in tokens}

    communicator.setConnectionEventListener(tce.TokenListener(verify))

While a token is looked up, its connection waits and all others go on. Behind the first packet a connection has no
listener any more, so messages cost what they cost without tokens.
"""

import logging
import time
from collections.abc import Iterable, Iterator
from weakref import WeakKeyDictionary, WeakSet

import gevent
import gevent.event

from tcelib.core.connection import RpcConnection
from tcelib.core.listener import RpcConnectionEventListener
from tcelib.error import RPCERROR_CONNECT_REJECT, RpcException
from tcelib.runtime.token_look_up import TokenLookUps, Verdict, Verify
from tcelib.wire.message import CALL, ONEWAY, RETURN, TOKEN, RpcMessage

LOGIN_SECONDS = 10.0
RECHECK_SECONDS = 60.0
RECHECKED_TOGETHER = 100
LOOK_SECONDS = 0.5
log = logging.getLogger("tce.token")


class TokenListener(RpcConnectionEventListener):
    """Finds the user of each accepted connection by the token in its first packet.

    ``is_required``: a client without a token is refused, and one that has shown none within ``login_seconds``.
    Without it such a client comes in as nobody in particular; a token that is not valid is refused all the same.
    ``recheck_seconds``: open connections' tokens are looked up so often, and connections of those that have ended are
    closed. ``then`` is the application's own listener. It is told of every connection, and of the messages of those
    that are let in.

    The verdict is the connection's ``user``, and its id the connection's user id. Refused calls are answered with
    CONNECT_REJECT. A look-up that fails or takes longer than ``login_seconds`` refuses, too, and ends no connection.
    """

    def __init__(
        self,
        verify: Verify,
        *,
        is_required: bool = True,
        login_seconds: float = LOGIN_SECONDS,
        recheck_seconds: float = RECHECK_SECONDS,
        then: RpcConnectionEventListener | None = None,
    ) -> None:
        self._look_ups = TokenLookUps(verify)
        self._is_required = is_required
        self._login_seconds = login_seconds
        self._recheck_seconds = recheck_seconds
        self._then = then
        self._due: dict[RpcConnection, float] = {}  # the first one first: all have the same time
        self._asking: WeakKeyDictionary[RpcConnection, gevent.event.Event] = WeakKeyDictionary()
        self._let_in: WeakSet[RpcConnection] = WeakSet()
        self._by_token: dict[str, WeakSet[RpcConnection]] = {}
        self._watch: gevent.Greenlet | None = None
        self._recheck: gevent.Greenlet | None = None

    # Methods for connections.

    def onConnected(self, conn: RpcConnection) -> None:
        """See ``RpcConnectionEventListener``."""
        if self._is_required and not self._is_ours(conn):
            self._due[conn] = time.monotonic() + self._login_seconds
            if self._watch is None:
                self._watch = gevent.spawn(self._turn_away_late)
        if self._then is not None:
            self._then.onConnected(conn)

    def onDisconnected(self, conn: RpcConnection) -> None:
        """See ``RpcConnectionEventListener``."""
        self._due.pop(conn, None)
        if self._then is not None:
            self._then.onDisconnected(conn)

    def onDataPacket(self, conn: RpcConnection, msg: RpcMessage) -> bool:
        """See ``RpcConnectionEventListener``. Waits for the look-up."""
        if not self._is_ours(conn) and conn not in self._let_in:
            asking = self._asking.get(conn)
            if asking is None:
                if not self._judge(conn, msg):
                    return False
            else:  # an answer behind a first packet whose token is being looked up
                asking.wait()
                if not conn.is_open:
                    return False
        conn.listener = self._then
        return self._then is None or bool(self._then.onDataPacket(conn, msg))

    def _is_ours(self, conn: RpcConnection) -> bool:
        """Return whether this program has opened the connection itself: it leads to a server."""
        return conn.calls.can_reconnect

    def _judge(self, conn: RpcConnection, msg: RpcMessage) -> bool:
        token = msg.extra.props.get(TOKEN)
        if not token:
            if self._is_required:
                return self._refuse(conn, msg, "no token in the first packet")
        else:
            self._due.pop(conn, None)  # the look-up has a time of its own
            user = self._ask(conn, token)
            if not conn.is_open:
                return False
            user_id = _told_id(user)
            if isinstance(user_id, BaseException):
                log.error("! a token could not be looked up: %s: %s", type(user_id).__name__, user_id)
                return self._refuse(conn, msg, "its token could not be looked up")
            if not user_id:
                return self._refuse(conn, msg, "its token is not valid")
            conn.user = user
            conn.setUserId(user_id)
            self._by_token.setdefault(token, WeakSet()).add(conn)
            if self._recheck is None:
                self._recheck = gevent.spawn(self._recheck_all)
        self._due.pop(conn, None)
        self._let_in.add(conn)
        return True

    def _ask(self, conn: RpcConnection, token: str) -> Verdict:
        """Look a token up. Calls of the connection wait meanwhile, and little more of it is read."""
        asking = self._asking[conn] = gevent.event.Event()
        try:
            with conn.held():
                return self._look_ups.find(token, self._login_seconds)
        finally:
            del self._asking[conn]
            # Those who wait go on when the one that asked has decided.
            gevent.get_hub().loop.run_callback(asking.set)

    def _refuse(self, conn: RpcConnection, msg: RpcMessage, reason: str) -> bool:
        log.info("! refused: %s", reason)
        wants_answer = msg.calltype & CALL and not msg.calltype & ONEWAY
        if wants_answer and not (conn.adapter is not None and conn.adapter.is_silent):
            answer = RpcMessage(RETURN, msg.sequence, msg.ifidx, errcode=RPCERROR_CONNECT_REJECT, call_id=msg.call_id)
            try:
                conn.sendMessage(answer)
            except RpcException as error:
                log.debug("the refusal was not sent: %s", error)
        return False

    # Watching.

    def _turn_away_late(self) -> None:
        """Close the connections that have shown no token in time."""
        try:
            while self._due:
                gevent.sleep(LOOK_SECONDS)
                now = time.monotonic()
                for conn in tuple(_until(self._due, now)):
                    if self._due.pop(conn, None) is not None:  # else the end of another one has ended it
                        log.info("! refused: no token within %g s", self._login_seconds)
                        _close(conn)
        finally:
            self._watch = None

    def _recheck_all(self) -> None:
        try:
            while self._by_token:
                gevent.sleep(self._recheck_seconds)
                self._by_token = {token: conns for token, conns in self._by_token.items() if any(_open(conns))}
                tokens = tuple(self._by_token)
                for start in range(0, len(tokens), RECHECKED_TOGETHER):
                    self._compare(self._look_ups.find_many(tokens[start : start + RECHECKED_TOGETHER]).items())
        finally:
            self._recheck = None

    def _compare(self, verdicts: Iterable[tuple[str, Verdict]]) -> None:
        failures: list[BaseException] = []
        for token, user in verdicts:
            user_id = _told_id(user)
            if isinstance(user_id, BaseException):
                failures.append(user_id)
                continue
            for conn in tuple(_open(self._by_token.get(token, ()))):
                if user_id != conn.getUserId():
                    log.info("- closed: the token of user %s is not valid any more", conn.getUserId())
                    _close(conn)
                else:
                    conn.user = user
        if failures:
            log.error("! %d tokens could not be looked up; their connections stay: %s", len(failures), failures[0])


def user_id_of(user: Verdict) -> str:
    """Return the id of a user as connections carry it."""
    return str(getattr(user, "user_id", user))


def _told_id(user: Verdict) -> str | BaseException | None:
    """Return the id of a user, None for a token that is not valid, and an error where nobody can tell."""
    if user is None or isinstance(user, BaseException):
        return user
    try:
        return user_id_of(user)
    except Exception as error:  # noqa: BLE001  it is a property of the site's, and the verdict
        return error


def _close(conn: RpcConnection) -> None:
    """Close a connection; one that cannot be closed keeps no other one open."""
    try:
        conn.close()
    except Exception:
        log.exception("! a connection could not be closed")


def _open(conns: Iterable[RpcConnection]) -> Iterator[RpcConnection]:
    return (conn for conn in conns if conn.is_open)


def _until(due: dict[RpcConnection, float], now: float) -> Iterator[RpcConnection]:
    for conn, deadline in due.items():
        if deadline > now:
            return
        yield conn
