"""Limits that depend on one another: what contradicts is refused with a sentence that names both keys."""

from typing import Any

import pytest

from rtserver.base.wire.message_size import largest_message
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.config_constraint import CONSTRAINTS, ROW_BYTES, check_together, conflicts
from rtserver.bootstrap.config.config_source import load_config
from rtserver.bootstrap.config.error import ConfigError

HARD = Config().outbox_hard_bytes
ROWS = largest_message(HARD) // ROW_BYTES


def test_the_defaults_fit_together() -> None:
    assert list(conflicts(Config())) == []
    assert check_together(Config()) == Config()


@pytest.mark.parametrize(
    ("fits", "contradicts", "key", "other"),
    [
        ({"outbox_hard_bytes": HARD}, {"outbox_bytes": HARD + 1}, "outbox_hard_bytes", "outbox_bytes"),
        ({"unsent_bytes": HARD}, {"unsent_bytes": HARD + 1}, "unsent_bytes", "outbox_hard_bytes"),
        (
            {"max_message_bytes": largest_message(HARD)},
            {"max_message_bytes": largest_message(HARD) + 1},
            "max_message_bytes",
            "outbox_hard_bytes",
        ),
        (
            {"tce_max_packet_bytes": largest_message(HARD)},
            {"tce_max_packet_bytes": largest_message(HARD) + 1},
            "tce_max_packet_bytes",
            "outbox_hard_bytes",
        ),
        (
            {"service_message_bytes": 2 * HARD},
            {"service_message_bytes": 2 * HARD + 1},
            "service_message_bytes",
            "outbox_hard_bytes",
        ),
        ({"picture_rows": ROWS}, {"picture_rows": ROWS + 1}, "picture_rows", "outbox_hard_bytes"),
        ({"bus_bytes": 16_777_216}, {"bus_bytes": 16_777_215}, "bus_bytes", "service_message_bytes"),
        (
            {"redis_url": "redis://core", "redis_read_url": "redis://near"},
            {"redis_read_url": "redis://near"},
            "redis_read_url",
            "redis_url",
        ),
        ({"reuse_port": True}, {"reuse_port": True, "workers": "auto"}, "reuse_port", "workers"),
        ({"queue": "a", "queues": ("a", "b")}, {"queue": "b", "queues": ("a", "b")}, "queues", "queue"),
        ({"queue": "a", "queues": ("a", "b")}, {"queue": "a", "queues": ("a", "b", "a")}, "queues", "queue"),
        ({"history_ticks": 1_000}, {"history_ticks": 999}, "picture_rows", "history_ticks"),
    ],
)
def test_what_contradicts_is_refused_and_both_keys_are_named(
    fits: dict[str, Any], contradicts: dict[str, Any], key: str, other: str
) -> None:
    assert list(conflicts(Config(**fits))) == []
    (conflict,) = conflicts(Config(**contradicts))
    assert conflict.key == key
    assert other in conflict.problem
    with pytest.raises(ConfigError) as caught:
        check_together(Config(**contradicts))
    assert str(caught.value).startswith(f"configuration: {key}: ")
    assert other in str(caught.value)


def test_without_limits_a_service_message_may_be_of_any_size() -> None:
    assert list(conflicts(Config(service_message_bytes=0))) == []
    assert list(conflicts(Config(service_message_bytes=100 * HARD, limits="off"))) == []


def test_keys_are_checked_together_wherever_they_were_set() -> None:
    environ = {"RTSERVER_SERVICE_MESSAGE_BYTES": str(10 * HARD)}
    with pytest.raises(ConfigError, match=r"service_message_bytes.*outbox_hard_bytes"):
        load_config(environ=environ)
    load_config(environ=environ, options={"outbox_hard_bytes": str(5 * HARD)})


def test_no_constraint_has_two_rows() -> None:
    assert len(set(CONSTRAINTS)) == len(CONSTRAINTS)
