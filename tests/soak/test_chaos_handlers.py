"""The handlers of a chaos run: what they handled is in the file before anybody can know that they did."""

import os
import sys
from pathlib import Path

import pytest

from soak.chaos.handlers import FAILING, NOTES, FirstTryError, Mark, NoteEvery, NoteOnce, Noting
from soak.chaos.notes import Note, Notes
from tests.service_fakes import Surroundings


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Notes:
    """The notes that a worker of a run writes."""
    notes = Notes(tmp_path / "notes")
    monkeypatch.setenv(NOTES, str(notes.path))
    monkeypatch.setattr(sys, "argv", ["rtserver", "serve", "--worker", "worker-9"])
    return notes


@pytest.mark.parametrize("kind", [NoteEvery, NoteOnce])
def test_what_was_handled_is_written_down(notes: Notes, kind: type[Noting]) -> None:
    handler = kind(Surroundings().context)
    for number in (1, 2):
        handler("producer", Mark("every", number))
        assert list(notes.read()) == [Note("worker-9", os.getpid(), "every", number)]


def test_now_and_then_the_first_try_fails_whoever_makes_it(notes: Notes) -> None:
    first, other = (NoteOnce(Surroundings().context) for _ in range(2))
    with pytest.raises(FirstTryError):
        first("producer", Mark("once", FAILING))
    assert list(notes.read()) == []
    other("producer", Mark("once", FAILING))
    first("producer", Mark("once", FAILING + 1))
    assert [note.number for note in notes.read()] == [FAILING, FAILING + 1]


def test_several_write_to_the_same_file(notes: Notes) -> None:
    handlers = [NoteEvery(Surroundings().context), NoteOnce(Surroundings().context)]
    for handler in handlers:
        handler("producer", Mark(handler.msg_type, 1))
    assert [note.source for note in notes.read()] == ["chaos_every", "chaos_once"]


def test_one_runs_everywhere_and_the_other_once() -> None:
    assert (NoteEvery.delivery, NoteOnce.delivery) == ("every", "once")
