"""The rule for calls that a service has taken: a table."""

import pytest

from tcelib.queue.message import Delivery, Message
from tcelib.service.taken_call import IDEMPOTENT, MOST_TRIES, POISON, UNFINISHED, Objection, objection
from tcelib.wire.message import CALL, ONEWAY, RETURN, build_body

IDEMPOTENT_CALL = {IDEMPOTENT: "true"}


@pytest.mark.parametrize(
    ("calltype", "headers", "tries", "expected"),
    [
        (CALL, {}, 1, None),
        (CALL, {}, 2, UNFINISHED),
        (CALL | ONEWAY, {}, 2, UNFINISHED),
        (CALL, {IDEMPOTENT: "false"}, 2, UNFINISHED),
        (CALL, {IDEMPOTENT: "True"}, 2, UNFINISHED),
        (CALL, IDEMPOTENT_CALL, 2, None),
        (CALL, IDEMPOTENT_CALL, MOST_TRIES, None),
        (CALL, IDEMPOTENT_CALL, MOST_TRIES + 1, POISON),
        (CALL, {}, 0, None),
        (RETURN, {}, 9, None),
    ],
)
def test_a_call_that_was_begun_runs_again_only_if_that_does_no_harm(
    calltype: int, headers: dict[str, str], tries: int, expected: Objection | None
) -> None:
    assert objection(Delivery(Message(build_body(1, calltype, 0), headers), tries)) == expected
