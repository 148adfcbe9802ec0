"""Config: every setting with its default, its bounds and its one line of documentation.

This table feeds the check of values, ``--help`` and ``docs/configuration.md``. ``config_source.py`` decides where
values come from, ``setting.py`` reads the table.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

Words = tuple[str, ...]
Scopes = tuple[Annotated[str, Meta(pattern="^(all|channels|group:.{1,150})$")], ...]

SECRETS_PATTERN = r"^$|^[^,]{16,}(,[^,]{16,})*$"
REDIS_URL_PATTERN = r"^$|^(rediss?|unix|rediss?\+(sentinel|cluster))://.+"
READ_URLS_PATTERN = r"^$|^(redis|rediss|unix)://[^,]+(, *(redis|rediss|unix)://[^,]+)*$"
DOTTED_PATHS = {"allowed": 'a list of dotted paths such as "shop.handlers:CartHandler"'}
NETWORKS = {"allowed": 'a list of addresses and networks such as "10.0.0.0/8"'}
TABLE_KEYS = frozenset({"exchanges", "rpc_routes"})
"""Keys that a file alone can set, as tables. They are checked and documented apart."""

NETWORK_KEYS = frozenset({"trusted_proxies", "metrics_allow"})
MOST_WORKERS = 64


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of one installation. Times are in seconds unless the name says otherwise."""

    host: Annotated[str, Meta(description="Address to listen on; 0.0.0.0 for all.", min_length=1)] = "127.0.0.1"
    port: Annotated[int, Meta(description="Port to listen on; 0 takes any free one.", ge=0, le=65535)] = 8888
    path: Annotated[
        str,
        Meta(
            description=(
                "Path of the WebSockets, as browsers ask for it. For a site below a path it lies below that path."
            ),
            pattern=r"^/([A-Za-z0-9._~-]+/)+$",
            extra={"allowed": "a path such as /rt/ or /shop/rt/"},
        ),
    ] = "/rt/"
    tce_port: Annotated[int, Meta(description="TCP port for binary clients; 0 for none.", ge=0, le=65535)] = 8889
    tls_cert: Annotated[
        str,
        Meta(
            description="Certificate file (PEM), with the certificates between it and its authority. Empty: no TLS."
        ),
    ] = ""
    tls_key: Annotated[str, Meta(description="Key file of the certificate (PEM), without a password.")] = ""
    hsts_seconds: Annotated[
        int,
        Meta(
            description=(
                "Seconds for which a server that speaks TLS tells browsers to use https "
                "only; 0: it does not tell them."
            ),
            ge=0,
        ),
    ] = 2_592_000
    redis_url: Annotated[
        str,
        Meta(
            description=(
                "Redis that producers push to, or the Sentinels or the Cluster that name it. "
                "Empty: the server starts an embedded one."
            ),
            pattern=REDIS_URL_PATTERN,
            extra={
                "allowed": (
                    "empty, or an address that begins with redis://, rediss://, unix://, "
                    "redis+sentinel:// or redis+cluster://, with rediss+ for TLS"
                )
            },
        ),
    ] = ""
    redis_password_file: Annotated[
        str,
        Meta(
            description=(
                "File with the password for redis_url, which then must name none, and for replicas that name none."
            )
        ),
    ] = ""
    redis_read_url: Annotated[
        str,
        Meta(
            description=(
                "Replica near by at which to read the bus; of several, separated by commas, the first that is well."
            ),
            pattern=READ_URLS_PATTERN,
            extra={
                "allowed": "empty, or addresses that begin with redis://, rediss:// or unix://, separated by commas; "
                "Sentinels and Clusters lead to a primary, so name the replicas themselves"
            },
        ),
    ] = ""
    embedded_redis_port: Annotated[
        int,
        Meta(description="Port of the embedded Redis; 0 takes the first free one from 6379 on.", ge=0, le=65535),
    ] = 0
    queue: Annotated[str, Meta(description="Redis list that producers push to.", min_length=1)] = "queue:rtserver"
    queues: Annotated[
        Words,
        Meta(description="The queue, and further ones that share its quotes. Empty: the queue alone."),
    ] = ()
    queue_secret: Annotated[
        str,
        Meta(
            description="Secret that messages must be signed with. Of several, the first signs and each is accepted.",
            pattern=SECRETS_PATTERN,
            extra={"allowed": "empty, or secrets of at least 16 characters, separated by commas"},
        ),
    ] = ""
    queue_secret_file: Annotated[
        str, Meta(description="File with the queue_secret, or with several, one a line. SIGHUP reads it again.")
    ] = ""
    signature_seconds: Annotated[
        float,
        Meta(
            description="Seconds for which a signature is valid; it must then carry its time (ts). 0: for ever.", ge=0
        ),
    ] = 0.0
    django_settings: Annotated[
        str, Meta(description="Settings module of your Django site. Empty: the server serves the demo site.")
    ] = ""
    django_path: Annotated[
        str, Meta(description="Directory to import the settings from. Empty: the current one.")
    ] = ""
    demo_quotes: Annotated[bool, Meta(description="Play real prices through the queue for the demo site.")] = True
    demo_rate: Annotated[float, Meta(description="Ticks per second of each demo quote.", gt=0)] = 4.0
    allowed_origins: Annotated[
        Words,
        Meta(
            description="Origins whose pages may connect, besides the server's own.",
            extra={"allowed": 'a list of origins such as "https://shop.example.com"'},
        ),
    ] = ()
    trusted_proxies: Annotated[
        Words,
        Meta(description="Proxies whose X-Forwarded-For and X-Forwarded-Proto the server believes.", extra=NETWORKS),
    ] = ()
    metrics_allow: Annotated[
        Words,
        Meta(
            description="Addresses that may read /metrics, and the details of /readyz, at the public port.",
            extra=NETWORKS,
        ),
    ] = ("127.0.0.0/8", "::1")
    public_metrics: Annotated[
        Literal["auto", "on", "off"],
        Meta(
            description=(
                "Show metrics at the public port; admin_port always shows them. "
                "auto: only on a loop-back host without trusted_proxies."
            )
        ),
    ] = "auto"
    session_check_seconds: Annotated[
        float, Meta(description="Seconds between two checks of the session of an open connection.", gt=0)
    ] = 30.0
    heartbeat_seconds: Annotated[
        float,
        Meta(description="Seconds of silence after which a client is pinged; after twice that it is dropped.", gt=0),
    ] = 25.0
    max_message_bytes: Annotated[int, Meta(description="Largest message that a client may send.", ge=125)] = 65_536
    outbox_bytes: Annotated[
        int,
        Meta(
            description=(
                "Bytes that may wait for one client; from 3/4 of it on, only the newest frame of each chart is kept."
            ),
            ge=1,
        ),
    ] = 262_144
    outbox_hard_bytes: Annotated[
        int,
        Meta(
            description=(
                "Bytes that may wait for a client whose socket takes none; also bounds "
                "the largest message for a client."
            ),
            ge=1,
        ),
    ] = 2_097_152
    slow_seconds: Annotated[
        float,
        Meta(
            description="Seconds after which a client with more waiting bytes is closed if its socket took nothing.",
            gt=0,
            le=3600,
        ),
    ] = 10.0
    unsent_bytes: Annotated[
        int,
        Meta(
            description="Bytes that the system may hold unsent for one client; the rest waits in the outbox.", ge=4096
        ),
    ] = 131_072
    max_rate: Annotated[
        float, Meta(description="Updates a second for one chart or topic at most; 0 for as many as there are.", ge=0)
    ] = 0.0
    flush_window_ms: Annotated[
        float,
        Meta(
            description="Milliseconds for which messages wait behind writes to be written together; 0 for no wait.",
            ge=0,
            le=1000,
        ),
    ] = 0.0
    compression: Annotated[
        Literal["off", "deflate"],
        Meta(description="Compression of messages for browsers that offer it (permessage-deflate)."),
    ] = "off"
    tce_max_packet_bytes: Annotated[
        int, Meta(description="Largest packet that a binary client may send.", ge=1024, le=0x7FFFFFFF)
    ] = 1_048_576
    tce_login_seconds: Annotated[
        float, Meta(description="Seconds within which a binary client must show a token.", gt=0, le=3600)
    ] = 10.0
    tce_token_seconds: Annotated[
        float, Meta(description="Seconds for which a token that the site signed is valid.", gt=0)
    ] = 86_400.0
    history_ticks: Annotated[
        int,
        Meta(description="Newest ticks kept per quote. Charts of ticks and of odd seconds are made of them.", ge=1),
    ] = 20_000
    late_seconds: Annotated[
        float,
        Meta(
            description="A tick that is older than its quote's newest one by at most this goes into its own bar, and "
            "corrects it. An older one is a dead letter, `bad_time`.",
            ge=0,
            le=3_600,
        ),
    ] = 60.0
    future_seconds: Annotated[
        float,
        Meta(
            description="A tick that is further ahead of the server's clock is a dead letter, `bad_time`.",
            ge=0,
            le=86_400,
        ),
    ] = 300.0
    history_mb: Annotated[
        int,
        Meta(
            description=(
                "Megabytes of RAM for ticks and bars; quotes that nobody watches give theirs back first. 0: a tenth "
                "of the memory that the system gives the server."
            ),
            ge=0,
        ),
    ] = 0
    history: Annotated[
        str,
        Meta(description="Your own source of older bars, as a dotted path. Empty: what was stored is all."),
    ] = ""
    history_days_1m: Annotated[
        int, Meta(description="Days for which minute bars are stored in Redis; 0: for ever.", ge=0)
    ] = 730
    history_days_1d: Annotated[
        int, Meta(description="Days for which daily bars are stored in Redis; 0: for ever.", ge=0)
    ] = 0
    history_days_ticks: Annotated[
        int,
        Meta(
            description="Days for which the newest ticks of a quote that is silent are stored in Redis; 0: for ever.",
            ge=0,
        ),
    ] = 7
    max_quotes: Annotated[
        int,
        Meta(
            description="Quotes in memory. Beyond that, the one that is silent longest and not watched is forgotten.",
            ge=1,
        ),
    ] = 20_000
    max_feeds: Annotated[
        int,
        Meta(
            description="Feeds, each a quote, a period and indicators. Beyond that, requests for others are refused.",
            ge=1,
        ),
    ] = 10_000
    feed_linger_seconds: Annotated[
        float,
        Meta(description="Seconds for which a feed stays at hand after its last viewer has gone.", ge=0, le=86_400),
    ] = 60.0
    picture_rows: Annotated[int, Meta(description="Rows of the first picture of a chart, at most.", ge=1)] = 1_000
    exchanges_only: Annotated[
        bool,
        Meta(
            description=(
                "Take and show quotes of the exchanges in [exchanges.NAME] only. Otherwise those of "
                "any exchange: one without a table is open always, in UTC."
            )
        ),
    ] = False
    exchanges: dict[str, dict[str, Any]] = {}
    rpc_routes: dict[str, dict[str, Any]] = {}
    bus_length: Annotated[int, Meta(description="Messages kept in Redis for workers that come back.", ge=1)] = 100_000
    bus_bytes: Annotated[
        int,
        Meta(
            description="Bytes of these messages, roughly. 0: a quarter of Redis's maxmemory, or 1 GiB.",
            ge=0,
        ),
    ] = 0
    repeat_seconds: Annotated[
        float,
        Meta(
            description=(
                "Seconds within which a second message with the same id is dropped; 0: repeats are not dropped."
            ),
            ge=0,
        ),
    ] = 600.0
    user_keep_messages: Annotated[
        int, Meta(description="Pushed messages kept for each user who has not received them yet.", ge=1, le=1_000_000)
    ] = 1_000
    user_keep_seconds: Annotated[
        int, Meta(description="Seconds for which a pushed message is kept for a user.", ge=60, le=31_536_000)
    ] = 86_400
    direct_pushes_from: Annotated[
        int,
        Meta(
            description=(
                "Number of workers on a queue from which on pushes to single users go to their workers directly; 0: "
                "never."
            ),
            ge=0,
        ),
    ] = 8
    presence: Annotated[
        Scopes,
        Meta(
            description=(
                "Whose presence users may follow: of all, of channels, of a group of Django. Empty: nobody's; the "
                "demo offers all and channels."
            ),
            extra={"allowed": 'a list of "all", "channels" and "group:NAME"'},
        ),
    ] = ()
    presence_linger: Annotated[
        float,
        Meta(
            description="Seconds from a user's last connection to the leave. Who is back sooner was never away.",
            ge=0,
            le=3_600,
        ),
    ] = 10.0
    presence_worker_linger: Annotated[
        float,
        Meta(description="The same where the server of that connection drained or died.", ge=0, le=3_600),
    ] = 30.0
    presence_queue: Annotated[
        str,
        Meta(
            description=(
                "Queue of a backend that gets user_online and user_offline, such as queue:billing. Empty: none does."
            ),
            pattern=r"^$|^[^{}\s]{1,128}$",
            extra={"allowed": "empty, or the name of a queue, without braces and spaces"},
        ),
    ] = ""
    once_tries: Annotated[int, Meta(description="Tries of a message whose handler delivers once.", ge=1, le=1000)] = 5
    once_claim_seconds: Annotated[
        float,
        Meta(
            description=(
                "Seconds of silence after which other servers take over the messages that "
                "a server had begun to deliver once."
            ),
            ge=0.5,
            le=86_400,
        ),
    ] = 30.0
    worker: Annotated[
        str, Meta(description="Name under which this server continues where it stopped. Empty: host name and port.")
    ] = ""
    lane_length: Annotated[
        int, Meta(description="Messages that may wait in memory for one handler; the rest waits in Redis.", ge=1)
    ] = 10_000
    limits: Annotated[
        Literal["on", "off"],
        Meta(description="Limits against abuse, most of them for all workers together; off for benchmarks."),
    ] = "on"
    connections_per_ip: Annotated[
        int, Meta(description="Connections from one address, of every kind; 0 for no limit, here and below.", ge=0)
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
        int, Meta(description="Pending connections from one address: those that have not sent a request yet.", ge=0)
    ] = 500
    pending: Annotated[
        int,
        Meta(
            description="Pending connections from everywhere; one more closes the one that has been silent longest.",
            ge=0,
        ),
    ] = 5_000
    message_rate: Annotated[
        float,
        Meta(description="Messages and calls a second of one connection; ten times as many may come at once.", ge=0),
    ] = 500
    byte_rate: Annotated[
        float,
        Meta(description="Bytes a second that one connection may send; ten times as many may come at once.", ge=0),
    ] = 1_048_576
    charts_per_user: Annotated[
        int, Meta(description="Charts of one user, over all connections; one connection has 64 at most.", ge=0)
    ] = 500
    topics_per_user: Annotated[
        int, Meta(description="Topics of one user, over all connections; one connection has 64 at most.", ge=0)
    ] = 500
    pictures_per_user: Annotated[
        float,
        Meta(description="Charts and topics a second that a user may ask for; ten times as many at once.", ge=0),
    ] = 100
    user_cpu_ms: Annotated[
        float,
        Meta(
            description=(
                "Milliseconds of processor time a second for one user, on websocket threads and again on service "
                "threads; ten times as much at once."
            ),
            ge=0,
            le=1000,
        ),
    ] = 100
    json_depth: Annotated[int, Meta(description="Deepest nesting of a client's or a service's message.", ge=0)] = 64
    service_message_bytes: Annotated[int, Meta(description="Largest service message that is handled.", ge=0)] = (
        4_194_304
    )
    user_ids_per_message: Annotated[
        int, Meta(description="Users that one pushuser message may name; everyone ('*') counts as none.", ge=0)
    ] = 10_000
    memory_limit_mb: Annotated[
        int, Meta(description="Megabytes in RAM at which new connections are refused; 0: memory_share decides.", ge=0)
    ] = 0
    memory_share: Annotated[
        float,
        Meta(
            description="The same limit as a share of the memory that the system gives the server; 0 for no limit.",
            ge=0,
            le=1,
        ),
    ] = 0.8
    outboxes_limit_mb: Annotated[
        int,
        Meta(
            description=(
                "Megabytes that may wait for all clients; beyond that the slowest are "
                "closed. 0: half of the memory limit."
            ),
            ge=0,
        ),
    ] = 0
    log_lines: Annotated[
        float,
        Meta(
            description=(
                "Log lines a second from one place in the code; ten times as many at once. The rest is counted."
            ),
            ge=0,
        ),
    ] = 20
    spare_files: Annotated[
        int,
        Meta(description="Open files kept back for Redis and the database when connections take all others.", ge=0),
    ] = 64
    log_format: Annotated[
        Literal["text", "json"],
        Meta(description="Format of the log: lines for people (text), or one object per line (json)."),
    ] = "text"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(description="Lowest level that is logged."),
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
    indicators: Annotated[Words, Meta(description="Your own indicators of charts.", extra=DOTTED_PATHS)] = ()
    policy: Annotated[
        str,
        Meta(description="Your own rules of access, as a dotted path. Empty: a logged-in user may do everything."),
    ] = ""
    shutdown_seconds: Annotated[
        float,
        Meta(
            description=(
                "Seconds in which a server that goes down finishes what it took from the "
                "queue, before it cuts connections."
            ),
            gt=0,
            le=3600,
        ),
    ] = 5.0
    workers: Annotated[
        Annotated[int, Meta(ge=1, le=MOST_WORKERS)] | Literal["auto"],
        Meta(
            description=(
                "Server processes that share the ports, started and watched by one more process; auto: one for each "
                "core. 1: the server is one process, which nobody watches."
            ),
            extra={"allowed": f"a whole number from 1 to {MOST_WORKERS}, or auto"},
        ),
    ] = 1
    reuse_port: Annotated[
        bool, Meta(description="Share the ports with other servers that share them too, for a restart without a gap.")
    ] = False
    drain_seconds: Annotated[
        float, Meta(description="Seconds over which the clients of a server that goes down reconnect.", ge=0, le=3600)
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
        Meta(
            description=(
                "Seconds between two canaries, messages of the server's own from the list to a connection; 0: none."
            ),
            ge=0,
            le=3600,
        ),
    ] = 5.0
    stall_ms: Annotated[
        float,
        Meta(
            description=(
                "Milliseconds after which a thread that does not turn is logged with what blocks it; 0 for never."
            ),
            ge=0,
        ),
    ] = 250.0
    lane_stall_seconds: Annotated[
        float,
        Meta(description="Seconds after which a service handler that is busy with one message is logged.", gt=0),
    ] = 5.0


def split_urls(text: str) -> tuple[str, ...]:
    """Return the addresses in a text that separates them by commas."""
    return tuple(filter(None, map(str.strip, text.split(","))))
