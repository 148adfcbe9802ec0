"""Serializer of the cache: sessions lie in Redis as JSON.

Django's Redis cache pickles by default, and loading a pickle runs what it says. Everyone who may RPUSH a quote can
write to this Redis, and must not be able to run code in the site or in rtserver by writing a session.
"""

import json
from typing import Any


class JSONSerializer:
    """Turns values to bytes and back, as ``RedisCache`` asks of its ``serializer`` option."""

    def dumps(self, value: Any) -> bytes | int:
        """Plain integers stay as they are, so that Redis can count with them.

        Raises ``TypeError`` for what JSON has no form for.
        """
        if type(value) is int:
            return value
        return json.dumps(value, separators=(",", ":")).encode()

    def loads(self, data: bytes) -> Any:
        """Raises ``ValueError`` for what is not JSON, which Django's session engine takes for a missing session."""
        return json.loads(data)
