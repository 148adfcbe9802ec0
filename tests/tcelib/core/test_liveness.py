"""The times at which a silent peer is asked, and given up."""

import math

from tcelib.core.liveness import LAST_LOOK_SECONDS, LEAST_SECONDS, MOST_SECONDS, Liveness, LivenessAction


def test_nobody_is_asked_while_something_comes() -> None:
    liveness = Liveness()
    assert liveness.judge(100.0, False, 130.0) is LivenessAction.NOTHING
    assert liveness.until == math.inf


def test_a_peer_gets_as_long_as_the_calls_that_wait_have_left_within_bounds() -> None:
    for latest, seconds in ((-math.inf, LEAST_SECONDS), (105.0, 5.0), (math.inf, MOST_SECONDS)):
        liveness = Liveness()
        assert liveness.judge(100.0, True, latest) is LivenessAction.ASK
        assert liveness.until == 100.0 + seconds


def test_silence_after_the_question_is_looked_at_twice() -> None:
    liveness = Liveness()
    liveness.judge(100.0, True, -math.inf)
    assert liveness.judge(101.0, True, -math.inf) is LivenessAction.NOTHING
    assert liveness.judge(102.0, False, -math.inf) is LivenessAction.NOTHING
    assert liveness.until == 102.0 + LAST_LOOK_SECONDS
    assert liveness.judge(102.25, False, -math.inf) is LivenessAction.GIVE_UP


def test_any_byte_is_an_answer_and_the_next_silence_a_new_question() -> None:
    liveness = Liveness()
    liveness.judge(100.0, True, -math.inf)
    liveness.heard += 1
    assert liveness.judge(102.0, False, -math.inf) is LivenessAction.NOTHING
    assert liveness.until == math.inf
    assert liveness.judge(103.0, True, -math.inf) is LivenessAction.ASK
