"""``rtserver check``: tests whether a server with this configuration could start here and would keep its promises.

Each check yields one line for each finding. Nothing is started and, but for the demo site's secret key, nothing
written.
"""

import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from rtserver.base.send.choice import choose_sender
from rtserver.base.tce.gateway import UserGateway
from rtserver.base.wire.message_size import largest_message
from rtserver.base.wire.origin import ANY, OPAQUE
from rtserver.bootstrap.command.check_exchanges import check_exchanges
from rtserver.bootstrap.command.check_history import HistoryPlan, check_history
from rtserver.bootstrap.command.check_queues import check_queues
from rtserver.bootstrap.command.check_redis import check_redis
from rtserver.bootstrap.command.check_replicas import check_replicas
from rtserver.bootstrap.command.check_rpc import check_rpc
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.config_constraint import largest_picture
from rtserver.bootstrap.config.error import CertificateError, PluginError
from rtserver.bootstrap.config.loopback import is_loopback
from rtserver.bootstrap.config.plugin import (
    by_service,
    by_type,
    load_history,
    load_indicators,
    load_plugins,
    load_policy,
    load_servants,
)
from rtserver.bootstrap.config.rpc_route import check_owners, rpc_routes
from rtserver.bootstrap.config.secret_file import OTHERS, open_files
from rtserver.bootstrap.process.bound_socket import bind_addresses
from rtserver.bootstrap.process.certificate import expiry_of, judge_expiry, load_context
from rtserver.bootstrap.process.embedded_redis import running_url
from rtserver.bootstrap.process.file_limit import FEW, most_files
from rtserver.bootstrap.process.memory import system_bytes
from rtserver.bootstrap.site.check_site import check_site
from rtserver.bootstrap.site.finding import Finding, Severity
from rtserver.bootstrap.web.monitor_access import tells_at_public_port
from rtserver.service.msg_handler import ServiceMsgHandler
from rtserver.user.msg_handler import BaseUserMsgHandler

NO_REDIS_YET = "redis://127.0.0.1:6379/0"  # for the demo's settings, which need some address


def check_all(config: Config, plan: HistoryPlan) -> Iterator[Finding]:
    """Yield all findings, as they are made. Sets Django up in this process on the way."""
    yield from check_certificate(config)
    yield from check_site(config, config.redis_url or running_url(Path(config.var_dir)) or NO_REDIS_YET)
    yield from check_secret_files(config)
    yield from check_plugins(config)
    yield from check_rpc(config)
    yield from check_exchanges(config, int(time.time() * 1000))
    yield from check_redis(config)
    yield from check_replicas(config)
    yield from check_queues(config)
    yield from check_ports(config)
    yield check_monitors(config)
    yield from check_origins(config)
    yield from check_sizes(config)
    yield from check_history(config, plan, system_bytes)
    yield check_file_limit(most_files())
    yield Finding(Severity.OK, "writes", choose_sender().detail)


def check_origins(config: Config) -> Iterator[Finding]:
    """Find origins whose pages could connect as their visitors."""
    for word, whose in ((ANY, "of every site"), (OPAQUE, "in a sandboxed frame of any site")):
        if word in config.allowed_origins:
            text = (
                f'allowed_origins has "{word}": pages {whose} may connect, with the session of whoever looks at them'
            )
            yield Finding(Severity.WARN, "origins", text)


def check_certificate(config: Config) -> Iterator[Finding]:
    """Check that TLS could be spoken, and for how long. Without TLS, warn if others could listen."""
    if not config.tls_cert:
        if not (config.trusted_proxies or is_loopback(config.host)):
            text = (
                f"{config.host} is not this machine alone: without TLS, or a proxy with it, others can read sessions"
            )
            yield Finding(Severity.WARN, "tls", text)
        return
    path = Path(config.tls_cert)
    try:
        load_context(path, Path(config.tls_key))
        is_good, text = judge_expiry(expiry_of(path))
    except CertificateError as error:
        yield Finding(Severity.FAIL, "tls", str(error))
        return
    severities = {True: Severity.OK, None: Severity.WARN, False: Severity.FAIL}
    yield Finding(severities[is_good], "tls", f"{path}: {text}")


def check_secret_files(config: Config, environ: Mapping[str, str] = os.environ) -> Iterator[Finding]:
    """Check that no other user may read the files with secrets, nor the demo site's key if there is one."""
    for path in open_files(config):
        yield Finding(Severity.WARN, "secret", f"{path} can be read by other users of this machine: chmod 600")
    if config.django_settings:
        return
    named = environ.get("RTSITE_SECRET_KEY_FILE")
    path = Path(named) if named else Path(config.var_dir) / "secret_key"
    if path.exists() and path.stat().st_mode & OTHERS:
        advice = "" if named else ", or remove it for a new one"
        yield Finding(
            Severity.WARN, "secret", f"{path} can be read by other users of this machine: chmod 600{advice}"
        )


def check_plugins(config: Config) -> Iterator[Finding]:
    """Check that every plug-in can be loaded, and that no two of them, nor a route, claim one type, index or name."""
    try:
        handlers = by_type(load_plugins(config.msg_handlers, "rtserver.handlers", BaseUserMsgHandler))
        services = by_type(load_plugins(config.services, "rtserver.services", ServiceMsgHandler))
        by_service(services.values())
        servants = load_servants(config.rpc_servants)
        check_owners(rpc_routes(config), handlers.values(), [UserGateway, *servants])
        indicators = load_indicators(config.indicators).plugins
        policy = type(load_policy(config.policy))
        history = type(load_history(config.history)) if config.history else None
    except PluginError as error:
        yield Finding(Severity.FAIL, "plug-ins", str(error))
        return
    loaded = (*handlers.values(), *services.values(), *servants, *indicators)
    found = [f"{cls.__module__}:{cls.__qualname__}" for cls in loaded]
    found += [f"{policy.__module__}:{policy.__qualname__}"] if config.policy else []
    found += [f"{history.__module__}:{history.__qualname__}"] if history else []
    yield Finding(Severity.OK, "plug-ins", ", ".join(found) or "none")


def check_ports(config: Config) -> Iterator[Finding]:
    """Check that the server could listen on its addresses right now."""
    yield _check_port("port", config.host, config.port, config.reuse_port)
    if config.tce_port:
        yield _check_port("tce-port", config.host, config.tce_port, config.reuse_port)
    if config.admin_port:
        yield _check_port("admin-port", "127.0.0.1", config.admin_port, is_shared=False)


def check_monitors(config: Config) -> Finding:
    """Tell where ``/metrics`` can be read, and warn if a proxy could show it to everyone."""
    private = (
        f"at http://127.0.0.1:{config.admin_port}" if config.admin_port else "at a loop-back port that the log names"
    )
    if not tells_at_public_port(config):
        advice = "" if config.admin_port else "; set admin_port to have one that stays"
        return Finding(Severity.OK, "metrics", f"{private}, not at the public port{advice}")
    allowed = ", ".join(config.metrics_allow) or "nobody"
    text = f"{private}, and at the public port for {allowed}"
    if tells_at_public_port(msgspec.structs.replace(config, public_metrics="auto")):
        return Finding(Severity.OK, "metrics", text)
    return Finding(
        Severity.WARN, "metrics", f"{text}: a proxy there that sends no header of its own tells them anybody"
    )


def _check_port(subject: str, host: str, port: int, is_shared: bool) -> Finding:
    address = f"{host}:{port}"
    try:
        listeners = bind_addresses(host, port, is_shared=is_shared)
    except OSError as error:
        return Finding(Severity.FAIL, subject, f"{address}: {error.strerror}")
    for listener in listeners:
        listener.close()
    return Finding(Severity.OK, subject, f"{address} is free")


def check_sizes(config: Config) -> Iterator[Finding]:
    """Tell the largest picture and the largest message that a client may be sent."""
    room = largest_message(config.outbox_hard_bytes)
    text = f"up to {largest_picture(config) >> 10} KB each, of {room >> 10} KB that may wait for a client"
    yield Finding(Severity.OK, "pictures", text)
    text = (
        f"a client takes up to {room} bytes in one (outbox_hard_bytes); a longer pushuser, up to "
        f"service_message_bytes, {config.service_message_bytes}, is a dead letter"
    )
    yield Finding(Severity.OK, "messages", text)


def check_file_limit(limit: int) -> Finding:
    """Judge the number of connections that the hard limit of open files allows; below 0 there is no limit."""
    if 0 <= limit < FEW:
        advice = "raise it with ulimit -Hn, or LimitNOFILE= under systemd"
        return Finding(Severity.WARN, "files", f"at most {limit} open at once, and each connection is one: {advice}")
    return Finding(Severity.OK, "files", f"at most {'as many as there are' if limit < 0 else limit} open at once")
