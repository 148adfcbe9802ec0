"""Secrets that stand in files: what they may hold, what is told of them, and that they are read again."""

import os
from pathlib import Path

import pytest

from rtserver.bootstrap.command.check import Severity, check_secret_files
from rtserver.bootstrap.config.config import Config, split_urls
from rtserver.bootstrap.config.config_source import load_config
from rtserver.bootstrap.config.error import CertificateError, ConfigError
from rtserver.bootstrap.config.secret_file import Reloading
from tcelib.redis.redis_password import split_password_file

SECRET, OTHER = "a long secret of the shop", "another secret, no, one"
URL = "redis://redis.internal:6379/0"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "queue_secret"
    path.write_text(f"{SECRET}\n")
    path.chmod(0o600)
    return path


def load(tmp_path: Path, **options: str) -> Config:
    return load_config(environ={}, options=options, directory=tmp_path)


def refusal(tmp_path: Path, **options: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, **options)
    return str(caught.value)


def test_the_file_takes_the_place_of_the_setting(tmp_path: Path, secret: Path) -> None:
    assert load(tmp_path, queue_secret_file=str(secret)).queue_secret == SECRET


@pytest.mark.parametrize(
    "text", ["one secret of many,two secrets of many", "one secret of many\n\n two secrets of many \r\n"]
)
def test_several_secrets_are_separated_by_commas_or_stand_one_a_line(tmp_path: Path, secret: Path, text: str) -> None:
    secret.write_text(text)
    assert load(tmp_path, queue_secret_file=str(secret)).queue_secret == "one secret of many,two secrets of many"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"hush", "must hold secrets of at least 16 characters"),
        (b"\xff" * 20, "is no UTF-8"),
        (b"x" * 70_000, "is longer than 65536 bytes"),
    ],
)
def test_what_is_no_secret_stops_the_start_and_is_not_shown(
    tmp_path: Path, secret: Path, content: bytes, problem: str
) -> None:
    secret.write_bytes(content)
    said = refusal(tmp_path, queue_secret_file=str(secret))
    assert said == f"{secret}: queue_secret_file: {problem}"
    assert "hush" not in said


def test_a_pipe_that_nobody_writes_to_holds_nobody_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "is empty" in refusal(tmp_path, queue_secret_file=str(tmp_path / "pipe"))


def test_the_mark_that_some_editors_write_first_is_no_part_of_a_secret(tmp_path: Path, secret: Path) -> None:
    secret.write_bytes(b"\xef\xbb\xbf" + SECRET.encode())
    assert load(tmp_path, queue_secret_file=str(secret)).queue_secret == SECRET


def test_a_file_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    assert "cannot be read (No such file" in refusal(tmp_path, queue_secret_file=str(tmp_path / "none"))


def test_both_the_secret_and_its_file_are_one_too_many(tmp_path: Path, secret: Path) -> None:
    assert "together with queue_secret" in refusal(tmp_path, queue_secret_file=str(secret), queue_secret=SECRET)


def test_the_time_of_signatures_needs_a_secret(tmp_path: Path, secret: Path) -> None:
    assert "signature_seconds: needs a queue_secret" in refusal(tmp_path, signature_seconds="60")
    assert load(tmp_path, signature_seconds="60", queue_secret_file=str(secret)).signature_seconds == 60


def test_whoever_connects_is_told_where_the_password_is(tmp_path: Path, secret: Path) -> None:
    url = load(tmp_path, redis_url=URL, redis_password_file=str(secret)).redis_url
    address, credentials = split_password_file(url)
    assert address == URL
    assert credentials is not None
    assert credentials.get_credentials() == (SECRET,)
    assert SECRET not in url


def test_replicas_without_a_password_have_the_same_one(tmp_path: Path, secret: Path) -> None:
    config = load(tmp_path, redis_url=URL, redis_read_url=f"{URL},redis://:own@near", redis_password_file=str(secret))
    near, other = split_urls(config.redis_read_url)
    address, credentials = split_password_file(near)
    assert address == URL
    assert credentials is not None
    assert credentials.get_credentials() == (SECRET,)
    assert other == "redis://:own@near"


@pytest.mark.parametrize(
    "url",
    [
        "redis://:old@redis.internal/0",
        "unix:///run/redis.sock?password=old",
        "redis+sentinel://:old@one,[::1]/service",
    ],
)
def test_a_password_in_the_address_as_well_is_one_too_many(tmp_path: Path, secret: Path, url: str) -> None:
    assert "together with a password" in refusal(tmp_path, redis_url=url, redis_password_file=str(secret))


def test_a_password_without_an_address_is_for_nobody(tmp_path: Path, secret: Path) -> None:
    assert "needs redis_url" in refusal(tmp_path, redis_password_file=str(secret))


def test_check_warns_of_a_file_that_others_may_read(tmp_path: Path, secret: Path) -> None:
    config = load(tmp_path, queue_secret_file=str(secret), var_dir=str(tmp_path))
    assert list(check_secret_files(config)) == []
    secret.chmod(0o640)
    [finding] = check_secret_files(config)
    assert (finding.severity, finding.subject) == (Severity.WARN, "secret")
    assert str(secret) in finding.detail
    assert "chmod 600" in finding.detail


def test_what_cannot_be_read_again_stays_and_the_rest_is_read_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    read: list[str] = []

    def fail() -> None:
        raise CertificateError("tls_key: it is gone")

    reloading = Reloading()
    assert not reloading
    reloading.add("certificate", fail)
    reloading.add("queue secret", lambda: read.append("queue secret"))
    reloading.run()
    assert reloading
    assert read == ["queue secret"]
    assert "! the certificate stays as it is: tls_key: it is gone" in caplog.text
    assert "= the queue secret was read again" in caplog.text
