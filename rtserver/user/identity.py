"""Identity of a logged-in user. Pure."""

import msgspec


class Identity(msgspec.Struct, frozen=True):
    """A logged-in user and the credential that proves it.

    ``session_key`` is the key of a Django session, or a token of ``user.session.token``. ``groups`` are the names of
    the user's Django groups; they are looked up where ``Policy.needs_groups`` asks for them, and empty otherwise.
    """

    user_id: int | str
    name: str
    session_key: str
    groups: frozenset[str] = frozenset()
