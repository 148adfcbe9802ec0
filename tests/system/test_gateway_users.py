"""A gateway whose users are those of a Django site, in a process of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

import tcelib as tce
from rtserver.bootstrap.command.cli import main
from tests.fork_server import REPOSITORY, fork
from tests.own_site import OwnSite
from tests.tcelib.runtime.gateway_rig import GatewayRig, errcode_of, until_so
from tests.tcelib.transport.talk import TalkPrx

pytestmark = [pytest.mark.own_site, pytest.mark.usefixtures("kept_logging")]

MAKE_TOKEN = """
from django.contrib.auth import get_user_model
from rtserver.user.session.token import make_token
print(make_token(get_user_model().objects.get(username="ann")))
"""
END_SESSION = """
from django.contrib.sessions.backends.db import SessionStore
SessionStore({key!r}).delete()
"""
END_ALL = """
from django.contrib.auth import get_user_model
get_user_model().objects.update(is_active=False)
"""
CONFIG = """
redis_url = "{url}"
django_settings = "shop.settings"
django_path = "{directory}"
session_check_seconds = 0.2
"""


@pytest.fixture
def site(tmp_path: Path) -> OwnSite:
    return OwnSite(tmp_path).migrate()


@pytest.fixture
def rig(site: OwnSite, redis_url: str) -> Iterator[GatewayRig]:
    """A service, and a gateway beside it that asks the site."""
    rig = GatewayRig(site.directory, redis_url, kind="mq", checks="true")
    config = site.directory / "rtserver.toml"
    config.write_text(CONFIG.format(url=redis_url, directory=site.directory), encoding="utf-8")
    rig.serve_alone()
    environment = site.environment(PYTHONPATH=str(REPOSITORY))
    command = ["-m", "rtserver", "gateway", "run", "gateway", "--services", rig.file, "--config", config]
    process = fork(command, environment, directory=site.directory)
    try:
        yield rig
    finally:
        rig.servant.gate.set()
        rig._stack.close()
        process.terminate()
        process.communicate()


def dial(rig: GatewayRig, token: str) -> TalkPrx:
    prx = rig.dial()
    prx.conn.setToken(token)
    return prx


def refusal_of(prx: TalkPrx) -> int:
    return errcode_of(lambda: prx.echo("x", 20.0))


def test_sessions_and_tokens_of_the_site_are_its_users_until_they_end(site: OwnSite, rig: GatewayRig) -> None:
    key, token = site.log_in(), site.run(MAKE_TOKEN).strip()
    by_session, by_token = dial(rig, key), dial(rig, token)
    until_so(lambda: by_session.echo("x", 20.0) == "x", "the gateway listens", tolerated=tce.RpcException)
    assert [prx.extra("__user_id__") for prx in (by_session, by_token)] == ["1", "1"]
    assert refusal_of(dial(rig, token[:-1])) == tce.RPCERROR_CONNECT_REJECT
    assert refusal_of(dial(rig, "a" * 32)) == tce.RPCERROR_CONNECT_REJECT

    site.run(END_SESSION.format(key=key))
    until_so(lambda: not by_session.conn.is_open, "its session has ended")
    assert refusal_of(by_session) == tce.RPCERROR_CONNECT_REJECT
    assert by_token.conn.is_open
    site.run(END_ALL)
    until_so(lambda: not by_token.conn.is_open, "the user may not log in any more")


def test_clients_that_need_a_user_and_nobody_who_knows_users_is_no_start(tmp_path: Path, redis_url: str) -> None:
    rig = GatewayRig(tmp_path, redis_url, checks="true")
    result = CliRunner().invoke(main, ["gateway", "run", "gateway", "--services", str(rig.file)])
    assert result.exit_code == 1
    assert "nobody looks at their tokens: --config names the rtserver.toml" in result.output


def test_a_configuration_that_is_wrong_is_one_line(tmp_path: Path, redis_url: str) -> None:
    rig = GatewayRig(tmp_path, redis_url, checks="true")
    config = tmp_path / "rtserver.toml"
    config.write_text('colour = "green"\n', encoding="utf-8")
    words = ["gateway", "run", "gateway", "--services", str(rig.file), "--config", str(config)]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 1
    assert "colour" in result.output
