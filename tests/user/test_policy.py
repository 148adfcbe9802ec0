"""Policies: the meaning of their answers, and the consequence of their mistakes."""

from typing import Any

import pytest

from rtserver.user.identity import Identity
from rtserver.user.policy import ForbiddenError, Policy, Rights

ANN = Identity(1, "ann", "key", frozenset({"buyers"}))
BOB = Identity(2, "bob", "key")


class Answers(Policy):
    """Gives the same answer to everything, and keeps the questions."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.questions: list[tuple[Any, ...]] = []

    def may_subscribe(self, user: Identity, service: str, request: Any) -> Any:
        return self._answer("subscribe", user, service, request)

    def may_send(self, user: Identity, msg_type: str) -> Any:
        return self._answer("send", user, msg_type)

    def may_call(self, user: Identity, operation: str) -> Any:
        return self._answer("call", user, operation)

    def _answer(self, *question: Any) -> Any:
        self.questions.append(question)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


def ask_all(rights: Rights) -> list[str | None]:
    """Return the answers to the three questions; None for a yes."""
    answers: list[str | None] = []
    for check in (
        lambda: rights.check_subscribe(ANN, "quotes", {"quote": "A:B:20130301"}),
        lambda: rights.check_send(ANN, "mycharts"),
        lambda: rights.check_call(ANN, "shop.ICart.add"),
    ):
        try:
            check()
            answers.append(None)
        except ForbiddenError as error:
            answers.append(error.message)
    return answers


def test_by_default_whoever_is_logged_in_may_do_all_and_as_often_as_they_like() -> None:
    rights = Rights(Policy())
    assert ask_all(rights) == [None, None, None]
    assert rights.max_rate(ANN) is None
    assert rights.refusals == {"subscribe": 0, "send": 0, "call": 0}
    assert not Policy.needs_groups


def test_the_policy_is_asked_who_wants_what() -> None:
    policy = Answers(True)
    ask_all(Rights(policy))
    assert policy.questions == [
        ("subscribe", ANN, "quotes", {"quote": "A:B:20130301"}),
        ("send", ANN, "mycharts"),
        ("call", ANN, "shop.ICart.add"),
    ]


def test_a_no_is_counted_and_has_a_reason() -> None:
    rights = Rights(Answers(False))
    assert ask_all(rights) == [
        "you may not subscribe to quotes",
        'you may not send messages of type "mycharts"',
        "you may not call shop.ICart.add",
    ]
    assert rights.refusals == {"subscribe": 1, "send": 1, "call": 1}


def test_whatever_is_not_allowed_is_forbidden() -> None:
    with pytest.raises(ForbiddenError) as caught:
        Rights(Answers(False)).check_send(ANN, "mycharts")
    assert caught.value.code == "forbidden"


def test_a_text_is_a_no_with_that_reason() -> None:
    assert ask_all(Rights(Answers("buyers only"))) == ["buyers only"] * 3


@pytest.mark.parametrize("answer", [None, 1, "", "True", [True], 0])
def test_only_true_is_a_yes(answer: Any) -> None:
    assert None not in ask_all(Rights(Answers(answer)))


@pytest.mark.parametrize("kind", [LookupError, SystemExit, KeyboardInterrupt])
def test_a_policy_that_fails_forbids_and_is_logged(
    kind: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    rights = Rights(Answers(kind("a broken policy")))
    assert None not in ask_all(rights)
    assert rights.refusals == {"subscribe": 1, "send": 1, "call": 1}
    assert caplog.text.count(f"{kind.__name__}: a broken policy") == 3


@pytest.mark.parametrize(
    ("of_the_user", "of_everyone", "rate"), [(None, None, None), (2.0, None, 2.0), (None, 5.0, 5.0), (2.0, 5.0, 2.0)]
)
def test_the_lower_one_of_two_bounds_of_the_rate_counts(
    of_the_user: float | None, of_everyone: float | None, rate: float | None
) -> None:
    class Rate(Policy):
        def max_rate(self, user: Identity) -> float | None:
            return of_the_user

    assert Rights(Rate(), max_rate=of_everyone).max_rate(ANN) == rate
