"""Signer: signs messages, and accepts those that were signed with a known secret.

A signed message is ``sha256=``, the HMAC-SHA256 (RFC 2104) of what follows its space as 64 small hexadecimal digits,
a space, and what was signed: the message's bytes, or ``ts=``, the time of the signing in whole seconds since 1970, a
space and the message's bytes. No error and no ``repr`` shows a secret.
"""

import hmac
import re
from collections.abc import Callable

PREFIX = b"sha256="
HEAD_LENGTH = len(PREFIX) + 64 + 1
_TIME = re.compile(rb"ts=([0-9]{1,12}) ")
"""No JSON begins like it."""
_TIMED_MARK = b"sha256=ts "


class SignatureError(ValueError):
    """A message without a valid signature. ``str`` of it is fit for its producer."""


class Signer:
    """Signs with the first of several secrets, separated by commas, and accepts each of them.

    Without a secret it leaves messages as they are and accepts all, signed ones included: so producers can get a
    secret before the servers do. ``seconds`` is how long a signature is valid: a message must come within that many
    seconds of its time, before or after, as clocks differ. 0 is for ever: then no time is written or required.
    ``now`` returns seconds since 1970, and is needed with ``seconds``. Safe from any thread.
    """

    def __init__(self, secrets: str = "", *, seconds: float = 0.0, now: Callable[[], float] | None = None) -> None:
        self._keys = _keys_of(secrets)
        if seconds and now is None:
            raise ValueError("signatures with a time need a clock")
        self._now = now or _no_clock
        self.seconds = seconds if self._keys else 0.0

    def __repr__(self) -> str:
        return f"Signer(<{len(self._keys)} secrets>)"

    def replace(self, secrets: str) -> None:
        """Use other secrets from the next message on. The first signs, all are accepted."""
        self._keys = _keys_of(secrets)

    def sign(self, message: bytes) -> bytes:
        """Return the bytes to send."""
        keys = self._keys
        if not keys:
            return message
        text = b"ts=%d %s" % (self._now(), message) if self.seconds else message
        return _sign_head(keys[0], text) + text

    def sign_again(self, raw: bytes) -> bytes:
        """Return a sent message with a signature of now, if its old one was valid at its time; else return it
        unchanged.
        """
        try:
            return self.sign(_message_of(self._signed(raw))) if self.seconds else raw
        except SignatureError:
            return raw

    def open(self, raw: bytes, came_at: float | None = None) -> bytes:
        """Return the message in what was sent. Raises ``SignatureError``.

        ``came_at`` is when it came, in seconds since 1970; None is now. A caller that opens a message later must pass
        it, so that the message stays as valid as it was.
        """
        if not self._keys:
            # On the path of every message: no JSON begins like a signature.
            return message_of(raw) if raw[:1] == b"s" else raw
        text = self._signed(raw)
        if self.seconds:
            self._check_time(text, self._now() if came_at is None else came_at)
        return _message_of(text)

    def _signed(self, raw: bytes) -> bytes:
        if not _has_head(raw):
            raise SignatureError("it is not signed")
        head, text = raw[:HEAD_LENGTH], raw[HEAD_LENGTH:]
        if not any(hmac.compare_digest(_sign_head(key, text), head) for key in self._keys):
            raise SignatureError("its signature was made with another secret, or for other bytes")
        return text

    def _check_time(self, text: bytes, came_at: float) -> None:
        said = _TIME.match(text)
        if said is None:
            raise SignatureError("its signature has no time (ts), which this server requires")
        age = came_at - int(said[1])
        if abs(age) > self.seconds:
            when = f"{age:.0f} s before" if age > 0 else f"{-age:.0f} s after"
            raise SignatureError(f"it was signed {when} it came; allowed are {self.seconds:g} s")


def mark_of(raw: bytes) -> bytes:
    """Return what two signed copies of a message have in common; empty if it is not signed. Checks no signature.

    That is the signature with its space. If a time is signed too, it is a constant: a producer that sends again signs
    again.
    """
    if not _has_head(raw):
        return b""
    return _TIMED_MARK if _TIME.match(raw, HEAD_LENGTH) else raw[:HEAD_LENGTH]


def message_of(raw: bytes) -> bytes:
    """Return the message in what was sent, without checking its signature."""
    return _message_of(raw[HEAD_LENGTH:]) if _has_head(raw) else raw


def _no_clock() -> float:
    return 0.0


def _keys_of(secrets: str) -> tuple[bytes, ...]:
    return tuple(secret.strip().encode() for secret in secrets.split(",") if secret.strip())


def _sign_head(key: bytes, text: bytes) -> bytes:
    return b"%s%s " % (PREFIX, hmac.digest(key, text, "sha256").hex().encode())


def _has_head(raw: bytes) -> bool:
    return raw.startswith(PREFIX) and raw[HEAD_LENGTH - 1 : HEAD_LENGTH] == b" "


def _message_of(text: bytes) -> bytes:
    said = _TIME.match(text) if text[:1] == b"t" else None
    return text[said.end() :] if said else text
