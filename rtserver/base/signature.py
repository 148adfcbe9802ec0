"""Who may put messages on the list: those who know the secret, and sign with it.

Decides how a signature looks and when one is good. A signed message is ``sha256=``, the HMAC-SHA256 (RFC 2104) of the
message's bytes as 64 small hexadecimal digits, a space, and the bytes. No secret is ever shown, in no error and no
``repr``.
"""

import hmac

PREFIX = b"sha256="
HEAD_LENGTH = len(PREFIX) + 64 + 1


class SignatureError(ValueError):
    """A message that nobody who knows a secret has signed. ``str`` of it is fit for whoever sent it."""


class Signer:
    """Signs with the first of several secrets, separated by commas, and takes what is signed with any of them.

    With no secret it leaves messages as they are, and takes them all: those that are signed, too, so that producers
    can be told a secret before the servers are.
    """

    def __init__(self, secrets: str = "") -> None:
        self._keys = tuple(secret.strip().encode() for secret in secrets.split(",") if secret.strip())

    def __repr__(self) -> str:
        return f"Signer(<{len(self._keys)} secrets>)"

    def sign(self, message: bytes) -> bytes:
        """What to send."""
        return _sign_head(self._keys[0], message) + message if self._keys else message

    def open(self, raw: bytes) -> bytes:
        """The message in what was sent. Raises ``SignatureError``."""
        if not self._keys:
            # On the path of every message: no JSON begins like a signature.
            return raw[HEAD_LENGTH:] if raw[:1] == b"s" and _has_head(raw) else raw
        if not _has_head(raw):
            raise SignatureError("it is not signed")
        head, message = raw[:HEAD_LENGTH], raw[HEAD_LENGTH:]
        if not any(hmac.compare_digest(_sign_head(key, message), head) for key in self._keys):
            raise SignatureError("its signature was made with another secret, or for other bytes")
        return message


def head_of(raw: bytes) -> bytes:
    """The signature in front of a message, with its space; empty if there is none. It may be a bad one."""
    return raw[:HEAD_LENGTH] if _has_head(raw) else b""


def _sign_head(key: bytes, message: bytes) -> bytes:
    return b"%s%s " % (PREFIX, hmac.digest(key, message, "sha256").hex().encode())


def _has_head(raw: bytes) -> bool:
    return raw.startswith(PREFIX) and raw[HEAD_LENGTH - 1 : HEAD_LENGTH] == b" "
