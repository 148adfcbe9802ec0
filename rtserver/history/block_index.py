"""BlockIndex: which groups of bars a quote has in Redis, and which of them a range needs. Pure."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from rtserver.history.port import HistoryRange


class GroupNote(NamedTuple):
    """Note about one group: labels of its first bar and its last, its bars, at most, and its blocks.

    ``revision`` is another one after each change.
    """

    group: int
    first: int
    last: int
    rows: int
    blocks: int
    revision: bytes

    @property
    def stored_ms(self) -> int:
        """Epoch milliseconds of the group's last change: a revision is a time in microseconds."""
        return int(self.revision) // 1000


def read_index(fields: Mapping[bytes, bytes]) -> list[GroupNote]:
    """Return the notes of an index in the order of their labels. Raises ``ValueError`` for one that is none."""
    notes = []
    for group, note in fields.items():
        first, last, rows, blocks, revision = note.split(b" ")
        notes.append(GroupNote(int(group), int(first), int(last), int(rows), int(blocks), revision))
    return sorted(notes, key=lambda note: note.first)


def write_note(note: GroupNote) -> str:
    """Return a note without its revision, as an index has it."""
    return f"{note.first} {note.last} {note.rows} {note.blocks}"


def groups_of(notes: list[GroupNote], wanted: HistoryRange) -> Iterator[GroupNote]:
    """Yield the groups that may have bars of a range, the newest first."""
    for note in reversed(notes):
        if wanted.end_ms is not None and note.first >= wanted.end_ms:
            continue
        if wanted.start_ms is not None and note.last < wanted.start_ms:
            return
        yield note
