"""Certificate: the server's certificate and key, read from files, judged, and read again when they were renewed.

It decides which versions of TLS and which ciphers are spoken, and what is wrong with files that do not fit.
"""

import logging
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from rtserver.base.listener.tls import Tls
from rtserver.bootstrap.config.error import CertificateError

log = logging.getLogger(__name__)

WARN_DAYS = 14
DAY_SECONDS = 86_400

SEQUENCE, CONTEXT_0, UTC_TIME, GENERALIZED_TIME = 0x30, 0xA0, 0x17, 0x18
VALIDITY = 3  # of serialNumber, signature, issuer, validity, ...: RFC 5280, section 4.1


def load_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return a context for TLS 1.2 and newer, for a server with this certificate. Raises ``CertificateError``.

    ``certificate`` holds the certificate and those between it and its authority's (PEM), ``key`` its key, without a
    password.
    """
    for path in (certificate, key):
        _check_readable(path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Of TLS 1.2, only ciphers with forward secrecy and without block padding; TLS 1.3 has no others.
    context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(certificate, key, password=lambda: _refuse_password(key))
    except ssl.SSLError as error:
        raise CertificateError(_what_is_wrong(error, certificate, key)) from error
    return context


def expiry_of(certificate: Path) -> float:
    """Return the end of the validity of a file's first certificate, in seconds since 1970. Raises
    ``CertificateError``.
    """
    _check_readable(certificate)
    text = certificate.read_text(encoding="utf-8", errors="replace")
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    body = text.partition(begin)[2].partition(end)[0]
    try:
        return not_after(ssl.PEM_cert_to_DER_cert(f"{begin}{body}{end}\n"))
    except (ValueError, IndexError) as error:
        raise CertificateError(f"tls_cert: {certificate} holds no certificate in PEM") from error


def not_after(der: bytes) -> float:
    """Return the end of a certificate's validity (RFC 5280, section 4.1.2.5). Raises ``ValueError``,
    ``IndexError``.
    """
    to_be_signed = _first(_first(der, SEQUENCE), SEQUENCE)
    # The version is skipped: the oldest certificates have none.
    fields = [field for field in _elements(to_be_signed) if field[0] != CONTEXT_0]
    kind, moment = list(_elements(fields[VALIDITY][1]))[1]
    digits = moment.decode("ascii")
    if kind == UTC_TIME:
        digits = ("19" if digits[:2] >= "50" else "20") + digits
    elif kind != GENERALIZED_TIME:
        raise ValueError("no moment where the end of the validity is expected")
    return datetime.strptime(digits, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp()


def judge_expiry(moment: float, now: float | None = None) -> tuple[bool | None, str]:
    """Return True for a valid certificate, None for one to be renewed soon, False for an expired one; and the
    words for it.
    """
    left = moment - (time.time() if now is None else now)
    date = datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M UTC")
    if left <= 0:
        return False, f"expired on {date}"
    days = int(left // DAY_SECONDS)
    return (True if days >= WARN_DAYS else None), f"good until {date}, {days} days"


class Certificate:
    """The files, and the ``Tls`` that shows what they hold. Raises ``CertificateError``.

    ``not_after`` is the end of its validity, in seconds since 1970.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        self._certificate = certificate
        self._key = key
        self.tls = Tls(load_context(certificate, key))
        self.not_after = expiry_of(certificate)

    def renew(self) -> None:
        """Read the files again, for new connections. Raises ``CertificateError``; then everything stays as it was."""
        context, self.not_after = load_context(self._certificate, self._key), expiry_of(self._certificate)
        self.tls.context = context
        log.info("= the certificate is %s", judge_expiry(self.not_after)[1])


def _check_readable(path: Path) -> None:
    try:
        path.open("rb").close()
    except OSError as error:
        raise CertificateError(f"{path} cannot be read: {error.strerror}") from error


def _refuse_password(key: Path) -> str:
    # OpenSSL would ask for it at the terminal.
    raise CertificateError(f"tls_key: {key} is locked by a password, which a server cannot ask for")


def _what_is_wrong(error: ssl.SSLError, certificate: Path, key: Path) -> str:
    if error.reason == "KEY_VALUES_MISMATCH":
        return f"tls_key: {key} is not the key of {certificate}"
    return f"tls_cert, tls_key: {certificate} and {key} are no certificate and key in PEM ({error.reason or error})"


def _first(der: bytes, kind: int) -> bytes:
    found, content = next(_elements(der), (None, b""))
    if found != kind:
        raise ValueError("no certificate")
    return content


def _elements(der: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield tag and content of each element of a DER value (X.690, section 8.1)."""
    place = 0
    while place < len(der):
        kind, length = der[place], der[place + 1]
        place += 2
        if length >= 0x80:
            count = length & 0x7F
            length = int.from_bytes(der[place : place + count], "big")
            place += count
        if place + length > len(der):
            raise ValueError("an element that is cut")
        yield kind, der[place : place + length]
        place += length
