"""The websocket thread's objects, built and wired: users, their handlers and rights, their connections."""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from django.conf import settings

from rtserver.base.bridge.mailbox import Bridge
from rtserver.base.connection.connection import fan_out
from rtserver.base.limit.cpu_quota import CallLater
from rtserver.base.limit.table import Limit
from rtserver.base.listener.upgrade import WebSocketServer
from rtserver.base.queue.redis_queue import plain_client
from rtserver.base.queue.redis_revocations import RedisRevocations
from rtserver.base.queue.revocation_port import RevocationPort
from rtserver.base.send.choice import choose_sender
from rtserver.base.tce.gateway import UserGateway
from rtserver.base.tce.server import TceServer
from rtserver.base.tce.shared import TceShared
from rtserver.base.wire.message_size import MessageSizeLimit, chunk_bytes
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.exchange import exchange_calendars
from rtserver.bootstrap.config.limits import admission_limits, connection_bounds, connection_rates, user_bounds
from rtserver.bootstrap.config.plugin import (
    build_servant,
    by_type,
    load_indicators,
    load_plugins,
    load_policy,
    load_servants,
)
from rtserver.bootstrap.config.rpc_route import check_owners
from rtserver.bootstrap.presence_side import PresenceNotes, offer_of
from rtserver.bootstrap.rpc_side import RpcPlan, build_gate, passage_opener, rpc_handlers
from rtserver.bootstrap.site.check_cookie import judge_cookies
from rtserver.bootstrap.site.finding import Severity
from rtserver.handlers.mycharts import MyChartMsgHandler
from rtserver.handlers.ping import PingMsgHandler
from rtserver.handlers.resume import ResumeMsgHandler
from rtserver.handlers.seen import SeenMsgHandler
from rtserver.handlers.topic import TopicMsgHandler
from rtserver.registry.presence_scope import GROUP, MEMBER, member_item
from rtserver.user.agent_registry import Presence
from rtserver.user.group_members import GroupMembers
from rtserver.user.guarded_servant import guard_calls
from rtserver.user.msg_handler import BaseUserMsgHandler
from rtserver.user.policy import Rights
from rtserver.user.rpc.rpc_gate import RpcGate
from rtserver.user.session.authenticator import SessionAuthenticator
from rtserver.user.session.login_watch import LoginWatch
from rtserver.user.session.refusal_reason import RefusalReasons
from rtserver.user.session.session_cache import SessionCache
from rtserver.user.session.site_probe import probe_site
from rtserver.user.topic.board import Topics
from rtserver.user.user_limits import UserLimits
from rtserver.user.user_manager import UserManager
from tcelib.core.adapter import RpcCommAdapter
from tcelib.limit.admission import Admission
from tcelib.limit.table import LimitCounts
from tcelib.limit.tally import Tally

log = logging.getLogger(__name__)

MakeHandler = Callable[[UserManager], BaseUserMsgHandler]


DJANGO_THREADS = 4


@dataclass(frozen=True)
class UserSide:
    """The websocket thread's objects that the rest of the server needs.

    ``threads`` run what blocks in Django, and ``run_thread`` the look-ups of handshakes. ``limited`` counts how often
    which limit was met. ``gate`` passes calls on to services behind queues, where there are routes.
    """

    users: UserManager
    server: WebSocketServer
    tce: TceServer
    log_ins: LoginWatch
    limited: LimitCounts
    threads: Executor
    run_thread: Executor
    revocations: RevocationPort
    gate: RpcGate | None = None

    def close(self) -> None:
        """Give up the threads, without waiting for them, and the connection to Redis."""
        for threads in (self.threads, self.run_thread):
            threads.shutdown(wait=False, cancel_futures=True)
        self.revocations.close()


def build_user_side(
    config: Config,
    redis_url: str,
    bridge: Bridge,
    presence: Presence,
    *,
    tally: Tally,
    note: PresenceNotes,
    rpc: RpcPlan | None = None,
) -> UserSide:
    """Build the websocket thread's objects on the event loop. Raises ``PluginError``."""
    threads = ThreadPoolExecutor(DJANGO_THREADS, "rtserver-django")
    run_thread = ThreadPoolExecutor(1, "rtserver-look-ups")
    limited = LimitCounts(Limit)
    revocations = RedisRevocations(plain_client(redis_url), config.queue)
    groups = group_members(config, note)
    log_ins = LoginWatch(
        lambda: probe_site(reads_groups=groups is not None or users.rights.policy.needs_groups), threads
    )
    gate = None if rpc is None else build_gate(rpc, bridge.to_services.post)
    if rpc is not None:
        check_routes(config, rpc)
    users = build_users(
        config,
        bridge,
        threads,
        revocations,
        limited,
        run_thread=run_thread,
        on_look_up_error=log_ins.on_failure,
        presence=presence,
        tally=tally,
        groups=groups,
        further=[] if rpc is None or gate is None else rpc_handlers(rpc, gate),
    )
    server, tce = build_server(config, users, threads, limited, tally, gate=gate)
    return UserSide(users, server, tce, log_ins, limited, threads, run_thread, revocations, gate)


def build_users(
    config: Config,
    bridge: Bridge,
    threads: Executor,
    revocations: RevocationPort,
    limited: LimitCounts,
    *,
    run_thread: Executor | None = None,
    on_look_up_error: Callable[[], object],
    presence: Presence,
    tally: Tally,
    groups: GroupMembers | None,
    further: Sequence[MakeHandler] = (),
) -> UserManager:
    """Build all users on the event loop.

    ``threads`` run what blocks in Django and ``revocations``, ``run_thread`` the look-ups of handshakes. ``further``
    make handlers beside ours and those of plug-ins.

    Raises ``PluginError``.
    """
    loop = asyncio.get_running_loop()
    policy = load_policy(config.policy)
    rights = Rights(policy, max_rate=config.max_rate or None)
    authenticator = SessionAuthenticator(
        threads,
        run_thread=run_thread,
        token_seconds=config.tce_token_seconds,
        reads_groups=groups is not None or policy.needs_groups,
        revocations=revocations,
    )
    return UserManager(
        [*_handlers(config, rights, loop.call_later), *further],
        Topics(fan_out, loop, chunk_bytes(config.outbox_bytes)),
        bridge.to_services.post,
        SessionCache(authenticator),
        rights=rights,
        epoch=secrets.token_hex(6),
        heartbeat_ms=int(config.heartbeat_seconds * 1000),
        limits=UserLimits(user_bounds(config), limited, call_later=loop.call_later, tally=tally),
        sizes=MessageSizeLimit(config.outbox_hard_bytes),
        on_look_up_error=on_look_up_error,
        presence=presence,
        groups=groups,
        fan_out=fan_out,
    )


def group_members(config: Config, note: PresenceNotes) -> GroupMembers | None:
    """Return who notes the groups of users in the registry; None where no group's presence is offered."""
    groups = offer_of(config).groups
    if not groups:
        return None
    return GroupMembers(
        groups,
        lambda group, user: note.hold(MEMBER, member_item(f"{GROUP}{group}", user)),
        lambda group, user: note.drop(MEMBER, member_item(f"{GROUP}{group}", user)),
    )


def build_server(
    config: Config,
    users: UserManager,
    threads: Executor,
    limited: LimitCounts,
    tally: Tally,
    *,
    gate: RpcGate | None = None,
) -> tuple[WebSocketServer, TceServer]:
    """Build the users' connections, of every kind. ``threads`` run what blocks in Django. Raises ``PluginError``."""
    faults = [finding.detail for finding in judge_cookies(settings, config) if finding.severity is Severity.FAIL]
    for fault in faults:
        log.error("! %s", fault)
    reasons = RefusalReasons(threads, token_seconds=config.tce_token_seconds, hints=faults)
    admission = Admission(admission_limits(config), limited, tally)
    tce = TceServer(
        TceShared(
            _adapter(config, users),
            admission,
            max_packet_bytes=config.tce_max_packet_bytes,
            login_seconds=config.tce_login_seconds,
            reasons=reasons,
            open_passage=None if gate is None else passage_opener(gate, users),
        )
    )
    server = WebSocketServer(
        users,
        connection_bounds(config),
        open_binary=tce.open_beside_text,
        tce=tce,
        allowed_origins=config.allowed_origins,
        compresses=config.compression == "deflate",
        reasons=reasons,
        admission=admission,
        rates=connection_rates(config),
        sender=choose_sender(),
    )
    return server, tce


def check_routes(config: Config, plan: RpcPlan) -> None:
    """Refuse routes whose types or interfaces have handlers or servants here, too. Raises ``PluginError``."""
    check_owners(plan.routes, handler_classes(config), [UserGateway, *load_servants(config.rpc_servants)])


def handler_classes(config: Config) -> Sequence[type[BaseUserMsgHandler]]:
    """Return the handlers of user messages, ours and those of plug-ins. Raises ``PluginError``."""
    plugins = load_plugins(config.msg_handlers, "rtserver.handlers", BaseUserMsgHandler)
    own = (PingMsgHandler, MyChartMsgHandler, TopicMsgHandler, ResumeMsgHandler, SeenMsgHandler)
    return list(by_type([*own, *plugins]).values())


def _handlers(config: Config, rights: Rights, call_later: CallLater) -> list[MakeHandler]:
    own: dict[type[BaseUserMsgHandler], MakeHandler]
    own = {
        MyChartMsgHandler: partial(
            MyChartMsgHandler,
            call_later=call_later,
            calendar_of=exchange_calendars(config).of,
            now_ms=lambda: time.time() * 1000,
            page_bytes=config.unsent_bytes,
            max_rate=rights.max_rate,
            indicators=load_indicators(config.indicators).describe(),
        ),
        TopicMsgHandler: partial(TopicMsgHandler, max_rate=rights.max_rate),
        ResumeMsgHandler: partial(ResumeMsgHandler, call_later=call_later),
    }
    return [own.get(cls, cls) for cls in handler_classes(config)]


def _adapter(config: Config, users: UserManager) -> RpcCommAdapter:
    """Return the servants of all binary clients."""
    adapter = RpcCommAdapter("rtserver").addServant(UserGateway())
    for cls in load_servants(config.rpc_servants):
        adapter.addServant(build_servant(cls, users))
    guard_calls(adapter.table, users.rights)
    return adapter
