"""Look-ups one after the other: each has an outcome of its own, and an outage is noticed."""

from collections.abc import Iterable

from django.core.cache.backends.base import InvalidCacheKey
from django.core.exceptions import SuspiciousOperation, ValidationError

from rtserver.user.session.site_look_up import look_up_each

REFUSED = (SuspiciousOperation("no"), InvalidCacheKey("no"), ValidationError("no"))
AWAY = OSError("away")


class Site:
    """Gives one answer after the other, and counts."""

    def __init__(self, answers: Iterable[str | Exception]) -> None:
        self.answers = iter(answers)
        self.asked: list[str] = []

    def look_up(self, key: str) -> str:
        self.asked.append(key)
        answer = next(self.answers)
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_each_key_has_its_answer() -> None:
    assert look_up_each("ab", Site(["A", "B"]).look_up) == {"a": "A", "b": "B"}
    assert look_up_each("", Site([]).look_up) == {}


def test_a_key_that_is_refused_is_nobodys_however_many_there_are() -> None:
    assert look_up_each("abcd", Site([*REFUSED, "D"]).look_up) == {"a": None, "b": None, "c": None, "d": "D"}


def test_an_error_is_the_keys_own() -> None:
    assert look_up_each("abc", Site(["A", AWAY, "C"]).look_up) == {"a": "A", "b": AWAY, "c": "C"}


def test_a_backend_that_exits_is_an_error_like_any_other() -> None:
    def look_up(key: str) -> str:
        raise SystemExit(0)

    assert [repr(error) for error in look_up_each("a", look_up).values()] == ["RuntimeError('SystemExit: 0')"]


def test_two_errors_in_a_row_are_an_outage_for_all_the_rest() -> None:
    last = OSError("still away")
    site = Site([AWAY, "B", AWAY, last])
    assert look_up_each("abcdefg", site.look_up) == {"a": AWAY, "b": "B", "c": AWAY, **dict.fromkeys("defg", last)}
    assert site.asked == list("abcd")
