"""The meaning of every kind of error of Redis for its connections: the whole table, in the words of real servers."""

import pytest
import redis
from redis._parsers.base import BaseParser

from tcelib.redis.redis_error import TROUBLES, RedisCallError, Trouble, classify

REPLIES = {
    Trouble.ROLE_CHANGED: [
        "READONLY You can't write against a read only replica.",
        "READONLY You can't write against a read only replica. script: 1b, on @user_script:3.",
        "ERR Error running script (call to f_1b): @user_script:3: @user_script: 3: -READONLY You can't write against "
        "a read only replica. ",
        "EXECABORT Transaction discarded because of: READONLY You can't write against a read only replica.",
        "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
        "LOADING Redis is loading the dataset in memory",
        "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)",
        "NOREPLICAS Not enough good replicas to write.",
    ],
    Trouble.CLUSTER: [
        "MOVED 3999 127.0.0.1:6381",
        "ASK 3999 127.0.0.1:6381",
        "CROSSSLOT Keys in request don't hash to the same slot",
        "TRYAGAIN Multiple keys request during rehashing of slot",
        "CLUSTERDOWN Hash slot not served",
        "ERR SELECT is not allowed in cluster mode",
    ],
    Trouble.KEPT_OUT: [
        "NOAUTH Authentication required.",
        "WRONGPASS invalid username-password pair or user is disabled.",
        "DENIED Redis is running in protected mode because protected mode is enabled",
        "ERR max number of clients reached",
        "ERR invalid password",
    ],
    Trouble.REFUSED: [
        "ERR unknown command 'FOO', with args beginning with: ",
        "WRONGTYPE Operation against a key holding the wrong kind of value",
        "OOM command not allowed when used memory > 'maxmemory'.",
        "OOM command not allowed when used memory > 'maxmemory'. script: 1b, on @user_script:3.",
        "NOPERM this user has no permissions to run the 'xadd' command",
        "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
        "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
        "NOSCRIPT No matching script. Please use EVAL.",
        "NOGROUP No such key 'x' or consumer group 'y'",
        "BUSYGROUP Consumer Group name already exists",
        "EXECABORT Transaction discarded because of previous errors.",
        "ERR the message said: READONLY, and because of: nothing",
    ],
}


@pytest.mark.parametrize(
    ("text", "trouble"), [(text, trouble) for trouble, texts in REPLIES.items() for text in texts]
)
def test_a_reply_of_redis_means_one_trouble_and_keeps_its_words(text: str, trouble: Trouble) -> None:
    found, reason = classify(BaseParser.parse_error(text))
    assert found is trouble
    code, _, words = text.partition(" ")
    assert words in reason
    assert trouble in (Trouble.REFUSED, Trouble.KEPT_OUT) or code in reason or code == "ERR"


@pytest.mark.parametrize(
    "error",
    [
        redis.ConnectionError("Error 111 connecting to 127.0.0.1:1. Connection refused."),
        redis.ConnectionError("Connection closed by server."),
        redis.TimeoutError("Timeout reading from socket"),
        ConnectionResetError(104, "Connection reset by peer"),
        TimeoutError(),
    ],
)
def test_no_answer_is_away_whatever_the_reason(error: Exception) -> None:
    assert classify(error)[0] is Trouble.AWAY


def test_every_code_of_the_table_has_a_reply_here() -> None:
    said = {text.partition(" ")[0] for texts in REPLIES.values() for text in texts}
    assert said >= TROUBLES.keys()


def test_a_command_that_quotes_an_error_is_not_that_error() -> None:
    error = redis.ResponseError("WRONGTYPE Operation, in SET a : -READONLY ")
    assert classify(error) == (Trouble.REFUSED, str(error))


def test_a_node_of_a_cluster_is_named_in_words() -> None:
    error = redis.ResponseError("MOVED 1 h:1")
    assert "a node of a Redis Cluster: name it with redis+cluster://" in classify(error)[1]


@pytest.mark.parametrize("text", REPLIES[Trouble.CLUSTER][:5])
def test_who_knows_that_it_is_a_cluster_looks_for_the_node_anew(text: str) -> None:
    found, reason = classify(BaseParser.parse_error(text), in_cluster=True)
    assert found is (Trouble.REFUSED if text.startswith("CROSSSLOT") else Trouble.ROLE_CHANGED)
    assert "name it" not in reason


def test_a_script_that_met_a_key_of_another_node_may_have_done_a_part() -> None:
    error = redis.ResponseError(
        "Script attempted to access a non local key in a cluster node script: 1b, on @user:3."
    )
    assert classify(error, in_cluster=True)[0] is Trouble.AWAY


def test_an_error_without_a_text_is_named_by_its_class() -> None:
    assert classify(TimeoutError())[1] == "TimeoutError"


def test_which_troubles_say_that_nobody_is_there_and_which_open_all_connections_anew() -> None:
    assert {trouble for trouble in Trouble if trouble.is_away} == {
        Trouble.AWAY,
        Trouble.KEPT_OUT,
        Trouble.ROLE_CHANGED,
    }
    # Too many clients: closing those that are open would only lose their places.
    assert {trouble for trouble in Trouble if trouble.needs_reset} == {Trouble.AWAY, Trouble.ROLE_CHANGED}


def test_a_call_error_says_where_and_why() -> None:
    assert str(RedisCallError("redis://h:1/0", "OOM", Trouble.REFUSED)) == "redis://h:1/0: OOM"
