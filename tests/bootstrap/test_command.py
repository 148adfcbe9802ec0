"""The commands as somebody at a terminal meets them: real processes, a real Redis, exit codes and single lines."""

import json
import os
import socket
import subprocess
from pathlib import Path

import pytest
import redis

from rtserver.base.queue.redis_queue import plain_client
from rtserver.base.queue.signature import Signer
from rtserver.bootstrap.process.embedded_redis import EmbeddedRedis
from tcelib.lease.port import Registration
from tcelib.lease.redis import RedisLeases
from tests.conftest import unused_port
from tests.fork_server import run
from tests.redis_process import RedisProcess

REPOSITORY = Path(__file__).parents[2]
CSV = "time,price\n1000,1.5\n2000,2.5\n3000,3.5\n"


class Terminal:
    """Runs ``python -m rtserver`` in a directory of its own, with no variables of the machine's."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._environ = {k: v for k, v in os.environ.items() if not k.startswith(("DJANGO_", "RTSITE_", "RTSERVER_"))}
        self._environ["PYTHONPATH"] = str(REPOSITORY)
        self._environ["RTSERVER_TCE_PORT"] = "0"

    def run(self, *words: str, stdin: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
        return run(["-m", "rtserver", *words], self._environ | variables, directory=self.directory, stdin=stdin)


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path)


def messages_on(url: str, queue: str = "queue:rtserver") -> list[dict]:
    with redis.Redis.from_url(url) as client:
        return [json.loads(raw) for raw in client.lrange(queue, 0, -1)]


def findings(done: subprocess.CompletedProcess[str]) -> list[list[str]]:
    """The lines of ``check``: severity, subject, detail."""
    return [line.split(None, 2) for line in done.stdout.splitlines()]


def severities(done: subprocess.CompletedProcess[str], subject: str) -> list[str]:
    return [finding[0] for finding in findings(done) if finding[1] == subject]


def test_help_names_the_commands_and_how_to_start(terminal: Terminal) -> None:
    done = terminal.run("--help")
    assert done.returncode == 0
    for word in ("serve", "check", "push", "quotes"):
        assert f"\n  {word} " in done.stdout


def test_options_without_a_command_are_those_of_serve(terminal: Terminal) -> None:
    assert terminal.run("--port", "1", "--help").stdout == terminal.run("serve", "--help").stdout
    assert "--redis-url" in terminal.run("serve", "--help").stdout


def test_a_value_that_is_not_allowed_is_one_line_on_stderr_and_exit_status_1(terminal: Terminal) -> None:
    done = terminal.run("--port", "x")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        "Error: command line: --port: 'x' is not allowed; it must be a whole number from 0 to 65535\n"
    )


def test_the_file_in_the_directory_and_the_environment_are_read(terminal: Terminal) -> None:
    (terminal.directory / "rtserver.toml").write_text("prot = 1")
    assert terminal.run("check").stderr == 'Error: rtserver.toml: prot: unknown; did you mean "port"?\n'
    (terminal.directory / "rtserver.toml").write_text("port = 1")
    done = terminal.run("check", RTSERVER_HOTS="x")
    assert done.stderr == 'Error: environment: RTSERVER_HOTS: unknown; did you mean "RTSERVER_HOST"?\n'


def test_a_port_that_is_taken_is_one_line_and_exit_status_1(terminal: Terminal, redis_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]
        done = terminal.run("--port", str(port), "--redis-url", redis_url, "--no-demo-quotes")
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
    assert f"127.0.0.1:{port}" in line
    assert "Address already in use" in line
    assert "Traceback" not in done.stderr


def test_a_port_for_binary_clients_that_is_taken_is_one_line_too(terminal: Terminal, redis_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]
        done = terminal.run("--port", "0", "--tce-port", str(port), "--redis-url", redis_url)
    assert done.returncode == 1
    taken = f"cannot listen on 127.0.0.1:{port}: Address already in use"
    assert done.stderr == f"Error: {taken}; choose another --tce-port, or 0 for none\n"


def test_push_puts_one_message(terminal: Terminal, redis_url: str) -> None:
    done = terminal.run("push", "pushuser", '{"user_id": "*"}', "--src", "me", "--redis-url", redis_url)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"pushed 1 message to queue:rtserver at {redis_url}\n"
    assert messages_on(redis_url) == [{"type": "pushuser", "src": "me", "data": {"user_id": "*"}}]


def test_push_loses_no_digit(terminal: Terminal, redis_url: str) -> None:
    numbers = "[9007199254740993,12345678901234567890123,0.12345678901234567891]"
    assert terminal.run("push", "n", numbers, "--redis-url", redis_url).returncode == 0
    with redis.Redis.from_url(redis_url) as client:
        assert numbers in client.lindex("queue:rtserver", 0).decode()


def test_push_warns_where_no_server_runs(terminal: Terminal, redis_url: str) -> None:
    done = terminal.run("push", "pushuser", "{}", "--redis-url", redis_url)
    assert done.returncode == 0
    assert done.stderr == (
        f"Warning: no server runs for queue:rtserver at {redis_url}: what is pushed waits there until one does\n"
    )
    assert len(messages_on(redis_url)) == 1


def test_push_warns_of_a_type_that_no_running_server_handles_and_of_no_other(
    terminal: Terminal, redis_url: str
) -> None:
    with plain_client(redis_url) as client:
        RedisLeases(client, "queue:rtserver").join(Registration("worker", "a", reads=("pushuser", "quote")), 60.0)
    wrong = terminal.run("push", "pushusr", "{}", "--redis-url", redis_url)
    right = terminal.run("push", "pushuser", "{}", "--redis-url", redis_url)
    assert (wrong.returncode, right.returncode, right.stderr) == (0, 0, "")
    assert wrong.stderr == (
        'Warning: no running server handles messages of type "pushusr", which become dead letters; '
        "there are handlers of pushuser, quote\n"
    )


def test_workers_lists_the_servers_that_share_the_redis(terminal: Terminal, redis_url: str) -> None:
    assert terminal.run("workers", "--redis-url", redis_url).stdout == "NAME  VERSION  USERS  CONNECTIONS  SINCE\n"
    with plain_client(redis_url) as client:
        leases = RedisLeases(client, "queue:rtserver")
        leases.join(Registration("gateway", "no server"), 60.0)
        leases.join(Registration("worker", "b\x1b[31m", version="1.2.3", since=1e300), 60.0)
        told = Registration("worker", "host:8888", version="1.2.3", since=1_700_000_000.0, holds=("user",))
        number = leases.join(told, 60.0)
        leases.hold(number, "user", ["1", "2"])
        leases.renew(number, 60.0, {"connections": 1_234})
    done = terminal.run("workers", "--redis-url", redis_url)
    assert done.returncode == 0
    heading, odd, server = done.stdout.splitlines()
    assert server.split() == ["host:8888", "1.2.3", "2", "1234", "2023-11-14", "22:13:20"]
    assert odd.split()[-1] == "?"
    assert "\x1b" not in done.stdout
    assert heading.index("CONNECTIONS") + len("CONNECTIONS") == server.index("1234") + 4


def test_workers_of_a_redis_that_is_away_is_one_line(terminal: Terminal, free_port: int) -> None:
    done = terminal.run("workers", "--redis-url", f"redis://127.0.0.1:{free_port}/0")
    assert done.returncode == 1
    assert f"{free_port}" in done.stderr
    assert "Traceback" not in done.stderr


def test_push_takes_one_message_per_line_of_its_input(terminal: Terminal, redis_url: str) -> None:
    done = terminal.run(
        "push", "quote", "-", stdin='[1]\n\n{"a":"é"}\n', RTSERVER_REDIS_URL=redis_url, RTSERVER_QUEUE="queue:other"
    )
    assert done.returncode == 0, done.stderr
    assert [message["data"] for message in messages_on(redis_url, "queue:other")] == [[1], {"a": "é"}]


def test_push_gives_each_line_an_id_of_its_own(terminal: Terminal, redis_url: str) -> None:
    done = terminal.run("push", "n", "-", "--id", "import", "--redis-url", redis_url, stdin="[1]\n\n[2]\n")
    assert done.returncode == 0, done.stderr
    assert [message["id"] for message in messages_on(redis_url)] == ["import", "import-3"]


def test_what_is_pushed_is_signed_where_there_is_a_secret(terminal: Terminal, redis_url: str) -> None:
    secret = "sixteen letters!"
    (terminal.directory / "rtserver.toml").write_text(f'redis_url = "{redis_url}"\nqueue_secret = "{secret}"\n')
    (terminal.directory / "prices.csv").write_text(CSV)
    ran = [terminal.run("push", "n", "[1]"), terminal.run("quotes", "prices.csv", "--quote", "X:Y:20130301")]
    with redis.Redis.from_url(redis_url) as client:
        raws = client.lrange("queue:rtserver", 0, -1)
    assert [json.loads(Signer(secret).open(raw))["src"] for raw in raws] == ["cli", *["quotes"] * 3]
    assert secret not in "".join(done.stdout + done.stderr for done in ran)


def test_push_refuses_what_is_no_json_and_says_which_line(terminal: Terminal, redis_url: str) -> None:
    done = terminal.run("push", "quote", "-", "--redis-url", redis_url, stdin="[1]\n[2\n[3]\n")
    assert done.returncode == 2
    assert "line 2 is no JSON" in done.stderr
    assert [message["data"] for message in messages_on(redis_url)] == [[1]]


def test_push_finds_the_embedded_redis_that_runs(terminal: Terminal) -> None:
    server = EmbeddedRedis(terminal.directory / "var", range(0))
    server.start()
    assert terminal.run("push", "quote", "[]").returncode == 0
    assert messages_on(server.url) == [{"type": "quote", "src": "cli", "data": []}]
    server.stop()
    done = terminal.run("push", "quote", "[]")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: no embedded Redis runs for ")


def test_push_to_a_redis_that_is_away_is_one_line_with_its_address_and_without_its_password(
    terminal: Terminal, free_port: int
) -> None:
    done = terminal.run("push", "quote", "[]", "--redis-url", f"redis://:secret@127.0.0.1:{free_port}/0")
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: redis://127.0.0.1:{free_port}/0: ")
    assert len(done.stderr.splitlines()) == 1
    assert "secret" not in done.stderr


def test_quotes_plays_a_file_as_quote_messages(terminal: Terminal, redis_url: str) -> None:
    (terminal.directory / "prices.csv").write_text(CSV)
    done = terminal.run("quotes", "prices.csv", "--quote", "X:Y:20130301", "--speed", "1e6", "--redis-url", redis_url)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "played 3 points of X:Y:20130301\n"
    assert [message["data"] for message in messages_on(redis_url)] == [
        [{"quote": "X:Y:20130301", "info": {"point": [time, price]}}]
        for time, price in ((1000, 1.5), (2000, 2.5), (3000, 3.5))
    ]


def test_quotes_checks_the_whole_file_before_the_first_point_goes_out(terminal: Terminal, redis_url: str) -> None:
    (terminal.directory / "prices.csv").write_text(CSV + "4000,much\n")
    done = terminal.run("quotes", "prices.csv", "--quote", "X:Y:20130301", "--redis-url", redis_url)
    assert done.returncode == 1
    assert done.stderr == 'Error: prices.csv:5: price "much" is not a number\n'
    assert messages_on(redis_url) == []


def test_check_of_a_sound_demo_finds_nothing_wrong(terminal: Terminal, free_port: int) -> None:
    done = terminal.run("check", "--port", str(free_port))
    assert done.returncode == 0, done.stdout + done.stderr
    *found, files, writes = (finding[:2] for finding in findings(done))
    assert found == [
        ["ok", "config"],
        ["ok", "django"],
        ["ok", "plug-ins"],
        ["ok", "exchanges"],
        ["ok", "redis"],
        ["ok", "port"],
        ["ok", "metrics"],
        ["ok", "pictures"],
        ["ok", "messages"],
        ["ok", "history"],
    ]
    assert files[1] == "files"  # how many there may be is for each machine to say
    assert writes == ["ok", "writes"]
    assert "can be started" in done.stdout


def test_check_warns_of_a_redis_that_keeps_nothing_and_fails_for_a_port_that_is_taken(
    terminal: Terminal, redis_url: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]
        done = terminal.run("check", "--redis-url", redis_url, "--port", str(port))
    assert done.returncode == 1
    assert severities(done, "redis") == ["ok", "warn"]
    assert "keeps nothing on disk" in done.stdout
    assert severities(done, "port") == ["FAIL"]
    assert f"127.0.0.1:{port}: Address already in use" in done.stdout


def test_check_looks_at_the_port_for_binary_clients(terminal: Terminal, redis_url: str, free_port: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]
        taken = terminal.run("check", "--redis-url", redis_url, "--port", "0", "--tce-port", str(port))
    free = terminal.run("check", "--redis-url", redis_url, "--port", "0", "--tce-port", str(free_port))
    assert [taken.returncode, *severities(taken, "tce-port")] == [1, "FAIL"]
    assert severities(free, "tce-port") == ["ok"]


def test_check_fails_for_a_redis_that_is_away(terminal: Terminal, free_port: int) -> None:
    done = terminal.run("check", "--redis-url", f"redis://127.0.0.1:{free_port}/0", "--port", "0")
    assert done.returncode == 1
    assert severities(done, "redis") == ["FAIL"]


def test_check_names_settings_and_plug_ins_that_cannot_be_loaded(terminal: Terminal) -> None:
    done = terminal.run("check", "--django-settings", "nosuch", "--msg-handlers", "nosuch:Thing", "--port", "0")
    assert done.returncode == 1
    assert severities(done, "django") == ["FAIL"]
    assert severities(done, "plug-ins") == ["FAIL"]
    assert "plug-in 'nosuch:Thing' cannot be loaded" in done.stdout


SETTINGS = """
SECRET_KEY = "x"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"]
INSTALLED_APPS += ["django.contrib.staticfiles"]
STATIC_URL = "/static/"
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "/nosuch/database"}}
"""


def test_check_finds_settings_and_plug_ins_in_the_current_directory_and_passes_on_what_django_says(
    terminal: Terminal,
) -> None:
    (terminal.directory / "shopsettings.py").write_text(SETTINGS + 'STATICFILES_DIRS = ["/nosuch/directory"]')
    (terminal.directory / "shop.py").write_text(
        "from rtserver.user.msg_handler import BaseUserMsgHandler\n"
        "from rtserver.market.indicator.moving_average import SmaLine\n"
        "class Cart(BaseUserMsgHandler):\n    msg_type = 'cart'\n"
        "class Mean(SmaLine):\n    name = 'mean'\n"
    )
    plugins = ("--msg-handlers", "shop:Cart", "--indicators", "shop:Mean")
    done = terminal.run("check", "--django-settings", "shopsettings", *plugins, "--port", "0")
    assert severities(done, "django") == ["warn", "ok"]
    assert severities(done, "log-ins") == ["FAIL"]
    assert "staticfiles.W004" in done.stdout
    assert ["ok", "plug-ins", "shop:Cart, shop:Mean"] in findings(done)


def test_check_goes_on_after_settings_that_django_cannot_even_check(terminal: Terminal) -> None:
    backend = '{"BACKEND": "django.template.backends.django.DjangoTemplates"}'
    (terminal.directory / "shopsettings.py").write_text(f"{SETTINGS}\nTEMPLATES = [{backend}, {backend}]")
    done = terminal.run("check", "--django-settings", "shopsettings", "--port", "0")
    assert severities(done, "django") == ["FAIL"]
    assert severities(done, "port") == ["ok"]


def test_check_tells_of_a_redis_that_may_drop_messages(terminal: Terminal, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        done = terminal.run("check", "--redis-url", redis_url, "--port", "0")
        client.config_set("maxmemory-policy", "noeviction")
    assert "maxmemory-policy is allkeys-lru" in done.stdout


def test_check_refuses_a_node_of_a_cluster_in_words(terminal: Terminal, tmp_path: Path, free_port: int) -> None:
    with RedisProcess(tmp_path, "--cluster-enabled", "yes", "--cluster-port", str(unused_port())) as node:
        done = terminal.run("check", "--port", str(free_port), "--redis-url", node.url)
    assert done.returncode == 1
    assert "FAIL" in severities(done, "redis")
    assert "a node of a Redis Cluster: name some of its nodes with redis+cluster://" in done.stdout
