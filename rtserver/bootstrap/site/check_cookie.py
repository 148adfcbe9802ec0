"""Checks, from a site's settings alone, that browsers send its session cookie to the server and nobody else gets
it.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol
from urllib.parse import urlsplit

from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.loopback import is_loopback
from rtserver.bootstrap.site.finding import Finding, Severity

SUBJECT = "cookies"


class CookieSettings(Protocol):
    """The settings of a Django site that are about its cookies and hosts."""

    SESSION_COOKIE_NAME: str
    SESSION_COOKIE_PATH: str | None
    SESSION_COOKIE_DOMAIN: str | None
    SESSION_COOKIE_HTTPONLY: bool
    SESSION_COOKIE_SAMESITE: str | bool | None
    SESSION_COOKIE_SECURE: bool
    ALLOWED_HOSTS: Sequence[str]


def judge_cookies(site: CookieSettings, config: Config) -> Iterator[Finding]:
    """Judge the session's cookie by the settings of the ``site``."""
    yield from judge_secrecy(site, config)
    yield from judge_name(site)
    yield from judge_path(site, config)
    yield from judge_domain(site, config)


def judge_secrecy(site: CookieSettings, config: Config) -> Iterator[Finding]:
    """Judge whether scripts, other sites, and listeners on the way are kept from the cookie."""
    if not site.SESSION_COOKIE_HTTPONLY:
        text = "SESSION_COOKIE_HTTPONLY is False: any script of a page can read the session, and take it along"
        yield Finding(Severity.WARN, SUBJECT, text)
    if str(site.SESSION_COOKIE_SAMESITE).lower() not in ("lax", "strict"):
        text = f"SESSION_COOKIE_SAMESITE is {site.SESSION_COOKIE_SAMESITE!r}: pages of other sites send it along"
        yield Finding(Severity.WARN, SUBJECT, text)
    if config.tls_cert and not site.SESSION_COOKIE_SECURE:
        text = "SESSION_COOKIE_SECURE is False: a page without TLS gives the session away"
        yield Finding(Severity.WARN, SUBJECT, text)
    if site.SESSION_COOKIE_SECURE and not (config.tls_cert or config.trusted_proxies):
        what = "SESSION_COOKIE_SECURE is True" if config.django_settings else "RTSITE_HTTPS is on"
        text = (
            f"{what}, but nobody is in trusted_proxies who could say that TLS is spoken: over http:// browsers send "
            "the cookie to localhost at most; name the proxy, or set tls_cert"
        )
        yield Finding(Severity.WARN, SUBJECT, text)


def judge_name(site: CookieSettings) -> Iterator[Finding]:
    """Judge whether another cookie of the site has the same name, and whether browsers take the name."""
    name = site.SESSION_COOKIE_NAME
    for other in ("CSRF_COOKIE_NAME", "LANGUAGE_COOKIE_NAME"):
        if name == getattr(site, other, None):
            text = f'SESSION_COOKIE_NAME and {other} are both "{name}": one overwrites the other, choose two names'
            yield Finding(Severity.FAIL, SUBJECT, text)
    wants_secure = name.startswith(("__Host-", "__Secure-"))
    if wants_secure and not site.SESSION_COOKIE_SECURE:
        text = f'SESSION_COOKIE_NAME is "{name}", which browsers take with SESSION_COOKIE_SECURE = True only'
        yield Finding(Severity.FAIL, SUBJECT, text)
    if name.startswith("__Host-") and (site.SESSION_COOKIE_DOMAIN or site.SESSION_COOKIE_PATH != "/"):
        text = (
            f'SESSION_COOKIE_NAME is "{name}", which browsers take with SESSION_COOKIE_PATH = "/" and without '
            "SESSION_COOKIE_DOMAIN only"
        )
        yield Finding(Severity.FAIL, SUBJECT, text)


def judge_path(site: CookieSettings, config: Config) -> Iterator[Finding]:
    """Judge whether browsers send the cookie to the server's path."""
    path = site.SESSION_COOKIE_PATH or ""
    if not covers_path(path, config.path):
        below = path.rstrip("/") if path.startswith("/") else ""
        text = (
            f'SESSION_COOKIE_PATH is "{path}": browsers do not send the session to {config.path}, and nobody can log '
            f'in; write SESSION_COOKIE_PATH = "/"'
        )
        text += f', or path = "{below}/rt/" in rtserver.toml for a site below {below}/' if below else ""
        yield Finding(Severity.FAIL, SUBJECT, text)


def judge_domain(site: CookieSettings, config: Config) -> Iterator[Finding]:
    """Judge whether the known hosts, the site's and those of pages that may connect, get the cookie."""
    domain = (site.SESSION_COOKIE_DOMAIN or "").lower().lstrip(".")
    pages = {host for origin in config.allowed_origins if (host := urlsplit(origin).hostname)}
    if not domain:
        away = sorted(host for host in pages if not is_loopback(host))
        if away and not is_loopback(config.host) and config.host not in away:
            yield from _other_hosts(away)
        return
    hosts = _names(site.ALLOWED_HOSTS)
    if hosts and not any(may_cover(domain, host) for host in hosts):
        names = ", ".join(host.lstrip(".") for host in hosts)
        text = (
            f'SESSION_COOKIE_DOMAIN is "{site.SESSION_COOKIE_DOMAIN}", and none of ALLOWED_HOSTS '
            f"({names}) is in it: browsers do not keep the session, and nobody can log in"
        )
        yield Finding(Severity.FAIL, SUBJECT, text)
    strangers = sorted(host for host in pages if not covers_host(domain, host))
    if strangers:
        text = (
            f'SESSION_COOKIE_DOMAIN is "{site.SESSION_COOKIE_DOMAIN}", which {", ".join(strangers)} of '
            "allowed_origins is not in: pages from there have no session to send"
        )
        yield Finding(Severity.WARN, SUBJECT, text)


def covers_path(cookie_path: str, path: str) -> bool:
    """Return True if a cookie of ``cookie_path`` goes to ``path`` (RFC 6265, section 5.1.4)."""
    if not cookie_path.startswith("/"):
        return False
    return path == cookie_path or path.startswith(cookie_path if cookie_path.endswith("/") else f"{cookie_path}/")


def covers_host(domain: str, host: str) -> bool:
    """Return True if a cookie of ``domain`` goes to ``host`` (RFC 6265, section 5.1.3)."""
    return host == domain or host.endswith(f".{domain}")


def may_cover(domain: str, allowed: str) -> bool:
    """Return True if a cookie of ``domain`` goes to a host that an entry of ALLOWED_HOSTS allows: ``.a.b`` is all
    below.
    """
    name = allowed.lstrip(".")
    return covers_host(domain, name) or (name != allowed and covers_host(name, domain))


def _other_hosts(away: Iterable[str]) -> Iterator[Finding]:
    text = (
        f"allowed_origins names {', '.join(away)}, and SESSION_COOKIE_DOMAIN is not set: a session goes to the host "
        "that made it alone; where rtserver has another host, set SESSION_COOKIE_DOMAIN to what both have in common"
    )
    yield Finding(Severity.WARN, SUBJECT, text)


def _names(allowed_hosts: Iterable[str]) -> list[str]:
    """Return the entries of ALLOWED_HOSTS that are not for this machine alone; none if any host will do."""
    hosts = [host.lower() for host in allowed_hosts]
    if "*" in hosts:
        return []
    return [host for host in hosts if not is_loopback(host.lstrip(".")) and host != "[::1]"]
