"""docs/csprotocols.readme.md against a running server: every literal example, every table of the code."""

import json
from collections.abc import Mapping

import pytest
import redis

from rtserver.base.queue.port import Gone
from rtserver.base.wire.client_message import ErrorCode
from rtserver.base.wire.close_code import CloseCode, may_reconnect
from rtserver.bootstrap.config.setting import settings
from rtserver.market.indicator.indicator import parse_indicator
from rtserver.market.indicator.registry import IndicatorRegistry
from rtserver.modules.chart import list_series
from rtserver.service.message import Reason
from rtserver.service.push.push_user import RESERVED_NOTICES, RESERVED_TYPES
from rtserver.user.topic.rate import RATES
from tests.docs.dead_stream import DeadStream
from tests.docs.document import PROTOCOLS, blocks, code, table
from tests.docs.visitor import Visitor, log_in
from tests.running_server import RunningServer
from tests.websocket_client import WebSocketClient

TO_SERVER = "json to_server"
TO_CLIENT = "json to_client"
QUEUE = "json queue"


def lines(info: str) -> list[str]:
    """All examples of one direction, a message each."""
    return [line for block in blocks(PROTOCOLS, info) for line in block.splitlines()]


def line_with(info: str, *parts: str) -> str:
    """The one example that holds all these parts."""
    [found] = [line for line in lines(info) if all(part in line for part in parts)]
    return found


def test_every_block_says_which_way_its_messages_go() -> None:
    for info in (TO_SERVER, TO_CLIENT, QUEUE):
        for line in lines(info):
            assert isinstance(json.loads(line), dict)
    assert not blocks(PROTOCOLS, "json")


def test_the_messages_to_the_server_are_understood(visitor: Visitor) -> None:
    for text in lines(TO_SERVER):
        visitor.send(text)
    visitor.send('{"type":"ping","id":"last"}')
    while (answer := json.loads(visitor.receive_text())).get("id") != "last":
        # An example may end the chart of one before it, whose picture has not come yet.
        assert answer["type"] != "error" or answer["data"]["code"] == "replaced", answer


def test_a_ping_is_answered_as_shown(visitor: Visitor) -> None:
    for question, answer in zip(blocks(PROTOCOLS, TO_SERVER)[0].splitlines(), lines(TO_CLIENT)[1:3], strict=True):
        visitor.send(question)
        assert visitor.receive_text() == answer


def test_the_first_message_has_the_fields_of_the_example(visitor: Visitor) -> None:
    shown = json.loads(line_with(TO_CLIENT, "userinfo"))["data"]
    assert shapes(visitor.userinfo) == shapes(shown)


def shapes(value: object) -> object:
    """A value's keys and types without what differs from one moment to the next."""
    if isinstance(value, Mapping):
        return {key: shapes(item) for key, item in value.items()}
    return type(value)


def test_the_conversation_about_copper_happens_word_for_word(visitor: Visitor, queue: redis.Redis) -> None:
    first, second = blocks(PROTOCOLS, QUEUE)[:2]
    queue.rpush("queue:rtserver", first.strip())
    wait_for_ticks(visitor, 2, item="cu1512", date="20151120")
    visitor.send(line_with(TO_SERVER, "copper"))
    assert visitor.receive_text() == of_this_start(visitor, line_with(TO_CLIENT, '"static"', "copper"))
    queue.rpush("queue:rtserver", second.strip())
    assert visitor.receive_text() == of_this_start(visitor, line_with(TO_CLIENT, '"dynamic"', "copper"))


def test_the_conversation_about_gold_happens_word_for_word(visitor: Visitor, queue: redis.Redis) -> None:
    ticks, late = (line for line in lines(QUEUE) if "au1512" in line)
    queue.rpush("queue:rtserver", ticks)
    wait_for_ticks(visitor, 3, item="au1512")
    for request in ('"gold-1"', '"gold-2"'):
        visitor.send(line_with(TO_SERVER, request))
        assert visitor.receive_text() == of_this_start(visitor, line_with(TO_CLIENT, request))
    queue.rpush("queue:rtserver", late)
    assert visitor.receive_text() == of_this_start(visitor, line_with(TO_CLIENT, "1448010001500"))


def test_the_conversation_about_the_weather_happens_word_for_word(visitor: Visitor, queue: redis.Redis) -> None:
    visitor.send(line_with(TO_SERVER, '"subscribe"', '"weather"'))
    assert visitor.receive_text() == of_this_start(visitor, line_with(TO_CLIENT, '"snapshot"', '"rome"'))
    queue.rpush("queue:rtserver", line_with(QUEUE, '"weather"'))
    assert visitor.receive_text() == of_this_start(visitor, line_with(TO_CLIENT, '"op":"update"', '"rome"'))
    visitor.send(line_with(TO_SERVER, '"unsubscribe"', '"rome"'))


def of_this_start(visitor: Visitor, text: str) -> str:
    """An example with the epoch that the server has."""
    shown = json.loads(line_with(TO_CLIENT, "userinfo"))["data"]["server"]["epoch"]
    return text.replace(f'"epoch":"{shown}"', f'"epoch":"{visitor.userinfo["server"]["epoch"]}"')


def test_a_change_of_rate_is_answered_as_shown(visitor: Visitor) -> None:
    visitor.send(line_with(TO_SERVER, '"chart_id":"main"', "dynamic"))
    visitor.receive("mycharts")
    visitor.send(line_with(TO_SERVER, '"rate"'))
    assert visitor.receive_text() == line_with(TO_CLIENT, '"rate"')


def test_the_indicators_are_listed_as_shown(visitor: Visitor) -> None:
    visitor.send(line_with(TO_SERVER, '"indicators"}'))
    answer = json.loads(visitor.receive_text())
    listed = answer["data"]["indicators"]
    [shown] = json.loads(line_with(TO_CLIENT, '"type":"indicators"'))["data"]["indicators"]
    assert shown in listed
    answer["data"]["indicators"] = [shown]
    assert answer == json.loads(line_with(TO_CLIENT, '"type":"indicators"'))


def test_the_rates_are_those_shown() -> None:
    text = PROTOCOLS.read_text(encoding="utf-8").partition("- The rates are ")[2].partition(";")[0]
    assert [float(number) for number in text.replace(" and ", ", ").split(", ")] == list(RATES)


def wait_for_ticks(visitor: Visitor, seq: int, **quote: str) -> None:
    """Ask for pictures until one has the tick of that number."""
    request = {"type": "quote", "chart_id": "w", "exchange": "SHFE", **quote}
    pictures = (visitor.ask("mycharts", {**request, "update": "static"}) for _ in range(10_000))
    assert next(picture["seq"] for picture in pictures if picture["seq"] >= seq) == seq


def test_a_pushed_notice_looks_as_shown(visitor: Visitor, queue: redis.Redis) -> None:
    queue.rpush("queue:rtserver", line_with(QUEUE, '"*"'))
    text = visitor.receive_text()
    assert text == line_with(TO_CLIENT, "hello", "notice").replace("1448010000000-42", json.loads(text)["offset"])


def test_a_client_that_comes_back_gets_what_it_missed_and_is_told_as_shown(
    server: RunningServer, queue: redis.Redis
) -> None:
    session_key = log_in(server)
    with Visitor(server, session_key) as before:
        last = before.userinfo["offset"]
        before.receive("todo")
        # Somebody has to see that it has been kept.
        queue.rpush("queue:rtserver", line_with(QUEUE, '"*"'))
        missed = before.receive_text()
    with Visitor(server, session_key) as visitor:
        visitor.receive("todo")
        visitor.send(line_with(TO_SERVER, '"resume"').replace("1448010000000-41", last))
        assert visitor.receive_text() == missed
        assert visitor.receive_text() == line_with(TO_CLIENT, '"resumed"')


def test_a_client_that_was_away_for_too_long_is_told_so_as_shown(visitor: Visitor) -> None:
    visitor.send(line_with(TO_SERVER, '"resume"'))
    while (message := json.loads(visitor.receive_text()))["type"] != "resume_lost":
        assert "offset" in message
    shown = json.loads(line_with(TO_CLIENT, '"resume_lost"'))
    assert message["data"].keys() == shown["data"].keys()
    assert message["data"]["reason"] == "unknown"


def test_the_reasons_of_a_loss_are_those_of_the_code() -> None:
    assert [code(row[0]) for row in table(PROTOCOLS, "reason", "when")] == list(Gone)


def test_the_types_that_are_the_servers_own_are_those_of_the_code() -> None:
    text = PROTOCOLS.read_text(encoding="utf-8").partition("by which the server itself speaks: ")[2]
    types, _, rest = text.partition(". ")
    assert {name.strip("`") for name in types.split(", ")} == RESERVED_TYPES
    assert rest.startswith(f"A `notice` must not have the `code` `{'`, `'.join(RESERVED_NOTICES)}` in its data")


def test_a_message_that_is_not_to_be_kept_has_no_offset(visitor: Visitor, queue: redis.Redis) -> None:
    shown = line_with(QUEUE, '"keep":false').replace('[7,8,"9"]', '"*"')
    queue.rpush("queue:rtserver", shown)
    data = json.loads(shown)["data"]
    assert json.loads(visitor.receive_text()) == {"type": data["type"], "data": data["data"]}


def test_the_service_messages_are_all_handled(visitor: Visitor, queue: redis.Redis) -> None:
    # The conversation counts the ticks of its quote, so these stay out of it.
    messages = [line for line in lines(QUEUE) if "cu1512" not in line]
    dead = DeadStream(queue)
    queue.rpush("queue:rtserver", *messages, '{"type":"quote","src":"end","data":1}')
    for handler in ("pushuser", "django_site"):
        queue.rpush("queue:rtserver", json.dumps({"type": handler, "src": "end", "data": 1}))
    # Each lane keeps its order, so the last letter of a lane is the end of what was sent to it.
    assert [letter["src"] for letter in dead.receive(3)] == ["end"] * 3


@pytest.mark.parametrize("row", table(PROTOCOLS, "reason", "when", "example"), ids=lambda row: code(row[0]))
def test_a_bad_service_message_is_buried_for_the_reason_shown(row: list[str], queue: redis.Redis) -> None:
    example = code(row[2])
    if not example:
        # No message can bring these about by itself.
        assert code(row[0]) in {Reason.HANDLER_FAILED, Reason.POISON, Reason.BAD_SIGNATURE}
        return
    dead = DeadStream(queue)
    queue.rpush("queue:rtserver", example)
    [letter] = dead.receive(1)
    assert (letter["reason"], letter["raw"]) == (code(row[0]), example)
    assert set(letter) == {"reason", "detail", "src", "raw", "at"}


@pytest.mark.parametrize("row", table(PROTOCOLS, "code", "when", "example"), ids=lambda row: code(row[0]))
def test_a_bad_message_of_a_client_is_answered_with_the_code_shown(row: list[str], visitor: Visitor) -> None:
    example = code(row[2])
    if not example:
        assert code(row[0]) in {ErrorCode.FORBIDDEN, ErrorCode.RATE_LIMITED, ErrorCode.INTERNAL}
        return
    visitor.send(example)
    assert visitor.receive("error")["code"] == code(row[0])


def test_the_error_shown_is_the_answer_to_the_example_of_its_code(visitor: Visitor) -> None:
    visitor.send('{"type":"nope","id":"x"}')
    assert visitor.receive_text() == line_with(TO_CLIENT, "error")


def test_the_tables_of_codes_and_reasons_are_complete() -> None:
    assert [code(row[0]) for row in table(PROTOCOLS, "code", "when", "example")] == list(ErrorCode)
    assert [code(row[0]) for row in table(PROTOCOLS, "reason", "when", "example")] == list(Reason)


def test_the_table_of_close_codes_is_the_one_in_the_code() -> None:
    def comes_back(code: CloseCode) -> str:
        return "yes" if may_reconnect(code) else "once" if code is CloseCode.SESSION_CLOSED else "no"

    in_code = [[str(each.value), each.name, comes_back(each)] for each in CloseCode]
    assert table(PROTOCOLS, "code", "name", "come back?") == in_code


HANDSHAKES: dict[str, dict[str, str | None]] = {
    "101": {},
    "400": {"Sec-WebSocket-Key": "short"},
    "401": {"Cookie": "sessionid=0123456789abcdef0123456789abcdef"},
    "403": {"Origin": "https://elsewhere.example.com"},
    "426": {"Sec-WebSocket-Version": "8"},
}


def test_every_handshake_is_answered_with_the_status_shown(server: RunningServer, session_key: str) -> None:
    shown = {row[0] for row in table(PROTOCOLS, "status", "when")}
    # Full, or a store that is away: see the tests of the limits, and of the user manager.
    assert shown == HANDSHAKES.keys() | {"429", "503"}
    for status, headers in HANDSHAKES.items():
        asked = {"Cookie": f"sessionid={session_key}", **headers}
        with WebSocketClient.connect("127.0.0.1", server.port, "/rt/", asked) as client:
            assert str(client.answer.status) == status


def test_the_series_of_each_shape_are_those_shown() -> None:
    rows = table(PROTOCOLS, "shape", "index 0, axis `price`", "index 1")
    assert [code(row[0]) for row in rows] == ["line", "bar", "scatter", "ohlc"]
    for shape, *cells in rows:
        series = list_series(code(shape), (), "AAPL")  # type: ignore[arg-type]
        drawn = [f"{each.type}: {', '.join(each.columns)}" for each in series]
        shown = [cell.split(", on the axis")[0].strip("| ") for cell in cells if cell.strip("| ")]
        assert drawn == shown


def test_the_indicators_are_those_shown() -> None:
    registry = IndicatorRegistry()
    rows = table(PROTOCOLS, "indicator", "asked for as", "default", "series", "axis")
    assert [code(row[1]).split(":")[0] for row in rows] == list(registry.names)
    for _, asked, default, series, axis in rows:
        name, *parameters = code(asked).split(":")
        indicator = parse_indicator(name, registry)
        assert parameters == [parameter.name for parameter in indicator.kind.parameters]
        assert str(indicator) == code(default)
        for output in indicator.kind.outputs:
            assert output.kind in series
            assert output.suffix in series
            assert output.axis == code(axis)


def test_the_limits_that_can_be_set_are_the_defaults_of_the_configuration() -> None:
    for _, limit, set_by in table(PROTOCOLS, "what", "limit", "set by"):
        key = code(set_by)
        if key:
            assert limit.split()[0] == str(settings()[key].default)
