"""A forged session key or token is nobody's, and costs nobody else anything."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rtserver.user.session.authenticator import SessionAuthenticator
from rtserver.user.session.token import PREFIX, make_token, read_token
from tests.fuzz.mutation import Mutator
from tests.user.session_site import SessionSite

AGE = 3600.0
MUTANTS = 1_000
WORDS = (b":", b"rtserver:", b"=", b".", b"-", b"_", b" ", b"\t")

pytestmark = pytest.mark.usefixtures("site")
same_site = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


def test_no_change_to_a_token_makes_another_one_that_is_good(site: SessionSite) -> None:
    token, other = (make_token(site.make_user()) for _ in range(2))
    mutator = Mutator(5, WORDS)
    for _ in range(MUTANTS):
        mutant = mutator.mutate([token.encode(), other.encode()]).decode("latin-1")
        assert read_token(mutant, AGE) is None or mutant.removeprefix(PREFIX) in (
            token.removeprefix(PREFIX),
            other.removeprefix(PREFIX),
        )


@same_site
@given(keys=st.lists(st.text(max_size=40) | st.text("rtserver:.-=", min_size=8) | st.just("x" * 5_000), max_size=5))
def test_any_text_is_looked_up_without_an_error_and_is_nobody_s_beside_a_key_that_is_somebody_s(
    auth: SessionAuthenticator, site: SessionSite, keys: list[str]
) -> None:
    user = site.make_user()
    good = site.log_in(user)
    outcomes = auth.find_many([*keys, good, *(PREFIX + key for key in keys)])
    assert outcomes.pop(good).user_id == user.pk
    assert set(outcomes.values()) <= {None}
