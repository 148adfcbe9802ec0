"""Signing as docs/csprotocols.readme.md shows it: the examples run, and their messages are accepted."""

import os
import subprocess
import sys
import time

import pytest
import redis

from rtserver.base.queue.signature import SignatureError, Signer
from tests.docs.document import PROTOCOLS, REDIS_URL, blocks

SECRET = "a long secret of the shop"


def pushed_by(command: list[str], text: str, url: str) -> bytes:
    """Return the message that an example leaves on the list of another Redis than its own."""
    assert REDIS_URL in text
    subprocess.run([*command, text.replace(REDIS_URL, url)], env=os.environ, check=True, timeout=60)
    with redis.Redis.from_url(url) as client:
        [raw] = client.lrange("queue:rtserver", 0, -1)
        return bytes(raw)


def test_the_example_in_python_signs(redis_url: str) -> None:
    [example] = [text for text in blocks(PROTOCOLS, "python") if "hmac" in text and "ts=" not in text]
    assert Signer(SECRET).open(pushed_by([sys.executable, "-c"], example, redis_url)).startswith(b'{"type"')


def test_the_example_for_a_shell_pushes_what_is_shown_as_a_signed_message(redis_url: str) -> None:
    [example] = [text for text in blocks(PROTOCOLS, "sh") if "openssl" in text and "ts=" not in text]
    [shown] = [text for text in blocks(PROTOCOLS, "text") if text.startswith("sha256=") and "ts=" not in text]
    raw = pushed_by(["sh", "-ec"], example, redis_url)
    assert raw == shown.strip().encode()
    assert Signer(SECRET).open(raw)


@pytest.mark.parametrize(("language", "command"), [("python", [sys.executable, "-c"]), ("sh", ["sh", "-ec"])])
def test_the_examples_with_a_time_sign_now(redis_url: str, language: str, command: list[str]) -> None:
    [example] = [text for text in blocks(PROTOCOLS, language) if "ts=" in text]
    raw = pushed_by(command, example, redis_url)
    assert Signer(SECRET, seconds=600, now=time.time).open(raw).startswith(b'{"type"')
    with pytest.raises(SignatureError):
        Signer(SECRET, seconds=600, now=time.time).open(raw, came_at=time.time() + 1200)
