"""The configuration's sources, which one wins, and what is said about a value that cannot be taken."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtserver.bootstrap.config.config import Config, split_urls
from rtserver.bootstrap.config.config_source import load_config, read_environment, read_file, read_options
from rtserver.bootstrap.config.error import ConfigError
from rtserver.bootstrap.config.setting import as_markdown, settings

ROOT = Path(__file__).parents[3]


def write(path: Path, text: str) -> Path:
    file = path / "rtserver.toml"
    file.write_text(text, encoding="utf-8")
    return file


def message_of(
    call: Callable[..., object],
    *arguments: Path | dict[str, str],
    **options: object,
) -> str:
    with pytest.raises(ConfigError) as caught:
        call(*arguments, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_without_any_source_the_defaults_hold(tmp_path: Path) -> None:
    assert load_config(environ={}, directory=tmp_path) == Config()


def test_a_later_source_wins_key_by_key(tmp_path: Path) -> None:
    write(tmp_path, 'port = 1\nhost = "file"\nqueue = "file"')
    config = load_config(
        environ={"RTSERVER_PORT": "2", "RTSERVER_HOST": "variable", "HOME": "/"},
        options={"port": "3"},
        directory=tmp_path,
    )
    assert (config.port, config.host, config.queue) == (3, "variable", "file")


def test_a_named_file_replaces_the_one_in_the_directory(tmp_path: Path) -> None:
    write(tmp_path, "port = 1")
    named = tmp_path / "other.toml"
    named.write_text("lane_length = 7")
    config = load_config(environ={}, file=named, directory=tmp_path)
    assert (config.port, config.lane_length) == (8888, 7)


def test_the_file_may_be_named_by_a_variable_and_the_option_wins(tmp_path: Path) -> None:
    by_variable, by_option = tmp_path / "a.toml", tmp_path / "b.toml"
    by_variable.write_text("port = 1")
    by_option.write_text("port = 2")
    environ = {"RTSERVER_CONFIG": str(by_variable)}
    assert load_config(environ=environ, directory=tmp_path).port == 1
    assert load_config(environ=environ, file=by_option, directory=tmp_path).port == 2


def test_a_file_may_set_every_key(tmp_path: Path) -> None:
    table = as_markdown().splitlines()[2:]
    lines = [f"{row.split('`')[1]} = {row.split('`')[3]}" for row in table]
    assert load_config(environ={}, file=write(tmp_path, "\n".join(lines))) == Config()


def test_text_from_the_environment_becomes_values_of_the_right_type() -> None:
    assert read_environment(
        {
            "RTSERVER_PORT": " 80 ",
            "RTSERVER_DEMO_RATE": "2",
            "RTSERVER_SERVICES": "a.b:C, d.e.F,",
            "RTSERVER_ALLOWED_ORIGINS": "",
            "RTSERVER_LOG_FORMAT": "json",
        }
    ) == {"port": 80, "demo_rate": 2.0, "services": ("a.b:C", "d.e.F"), "allowed_origins": (), "log_format": "json"}


@pytest.mark.parametrize(
    ("text", "value"), [("1", True), ("true", True), ("ON", True), ("0", False), ("False", False), ("off", False)]
)
def test_a_switch_is_spelled_in_several_ways(text: str, value: bool) -> None:
    assert read_environment({"RTSERVER_DEMO_QUOTES": text}) == {"demo_quotes": value}
    assert read_environment({"RTSERVER_NO_DEMO_QUOTES": text}) == {"demo_quotes": not value}


def test_switches_of_the_command_line_are_values_already() -> None:
    assert read_options({"demo_quotes": False, "port": "7"}) == {"demo_quotes": False, "port": 7}


def test_an_unknown_key_of_a_file_is_named_with_the_file_and_the_likely_key(tmp_path: Path) -> None:
    file = write(tmp_path, "prot = 1")
    assert message_of(read_file, file) == f'{file}: prot: unknown; did you mean "port"?'


def test_an_unknown_key_that_resembles_nothing_lists_what_is_known(tmp_path: Path) -> None:
    message = message_of(read_file, write(tmp_path, "zzz = 1"))
    assert "zzz: unknown; known are host, port, path, tce_port" in message


def test_an_unknown_variable_stops_the_start() -> None:
    message = message_of(read_environment, {"RTSERVER_REDIS": "x"})
    assert message == 'environment: RTSERVER_REDIS: unknown; did you mean "RTSERVER_REDIS_URL"?'


def test_a_bad_value_names_source_key_value_and_what_is_allowed(tmp_path: Path) -> None:
    assert message_of(read_environment, {"RTSERVER_PORT": "99999"}) == (
        "environment: RTSERVER_PORT: '99999' is not allowed; it must be a whole number from 0 to 65535"
    )
    assert message_of(read_options, {"log_format": "xml"}) == (
        "command line: --log-format: 'xml' is not allowed; it must be json or text"
    )
    assert message_of(read_options, {"workers": "0"}) == (
        "command line: --workers: '0' is not allowed; it must be a whole number from 1 to 64, or auto"
    )
    file = write(tmp_path, 'demo_quotes = "yes"')
    assert message_of(read_file, file) == f"{file}: demo_quotes: 'yes' is not allowed; it must be true or false"


@pytest.mark.parametrize(
    "line",
    [
        "port = true",
        "port = 80.5",
        'port = "80"',
        "port = -1",
        "demo_rate = 0",
        "demo_rate = nan",
        "heartbeat_seconds = inf",
        "flush_window_ms = -0.1",
        'host = ""',
        'services = "a.b:C"',
        "services = [1]",
        'log_level = "loud"',
        'redis_url = "localhost:6379"',
        'redis_url = "redis://"',
        'redis_url = "redis://host:port/0"',
        'redis_read_url = "redis://near,http://far"',
        'redis_read_url = "redis://near,redis://far:port"',
        'redis_read_url = "redis+sentinel://one/service"',
        "[port]\nx = 1",
    ],
)
def test_a_value_outside_its_bounds_or_of_another_type_is_refused(tmp_path: Path, line: str) -> None:
    assert "is not allowed; it must be" in message_of(read_file, write(tmp_path, line))


@pytest.mark.parametrize("guide", ["redis+sentinel://one,two/service", "rediss+cluster://one:7000"])
def test_guides_to_a_primary_are_refused_as_replicas_with_what_to_name(tmp_path: Path, guide: str) -> None:
    line = message_of(read_file, write(tmp_path, f'redis_read_url = "redis://near,{guide}"'))
    assert "Sentinels and Clusters lead to a primary, so name the replicas themselves" in line
    assert "\n" not in line


def test_several_replicas_stand_in_one_text_in_their_order(tmp_path: Path) -> None:
    text = "redis://near:1, rediss://other:2/1,unix:///run/redis.sock"
    found = read_file(write(tmp_path, f'redis_read_url = "{text}"'))["redis_read_url"]
    assert split_urls(str(found)) == ("redis://near:1", "rediss://other:2/1", "unix:///run/redis.sock")
    assert split_urls("") == ()


def test_a_bad_redis_address_is_not_repeated_because_it_may_hold_a_password() -> None:
    message = message_of(read_environment, {"RTSERVER_REDIS_URL": "http://:secret@host"})
    assert "secret" not in message
    assert "redis://" in message


def test_an_address_of_sentinels_is_refused_with_the_reason_and_without_its_password() -> None:
    message = message_of(read_environment, {"RTSERVER_REDIS_URL": "redis+sentinel://:secret@one:1,two:2"})
    assert message == (
        "environment: RTSERVER_REDIS_URL: this value is not allowed: an address of Sentinels ends with the name of "
        "their service: …/SERVICE or …/SERVICE/DB"
    )
    url = "rediss+sentinel://:secret@one:1,[::1]:2/service/3"
    assert read_environment({"RTSERVER_REDIS_URL": url}) == {"redis_url": url}


def test_a_bad_secret_is_not_repeated() -> None:
    message = message_of(read_environment, {"RTSERVER_QUEUE_SECRET": "long enough a secret,short"})
    assert "short" not in message
    assert "at least 16 characters" in message


def test_a_file_that_is_no_toml_says_where(tmp_path: Path) -> None:
    file = write(tmp_path, "port = = 1")
    assert message_of(read_file, file).startswith(f"{file}: is no TOML: ")
    file.write_bytes(b'host = "\xff"')
    assert message_of(read_file, file).startswith(f"{file}: is no TOML: ")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("port = " + "[" * 5_000, "is no configuration: nested too deeply"),
        ("port = " + "9" * 5_000, "is no TOML: Exceeds the limit"),
    ],
    ids=["nested", "digits"],
)
def test_a_file_beyond_what_python_reads_says_so(tmp_path: Path, text: str, words: str) -> None:
    file = write(tmp_path, text)
    assert message_of(read_file, file).startswith(f"{file}: {words}")


def test_a_named_file_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    missing = tmp_path / "missing.toml"
    assert (
        message_of(load_config, environ={}, file=missing) == f"{missing}: cannot be read (No such file or directory)"
    )


def test_the_hard_limit_of_an_outbox_is_not_below_its_soft_one() -> None:
    message = message_of(load_config, environ={"RTSERVER_OUTBOX_HARD_BYTES": "1000"})
    assert message == (
        "configuration: outbox_hard_bytes: 1000 is not allowed; it must be at least outbox_bytes, 262144"
    )


@pytest.mark.parametrize(("given", "missing"), [("TLS_CERT", "tls_key"), ("TLS_KEY", "tls_cert")])
def test_a_certificate_and_its_key_come_together(given: str, missing: str) -> None:
    message = message_of(load_config, environ={f"RTSERVER_{given}": "live.pem"})
    assert message == f"configuration: {missing}: is missing; TLS needs a certificate and its key"


@pytest.mark.parametrize("key", ["trusted_proxies", "metrics_allow"])
@pytest.mark.parametrize("value", ["10.0.0.1/8", "localhost", "10.0.0.0/8,*", "10.0.0.0/33", "::1/64"])
def test_what_is_no_network_is_refused_with_its_name(key: str, value: str) -> None:
    variable = f"RTSERVER_{key.upper()}"
    message = message_of(load_config, environ={variable: value})
    assert message.startswith(f"environment: {variable}: ")
    assert 'it must be a list of addresses and networks such as "10.0.0.0/8"' in message


def test_origins_count_as_browsers_write_them_wherever_they_are_set(tmp_path: Path) -> None:
    given = "https://Shop.Example.com:443/, capacitor://localhost"
    expected = ("https://shop.example.com", "capacitor://localhost")
    assert load_config(environ={"RTSERVER_ALLOWED_ORIGINS": given}).allowed_origins == expected
    assert load_config(environ={}, options={"allowed_origins": given}).allowed_origins == expected
    file = tmp_path / "rtserver.toml"
    file.write_text('allowed_origins = ["https://Shop.Example.com/", "capacitor://localhost"]')
    assert load_config(environ={}, file=file).allowed_origins == expected


def test_an_origin_that_no_browser_sends_is_refused_with_the_word_and_what_to_write() -> None:
    message = message_of(load_config, environ={"RTSERVER_ALLOWED_ORIGINS": "https://good.example, shop.example.com"})
    said = "'shop.example.com' in allowed_origins has no scheme; write \"https://shop.example.com\""
    assert message == f"environment: RTSERVER_ALLOWED_ORIGINS: {said}"


def test_every_setting_is_documented_with_what_is_allowed() -> None:
    for setting in settings().values():
        assert setting.description.endswith("."), setting.key
        assert setting.allowed, setting.key


def test_the_table_in_the_docs_is_the_one_of_the_code() -> None:
    assert as_markdown() in (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")


@given(st.dictionaries(st.sampled_from([s.variable for s in settings().values()]), st.text(max_size=12), max_size=4))
def test_any_text_gives_a_configuration_or_an_error_that_names_the_variable(environ: dict[str, str]) -> None:
    try:
        values = read_environment(environ)
    except ConfigError as error:
        values = None
        named = error.key
    assert Config(**values) if values is not None else named in environ
