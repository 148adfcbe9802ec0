"""The blocking half of look-ups: sessions and tokens in, users out, by Django.

Django decides which sessions are valid. A look-up changes nothing of the site's: it never ends, cycles or creates a
session. ``site_session`` and ``site_user`` hold the questions to Django. Django must be set up before the first
look-up.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from django.db import close_old_connections

from rtserver.base.queue.port import QueueError
from rtserver.base.queue.revocation_port import RevocationPort
from rtserver.user.identity import Identity
from rtserver.user.session.look_up_run import LookUpRun
from rtserver.user.session.site_credential import is_possible, is_self_contained, made_at
from rtserver.user.session.site_session import read_sessions
from rtserver.user.session.site_user import User, find_groups, find_users
from rtserver.user.session.token import is_token, read_token

NONE: frozenset[str] = frozenset()


LookUpResult = Identity | Exception | None
"""The user of a session, the error of the look-up, or None for a session that is not valid."""


class SessionFinder:
    """Finds the users of sessions and tokens. Every look-up blocks.

    A token is accepted wherever a session's key is; it is valid for ``token_seconds``. ``reads_groups`` adds the
    users' groups, by one query for a whole batch. ``revocations`` has the revoked tokens and signed cookies; while it
    cannot be read, look-ups of those are errors.
    """

    def __init__(
        self,
        *,
        token_seconds: float = 86_400.0,
        reads_groups: bool = False,
        revocations: RevocationPort | None = None,
    ) -> None:
        self._token_seconds = token_seconds
        self._reads_groups = reads_groups
        self._revocations = revocations
        self._run = LookUpRun()

    def find(self, session_key: str) -> Identity | None:
        """Return the user of a session or a token.

        Return None if it is unknown, expired or forged, or its user may not log in. Blocks. Raises what the session's
        store or the database raises when it cannot be reached.
        """
        outcome = self.find_many([session_key])[session_key]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def find_many(self, session_keys: Sequence[str]) -> Mapping[str, LookUpResult]:
        """Return what ``find`` would return or raise for each key. Pass some hundred keys at most.

        Blocks. A store that cannot be reached is an error for each key that it concerns.
        """
        close_old_connections()
        try:
            return self._outcomes(session_keys)
        finally:
            close_old_connections()

    def find_in_run(self, session_keys: Sequence[str]) -> Mapping[str, LookUpResult]:
        """Return what ``find_many`` does, and leave the connections open. For the thread of runs alone."""
        with self._run.batch():
            return self._outcomes(session_keys)

    def end_run(self) -> None:
        """Close the connections that ``find_in_run`` has left open. For that thread alone. Raises nothing."""
        self._run.end()

    def _outcomes(self, session_keys: Sequence[str]) -> Mapping[str, LookUpResult]:
        outcomes: dict[str, LookUpResult] = dict.fromkeys(session_keys)
        possible = [session_key for session_key in session_keys if is_possible(session_key)]
        if possible:
            outcomes.update(self._find_many(possible))
        return outcomes

    def _find_many(self, session_keys: Sequence[str]) -> Iterator[tuple[str, LookUpResult]]:
        tokens = {key: read_token(key, self._token_seconds) for key in session_keys if is_token(key)}
        sessions = {**tokens, **read_sessions([key for key in session_keys if not is_token(key)])}
        users = find_users({key: data for key, data in sessions.items() if data and not isinstance(data, Exception)})
        users |= self._revoked(key for key, user in users.items() if user is not None)
        groups = find_groups(users) if self._reads_groups else {}
        for key, data in sessions.items():
            yield key, data if isinstance(data, Exception) else _identity(key, users.get(key), groups.get(key, NONE))

    def _revoked(self, keys: Iterable[str]) -> Mapping[str, Exception | None]:
        """Return None for each valid key that was revoked; the error for each key if revocations cannot be read."""
        signed = {key: made_at(key) for key in keys if is_self_contained(key)}
        if self._revocations is None or not signed:
            return {}
        try:
            return dict.fromkeys(self._revocations.revoked(signed))
        except QueueError as error:
            return dict.fromkeys(signed, error)


def _identity(session_key: str, user: User | None, groups: frozenset[str] | Exception) -> LookUpResult:
    if user is None or isinstance(user, Exception):
        return user
    if isinstance(groups, Exception):
        return groups
    user_id = user.pk if isinstance(user.pk, int) else str(user.pk)
    return Identity(user_id, user.get_username(), session_key, groups)
