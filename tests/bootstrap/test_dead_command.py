"""``rtserver dead``: what could not be handled, seen and pushed again from a terminal."""

from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from rtserver.base.queue.port import START, DeadLetter
from rtserver.base.queue.redis_queue import RedisQueue, plain_client
from rtserver.bootstrap.command.cli import main


@pytest.fixture
def queue(redis_url: str) -> Iterator[RedisQueue]:
    queue = RedisQueue(plain_client(redis_url))
    queue.bury(
        [
            DeadLetter(b'{"type":"nobody"}', "unknown_type", "nobody handles 'nobody'", "shop", 1_700_000_000.0),
            DeadLetter(b"\x1b[31m" + b"x" * 200, "bad_json", "line 1", "", 1_700_000_001.0),
        ]
    )
    yield queue
    queue.close()


@pytest.fixture
def ids(queue: RedisQueue) -> list[str]:
    return [letter.id for letter in queue.dead_letters(START, 10)]


def run(redis_url: str, *words: str) -> Result:
    return CliRunner().invoke(main, ["dead", *words, "--redis-url", redis_url])


def test_list_has_a_line_for_each_and_steers_no_terminal(redis_url: str, ids: list[str]) -> None:
    lines = run(redis_url, "list").output.splitlines()
    assert [line.split()[0] for line in lines] == ids
    assert "2023-11-14 22:13:20" in lines[0]
    assert "unknown_type" in lines[0]
    assert "\\x1b[31mxxx" in lines[1]
    assert lines[1].endswith("…")


def test_list_can_be_narrowed_to_a_reason(redis_url: str, ids: list[str]) -> None:
    assert [line.split()[0] for line in run(redis_url, "list", "--reason", "bad_json").output.splitlines()] == [
        ids[1]
    ]


def test_show_has_the_message_whole_and_what_was_wrong(redis_url: str, ids: list[str]) -> None:
    output = run(redis_url, "show", ids[0]).output
    assert '{"type":"nobody"}' in output
    assert "nobody handles 'nobody'" in output


STEERING = "\x1b[2Jshop\x9b\u202e\nok"


@pytest.mark.parametrize("words", [("list",), ("show", "")])
def test_nothing_that_a_letter_says_steers_the_terminal_or_makes_a_line_of_its_own(
    redis_url: str, words: tuple[str, ...]
) -> None:
    queue = RedisQueue(plain_client(redis_url))
    queue.bury([DeadLetter(STEERING.encode(), STEERING, STEERING, STEERING, 1_700_000_000.0)])
    [letter] = queue.dead_letters(START, 10)
    queue.close()
    output = run(redis_url, *(word or letter.id for word in words)).output
    assert all(line.isprintable() for line in output.split("\n"))
    assert output.count("\\x1b[2Jshop\\x9b\\u202e\\nok") == (3 if words == ("list",) else 4)
    assert len(output.splitlines()) == (1 if words == ("list",) else 6)


def test_what_a_person_is_told_of_an_error_steers_no_terminal(redis_url: str) -> None:
    assert "\\x1b[2J\\u202e" in run(redis_url, "show", "\x1b[2J\u202e").output


def test_requeue_pushes_the_original_bytes_and_forgets_the_letter(
    redis_url: str, queue: RedisQueue, ids: list[str]
) -> None:
    assert "pushed 1 message again" in run(redis_url, "requeue", ids[0]).output
    assert queue.intake(0).messages == 1
    assert queue.read(START, 10, 0)[0].raw == b'{"type":"nobody"}'
    assert [letter.id for letter in queue.dead_letters(START, 10)] == ids[1:]


def test_requeue_all_takes_all_in_order(redis_url: str, queue: RedisQueue, ids: list[str]) -> None:
    assert "pushed 2 messages again" in run(redis_url, "requeue", "--all").output
    assert queue.waiting() == 2
    assert not queue.dead_letters(START, 10)


def test_an_unknown_id_is_named_and_the_exit_code_is_1(redis_url: str, ids: list[str]) -> None:
    for command in ("show", "requeue"):
        done = run(redis_url, command, "1-1")
        assert done.exit_code == 1
        assert "1-1" in done.output


def test_requeue_wants_ids_or_all_and_not_both(redis_url: str, ids: list[str]) -> None:
    assert run(redis_url, "requeue").exit_code == 2
    assert run(redis_url, "requeue", ids[0], "--all").exit_code == 2


def test_of_a_message_that_was_too_large_show_tells_the_whole_and_requeue_leaves_the_letter(
    redis_url: str, queue: RedisQueue, ids: list[str]
) -> None:
    queue.bury([DeadLetter(b"begin", "bad_message", "too large", "", 1.0, bytes=5_000_000, sha256="0f" * 32)])
    large = queue.dead_letters(ids[-1], 1)[0].id
    output = run(redis_url, "show", large).output
    assert "begin…" in output
    assert "5000000, of which 5 were kept" in output
    assert "0f" * 32 in output
    assert run(redis_url, "list").output.splitlines()[-1].endswith("begin…")
    assert run(redis_url, "requeue", large).exit_code == 1
    assert "pushed 2 messages again" in run(redis_url, "requeue", "--all").output
    assert [letter.id for letter in queue.dead_letters(START, 10)] == [large]
