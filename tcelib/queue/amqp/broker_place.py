"""Broker: the place of a broker, as a URL names it."""

import ssl
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

PORTS = {"amqp": 5672, "amqps": 5671}
TRUSTED, VERIFY = "ssl_ca_certs", "ssl_cert_reqs"
NEVER = "none"


class Broker(NamedTuple):
    """Place of a broker, and who we are there; without ``user`` we are anonymous.

    ``has_tls``: TLS is spoken. ``trusted``, a file, vouches for the certificate of ``host``, or without one the
    system; ``verifies=False`` trusts everybody.
    """

    host: str = "localhost"
    port: int = 5672
    user: str = ""
    password: str = ""
    has_tls: bool = False
    trusted: str = ""
    verifies: bool = True

    @property
    def address(self) -> str:
        """The place, fit for a log."""
        return f"amqp{'s' if self.has_tls else ''}://{self.host}:{self.port}"

    def tls(self) -> ssl.SSLContext | None:
        """Return the context of a client, None without TLS. Raises ``OSError`` if ``trusted`` cannot be read."""
        if not self.has_tls:
            return None
        context = ssl.create_default_context(cafile=self.trusted or None)
        if not self.verifies:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


def read_broker(text: str, port: int = 0) -> Broker:
    """Return the broker of a host or of a URL ``amqp://user:password@host:port``. Raises ``ValueError``.

    ``amqps://host:port?ssl_ca_certs=FILE`` speaks TLS; ``ssl_cert_reqs=none`` verifies nothing. Both are named as in
    the URL of a Redis.
    """
    if "://" not in text:
        return Broker(text or "localhost", port or PORTS["amqp"])
    parts = urlsplit(text)
    if parts.scheme not in PORTS or not parts.hostname:
        raise ValueError(f"{parts.scheme}://...: a broker's URL is amqp://host:port or amqps://host:port")
    trusted, verifies = _tls_options(parts)
    return Broker(
        parts.hostname,
        parts.port or port or PORTS[parts.scheme],
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        parts.scheme == "amqps",
        trusted,
        verifies,
    )


def secure_url(host: str, port: int, *, trusted: str, verifies: bool) -> str:
    """Return the URL of a broker that speaks TLS; see ``Broker``."""
    options = {TRUSTED: trusted} if trusted else {}
    if not verifies:
        options[VERIFY] = NEVER
    query = f"?{urlencode(options)}" if options else ""
    return f"amqps://{host or 'localhost'}:{port or PORTS['amqps']}{query}"


def _tls_options(parts: SplitResult) -> tuple[str, bool]:
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    trusted, requirement = options.pop(TRUSTED, ""), options.pop(VERIFY, "required")
    if options:
        raise ValueError(f"{parts.scheme}://...: a broker's URL has no option {next(iter(options))!r}")
    if requirement not in (NEVER, "required"):
        raise ValueError(f"{VERIFY} is required or {NEVER}, not {requirement!r}")
    if parts.scheme != "amqps" and parts.query:
        raise ValueError(f"{TRUSTED} and {VERIFY} are options of amqps://, and this is {parts.scheme}://")
    return trusted, requirement != NEVER
