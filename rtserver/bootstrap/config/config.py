"""The configuration: every setting with its default, its bounds and its one line of documentation.

This one table feeds the check of values, ``--help`` and ``docs/configuration.md``. Where values come from and which
source wins is ``config_source.py``.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

Words = tuple[str, ...]

SECRETS_PATTERN = r"^$|^[^,]{16,}(,[^,]{16,})*$"
REDIS_URL_PATTERN = r"^$|^(redis|rediss|unix)://.+"
DOTTED_PATHS = {"allowed": 'a list of dotted paths such as "shop.handlers:CartHandler"'}
NETWORKS = {"allowed": 'a list of addresses and networks such as "10.0.0.0/8"'}
NETWORK_KEYS = frozenset({"trusted_proxies", "metrics_allow"})


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an installation may decide. Times are in seconds where the name does not say otherwise."""

    host: Annotated[str, Meta(description="Address to listen on; 0.0.0.0 for all.", min_length=1)] = "127.0.0.1"
    port: Annotated[int, Meta(description="Port to listen on; 0 takes any free one.", ge=0, le=65535)] = 8888
    path: Annotated[
        str,
        Meta(
            description="Path of the WebSockets, as browsers ask for it; for a site below a path, below that.",
            pattern=r"^/([A-Za-z0-9._~-]+/)+$",
            extra={"allowed": "a path such as /rt/ or /shop/rt/"},
        ),
    ] = "/rt/"
    tce_port: Annotated[int, Meta(description="Port for binary clients, over TCP; 0 for none.", ge=0, le=65535)] = (
        8889
    )
    tls_cert: Annotated[
        str, Meta(description="Certificate, with those between it and its authority (PEM). Empty: no TLS.")
    ] = ""
    tls_key: Annotated[str, Meta(description="The certificate's key (PEM), without a password.")] = ""
    hsts_seconds: Annotated[
        int, Meta(description="How long browsers are told to use https only, where TLS is spoken; 0: not.", ge=0)
    ] = 2_592_000
    redis_url: Annotated[
        str,
        Meta(
            description="Redis that producers push to. Empty: an embedded one is started.",
            pattern=REDIS_URL_PATTERN,
            extra={"allowed": "empty, or an address that begins with redis://, rediss:// or unix://"},
        ),
    ] = ""
    redis_password_file: Annotated[
        str, Meta(description="File that holds the password for redis_url, which names none then.")
    ] = ""
    embedded_redis_port: Annotated[
        int,
        Meta(description="Port of the embedded Redis; 0: the first that is free from 6379 on.", ge=0, le=65535),
    ] = 0
    queue: Annotated[str, Meta(description="The Redis list that producers push to.", min_length=1)] = "queue:rtserver"
    queue_secret: Annotated[
        str,
        Meta(
            description="Only messages signed with it are taken. Several: the first signs, all are good.",
            pattern=SECRETS_PATTERN,
            extra={"allowed": "empty, or secrets of at least 16 characters, separated by commas"},
        ),
    ] = ""
    queue_secret_file: Annotated[
        str, Meta(description="File that holds the queue_secret, or several, one a line. SIGHUP reads it again.")
    ] = ""
    signature_seconds: Annotated[
        float,
        Meta(description="How long a signature is good, whose time (ts) it must say then; 0: for ever.", ge=0),
    ] = 0.0
    django_settings: Annotated[
        str, Meta(description="Settings module of your Django site. Empty: the demo site is served.")
    ] = ""
    django_path: Annotated[
        str, Meta(description="Directory to import the settings from. Empty: the current one.")
    ] = ""
    demo_quotes: Annotated[bool, Meta(description="Play real prices through the queue for the demo site.")] = True
    demo_rate: Annotated[float, Meta(description="Ticks per second of each demo quote.", gt=0)] = 4.0
    allowed_origins: Annotated[
        Words,
        Meta(
            description="Origins whose pages may connect, beside our own.",
            extra={"allowed": 'a list of origins such as "https://shop.example.com"'},
        ),
    ] = ()
    trusted_proxies: Annotated[
        Words,
        Meta(description="Proxies whose X-Forwarded-For and -Proto are believed.", extra=NETWORKS),
    ] = ()
    metrics_allow: Annotated[
        Words,
        Meta(description="Who may read /metrics, and the details of /readyz, at the public port.", extra=NETWORKS),
    ] = ("127.0.0.0/8", "::1")
    public_metrics: Annotated[
        Literal["auto", "on", "off"],
        Meta(
            description=(
                "Whether the public port tells them at all; admin_port always does. "
                "auto: only on a loop-back host without trusted_proxies."
            )
        ),
    ] = "auto"
    session_check_seconds: Annotated[
        float, Meta(description="How often the session of an open socket is checked again.", gt=0)
    ] = 30.0
    heartbeat_seconds: Annotated[
        float, Meta(description="Silence after which a client is pinged; twice that and it is dropped.", gt=0)
    ] = 25.0
    max_message_bytes: Annotated[int, Meta(description="Largest message taken from a client.", ge=125)] = 65_536
    outbox_bytes: Annotated[
        int,
        Meta(
            description="Bytes that may wait for one client; from 3/4 of it on only the newest charts are kept.", ge=1
        ),
    ] = 262_144
    outbox_hard_bytes: Annotated[
        int,
        Meta(
            description="Bytes that may wait for a client whose socket takes none; also the largest message for one.",
            ge=1,
        ),
    ] = 2_097_152
    slow_seconds: Annotated[
        float,
        Meta(
            description="Time after which a client for whom more waits, and whose socket took nothing, is closed.",
            gt=0,
            le=3600,
        ),
    ] = 10.0
    unsent_bytes: Annotated[
        int,
        Meta(description="Bytes that the system may hold unsent for one client; the rest is in the outbox.", ge=4096),
    ] = 131_072
    max_rate: Annotated[
        float, Meta(description="Updates a second that a chart is sent at most; 0 for as many as there are.", ge=0)
    ] = 0.0
    flush_window_ms: Annotated[
        float, Meta(description="How long messages of a burst wait to be written together.", ge=0, le=1000)
    ] = 2.0
    compression: Annotated[
        Literal["off", "deflate"],
        Meta(description="Whether messages are compressed for browsers that offer it (permessage-deflate)."),
    ] = "off"
    tce_max_packet_bytes: Annotated[
        int, Meta(description="Largest packet taken from a binary client.", ge=1024, le=0x7FFFFFFF)
    ] = 1_048_576
    tce_login_seconds: Annotated[
        float, Meta(description="Time in which a binary client has to show a token.", gt=0, le=3600)
    ] = 10.0
    tce_token_seconds: Annotated[
        float, Meta(description="How long a token that the site has signed is good.", gt=0)
    ] = 86_400.0
    history_ticks: Annotated[int, Meta(description="Ticks kept per quote.", ge=1)] = 20_000
    picture_rows: Annotated[int, Meta(description="Rows that a chart gets at first, at most.", ge=1)] = 1_000
    bus_length: Annotated[int, Meta(description="Messages kept in Redis for workers that come back.", ge=1)] = 100_000
    bus_bytes: Annotated[
        int,
        Meta(description="Bytes of these messages, about. 0: a quarter of Redis's maxmemory, if it has one.", ge=0),
    ] = 0
    repeat_seconds: Annotated[
        float,
        Meta(description="How long a message with an id is known, to drop it when it comes again; 0: not.", ge=0),
    ] = 600.0
    user_keep_messages: Annotated[
        int, Meta(description="Pushed messages kept for each user who has yet to get them.", ge=1, le=1_000_000)
    ] = 1_000
    user_keep_seconds: Annotated[
        int, Meta(description="How long a pushed message is kept for a user.", ge=60, le=31_536_000)
    ] = 86_400
    once_tries: Annotated[
        int, Meta(description="How often a message of a handler that delivers once is tried.", ge=1, le=1000)
    ] = 5
    once_claim_seconds: Annotated[
        float,
        Meta(description="Silence of a server after which others do what it had begun once.", ge=0.5, le=86_400),
    ] = 30.0
    worker: Annotated[
        str, Meta(description="Name under which this server goes on where it stopped. Empty: host name and port.")
    ] = ""
    lane_length: Annotated[
        int, Meta(description="Messages that may wait in memory for one handler; the rest waits in Redis.", ge=1)
    ] = 10_000
    limits: Annotated[
        Literal["on", "off"], Meta(description="Whether there are limits against abuse at all; off for benchmarks.")
    ] = "on"
    connections_per_ip: Annotated[
        int, Meta(description="Connections from one address, of every kind; 0 for no limit, as below.", ge=0)
    ] = 1_000
    connections_per_user: Annotated[int, Meta(description="Connections of one user, of every kind.", ge=0)] = 50
    handshakes_per_ip: Annotated[
        float, Meta(description="Handshakes a second from one address; ten seconds' worth may come at once.", ge=0)
    ] = 200
    handshakes: Annotated[
        float, Meta(description="Handshakes a second from everywhere; ten seconds' worth may come at once.", ge=0)
    ] = 2_000
    requests_per_ip: Annotated[
        float,
        Meta(
            description=(
                "Requests of plain HTTP a second from one address; ten seconds' worth may come at once. "
                "A page of the demo takes about 45."
            ),
            ge=0,
        ),
    ] = 300
    requests: Annotated[
        float,
        Meta(
            description="Requests of plain HTTP a second from everywhere; ten seconds' worth may come at once.", ge=0
        ),
    ] = 2_000
    pending_per_ip: Annotated[
        int, Meta(description="Connections from one address that have not said yet what they want.", ge=0)
    ] = 500
    pending: Annotated[
        int, Meta(description="The same from everywhere; beyond it the longest silent one goes.", ge=0)
    ] = 5_000
    message_rate: Annotated[
        float, Meta(description="Messages and calls a second of one connection; ten times as many at once.", ge=0)
    ] = 500
    byte_rate: Annotated[
        float, Meta(description="Bytes a second that one connection may send; ten times as many at once.", ge=0)
    ] = 1_048_576
    charts_per_user: Annotated[
        int, Meta(description="Charts of one user, over all connections; one of these has 64 at most.", ge=0)
    ] = 500
    pictures_per_user: Annotated[
        float, Meta(description="Charts a second that a user may ask for; ten times as many at once.", ge=0)
    ] = 100
    user_cpu_ms: Annotated[
        float,
        Meta(
            description="Processor time a second of one user on each thread, in ms; ten times as much at once.",
            ge=0,
            le=1000,
        ),
    ] = 100
    json_depth: Annotated[
        int, Meta(description="How deeply a message may be nested, a client's or a service's.", ge=0)
    ] = 64
    service_message_bytes: Annotated[int, Meta(description="Largest service message that is handled.", ge=0)] = (
        4_194_304
    )
    user_ids_per_message: Annotated[
        int, Meta(description="Users that one pushuser message may name; everyone ('*') is not a list.", ge=0)
    ] = 10_000
    memory_limit_mb: Annotated[
        int, Meta(description="Megabytes in RAM at which newcomers are refused; 0 goes by memory_share.", ge=0)
    ] = 0
    memory_share: Annotated[
        float,
        Meta(description="The same as a share of what the system gives the server; 0 for no limit.", ge=0, le=1),
    ] = 0.8
    outboxes_limit_mb: Annotated[
        int,
        Meta(description="Megabytes waiting for all clients; beyond, the slowest go. 0: half of the memory.", ge=0),
    ] = 0
    log_lines: Annotated[
        float,
        Meta(description="Log lines a second of each kind; ten times as many at once, the rest is counted.", ge=0),
    ] = 20
    spare_files: Annotated[
        int, Meta(description="Open files kept for Redis and the database when connections take the others.", ge=0)
    ] = 64
    log_format: Annotated[
        Literal["text", "json"], Meta(description="Log lines for people (text), or an object per line (json).")
    ] = "text"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(description="The least level that is logged: debug, info, warning, error."),
    ] = "info"
    var_dir: Annotated[
        str,
        Meta(
            description="Directory of the marks of handlers, of the embedded Redis and of the demo's database.",
            min_length=1,
        ),
    ] = "var"
    msg_handlers: Annotated[Words, Meta(description="Your own handlers of users' messages.", extra=DOTTED_PATHS)] = ()
    services: Annotated[Words, Meta(description="Your own handlers of service messages.", extra=DOTTED_PATHS)] = ()
    rpc_servants: Annotated[
        Words, Meta(description="Your own servants of binary clients' calls.", extra=DOTTED_PATHS)
    ] = ()
    policy: Annotated[
        str,
        Meta(description="Your own rules of who may do what, a dotted path. Empty: who is logged in may do all."),
    ] = ""
    shutdown_seconds: Annotated[
        float, Meta(description="Time to finish what was taken before sockets are cut.", gt=0, le=3600)
    ] = 5.0
    reuse_port: Annotated[
        bool, Meta(description="Share the ports with other servers that do so, for a restart without a gap.")
    ] = False
    drain_seconds: Annotated[
        float, Meta(description="Window over which the clients of a server that goes down come back.", ge=0, le=3600)
    ] = 10.0
    admin_port: Annotated[
        int,
        Meta(
            description="Loop-back port for the probes and metrics of this process alone; 0 takes any free one.",
            ge=0,
            le=65535,
        ),
    ] = 0
    canary_seconds: Annotated[
        float,
        Meta(description="How often a message of our own goes from the list to a socket; 0: never.", ge=0, le=3600),
    ] = 5.0
    stall_ms: Annotated[
        float,
        Meta(description="A thread that does not turn for so long is logged with what blocks it; 0 for never.", ge=0),
    ] = 250.0
    lane_stall_seconds: Annotated[
        float, Meta(description="A service handler busy with one message for so long is logged.", gt=0)
    ] = 5.0


class Setting(msgspec.Struct, frozen=True):
    """One key of ``Config``, for whoever reads or documents it."""

    key: str
    kind: type
    """bool, int, float, str or tuple."""
    default: Any
    description: str
    allowed: str
    """What a value may be, to be read after "must be"."""
    annotation: Any
    """The whole type with its bounds, for ``msgspec.convert``."""

    @property
    def variable(self) -> str:
        """The environment variable."""
        return f"RTSERVER_{self.key.upper()}"

    @property
    def option(self) -> str:
        """The option on the command line."""
        return "--" + self.key.replace("_", "-")


def settings() -> dict[str, Setting]:
    """All keys in the order of ``Config``."""
    return {field.name: _setting(field) for field in msgspec.structs.fields(Config)}


def as_markdown() -> str:
    """The settings as the table of ``docs/configuration.md``."""
    rows = [("key", "default", "allowed", "what it is"), ("---",) * 4]
    rows += [
        (f"`{setting.key}`", f"`{_as_toml(setting.default)}`", setting.allowed, setting.description)
        for setting in settings().values()
    ]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _setting(field: msgspec.structs.FieldInfo) -> Setting:
    info = msgspec.inspect.type_info(field.type)
    description, allowed = "", ""
    if isinstance(info, msgspec.inspect.Metadata):
        description = (info.extra_json_schema or {}).get("description", "")
        allowed = (info.extra or {}).get("allowed", "")
        info = info.type
    return Setting(field.name, type(field.default), field.default, description, allowed or _allowed(info), field.type)


def _allowed(info: msgspec.inspect.Type) -> str:
    match info:
        case msgspec.inspect.BoolType():
            return "true or false"
        case msgspec.inspect.LiteralType(values=values):
            return f"{', '.join(map(str, values[:-1]))} or {values[-1]}"
        case msgspec.inspect.IntType():
            return "a whole number" + _bounds(info)
        case msgspec.inspect.FloatType():
            return "a number" + _bounds(info)
        case msgspec.inspect.StrType(min_length=int()):
            return "text, not empty"
        case _:
            return "text"


def _bounds(info: msgspec.inspect.IntType | msgspec.inspect.FloatType) -> str:
    if info.ge is not None and info.le is not None:
        return f" from {info.ge} to {info.le}"
    if info.gt is not None and info.le is not None:
        return f" above {info.gt}, up to {info.le}"
    if info.gt is not None:
        return f" above {info.gt}"
    return f" of at least {info.ge}"


def _as_toml(value: object) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_as_toml(item) for item in value) + "]"
    return str(msgspec.json.encode(value), "utf-8")


if __name__ == "__main__":
    print(as_markdown(), end="")  # noqa: T201 (printing is what it is called for)
