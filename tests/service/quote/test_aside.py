from rtserver.base.queue.port import Entry
from rtserver.service.quote.aside import Aside

ONE, TWO, THREE = (Entry(f"{number}-{number}", b"x" * 10) for number in (1, 2, 3))


def test_entries_are_there_for_each_of_their_quotes_in_order() -> None:
    aside = Aside()
    aside.add(ONE, ["a", "b"])
    aside.add(TWO, ["a"])
    assert (aside.of("a"), aside.of("b"), aside.of("c")) == ([ONE, TWO], [ONE], [])
    assert aside.of("a", 1) == [TWO]
    assert (aside.entries, set(aside.by_quote)) == (2, {"a", "b"})


def test_what_is_stored_is_forgotten() -> None:
    aside = Aside()
    aside.add(ONE, ["a", "b"])
    aside.add(TWO, ["a"])
    aside.settle((1, 1))
    assert (aside.of("a"), set(aside.by_quote)) == ([TWO], {"a"})
    aside.settle((9, 9))
    assert not aside.by_quote


def test_what_is_held_stays_until_it_was_taken() -> None:
    aside = Aside()
    aside.add(ONE, ["a", "b"])
    aside.hold(["a"])
    aside.add(TWO, ["a"])
    aside.settle((2, 2))
    assert (aside.of("a"), aside.of("b")) == ([ONE, TWO], [])
    assert aside.is_held("a")
    aside.drop("a")
    assert not aside.is_held("a")
    assert not aside.by_quote


def test_what_was_held_in_vain_is_forgotten_as_far_as_it_is_stored() -> None:
    aside = Aside()
    aside.hold(["a", "b"])
    aside.add(ONE, ["a", "b"])
    aside.add(TWO, ["a"])
    aside.settle((1, 1))
    aside.let_go(["a", "b"])
    assert (aside.of("a"), set(aside.by_quote)) == ([TWO], {"a"})
    aside.settle((2, 2))
    assert not aside.by_quote


def test_it_is_full_until_enough_is_stored() -> None:
    aside = Aside(25)
    for entry in (ONE, TWO, THREE):
        assert not aside.is_full
        aside.add(entry, ["a"])
    assert aside.is_full
    aside.drop("a")
    assert aside.is_full  # who forgets by quote does not look who else refers to an entry
    aside.settle((1, 1))
    assert not aside.is_full
