"""Every target stands a few hundred inputs, always the same ones; and the engine finds what it is there to find.

``python -m tests.fuzz`` goes on from here for as long as one likes.
"""

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fuzz.engine import FindingError, TooBigError, TooSlowError, for_inputs, fuzz, peak_bytes
from tests.fuzz.mutation import Mutator
from tests.fuzz.table import TARGETS
from tests.fuzz.target import Target, TryOne

INPUTS = 300


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_stands_its_seeds_and_what_is_made_of_them(name: str, tmp_path: Path) -> None:
    outcome = fuzz(TARGETS[name], tmp_path, until=for_inputs(INPUTS), seed=7, is_guided=False)
    assert outcome.tried == INPUTS


def target_of(try_one: TryOne, *seeds: bytes, seconds: float = 2.0, words: tuple[bytes, ...] = ()) -> Target:
    return Target("a target", lambda _directory: try_one, seeds or (b"abc",), words, seconds)


def run(target: Target, tmp_path: Path, inputs: int = 10_000, seed: int = 1, is_guided: bool = False) -> None:
    fuzz(target, tmp_path, until=for_inputs(inputs), seed=seed, is_guided=is_guided)


def test_what_escapes_is_a_finding_with_its_input_and_its_cause(tmp_path: Path) -> None:
    def fails_on_high_bytes(data: bytes) -> None:
        data.decode("ascii")

    with pytest.raises(FindingError, match="a target does not stand b'") as found:
        run(target_of(fails_on_high_bytes), tmp_path)
    assert not found.value.data.isascii()
    assert isinstance(found.value.__cause__, UnicodeDecodeError)


def test_an_input_that_takes_too_long_is_a_finding_even_within_an_expression(tmp_path: Path) -> None:
    def backtracks(data: bytes) -> None:
        re.fullmatch(rb"(a*)*b", data)

    with pytest.raises(FindingError) as found:
        run(target_of(backtracks, b"a" * 60, seconds=0.05), tmp_path, inputs=1)
    assert isinstance(found.value.__cause__, TooSlowError)


def test_an_input_that_swells_is_a_finding(tmp_path: Path) -> None:
    kept: list[bytearray] = []

    def swells(data: bytes) -> None:
        # More than any test before this one has needed.
        for _ in range(100):
            kept.append(bytearray(b"\1" * (16 << 20)))
            if tried_enough():
                return

    tried_enough = growth_of(100 << 20)
    with pytest.raises(FindingError) as found:
        run(target_of(swells), tmp_path, inputs=1)
    kept.clear()
    assert isinstance(found.value.__cause__, TooBigError)


def growth_of(size: int) -> Callable[[], bool]:
    """Return a predicate: the process's peak has grown by so much since now."""
    before = peak_bytes()
    return lambda: peak_bytes() - before > size


def test_one_seed_leads_to_one_series_and_another_to_another() -> None:
    corpus = [b"abcdef" * 10, b"{}[]" * 10]

    def series(seed: int) -> list[bytes]:
        mutator = Mutator(seed, [b"word"])
        return [mutator.mutate(corpus) for _ in range(200)]

    assert series(1) == series(1)
    assert series(1) != series(2)
    assert len(set(series(1))) > 100


def test_no_input_is_longer_than_it_may_be() -> None:
    mutator = Mutator(1, max_bytes=50)
    assert max(len(mutator.mutate([b"x" * 40])) for _ in range(2_000)) == 50


def test_a_guided_run_keeps_what_takes_it_further(tmp_path: Path) -> None:
    outcome = fuzz(TARGETS["head"], tmp_path, until=for_inputs(500), seed=1, is_guided=True)
    assert outcome.steps > 50
    assert outcome.corpus[: len(TARGETS["head"].seeds)] == list(TARGETS["head"].seeds)
    blind = fuzz(TARGETS["head"], tmp_path, until=for_inputs(500), seed=1, is_guided=False)
    assert len(blind.corpus) == len(TARGETS["head"].seeds)


def test_the_alarm_does_not_ring_after_the_run(tmp_path: Path) -> None:
    run(target_of(lambda data: None, seconds=0.05), tmp_path, inputs=5)
    begun = time.process_time()
    while time.process_time() - begun < 0.1:
        pass
