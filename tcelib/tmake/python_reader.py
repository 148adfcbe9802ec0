"""The bodies of generated readers: lines that turn ``data`` from some byte on into the values of fields.

Before each unpacking and each slice the bytes that it takes are checked to be there. While code is generated, this
file knows where reading has come to, as a name and a number, so that the code adds up only what it must.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from tcelib.tmake.model import Builtin, Struct, Type
from tcelib.tmake.model import Sequence as SequenceType
from tcelib.tmake.python_name import LOCALS, Names, member_names
from tcelib.tmake.python_text import Call, Expression, exploded, indented, is_short
from tcelib.tmake.python_wire import (
    CODES,
    COUNT,
    Blob,
    Elements,
    Nested,
    Run,
    Step,
    Steps,
    Vocabulary,
    fixed_codes,
    size_of,
)


@dataclass(frozen=True, slots=True)
class Position:
    """A byte of ``data``: a variable's value, or 0 without one, and some more."""

    variable: str
    plus: int = 0

    def __str__(self) -> str:
        if not self.variable:
            return str(self.plus)
        return f"{self.variable} + {self.plus}" if self.plus else self.variable

    def __add__(self, size: int) -> "Position":
        return Position(self.variable, self.plus + size)


class Reader:
    """One reader's body in the making. ``position`` is where the reading begins, and then where it has come to."""

    def __init__(self, vocabulary: Vocabulary, position: Position, depth: int = 1) -> None:
        self.lines: list[str] = []
        self.position = position
        self._vocabulary = vocabulary
        self._names = Names(vocabulary.taken | LOCALS - {"key", "value"})
        self._depth = depth

    def read(self, fields: Iterable[tuple[str, Type]]) -> list[Expression]:
        """Read the fields, each with the name that a variable is to have. The expressions of their values."""
        return self._read(fields, is_whole=False)

    def read_whole(self, fields: Iterable[tuple[str, Type]]) -> list[Expression]:
        """Read the fields of a stream that has to end behind them. See ``read``."""
        return self._read(fields, is_whole=True)

    def _read(self, fields: Iterable[tuple[str, Type]], *, is_whole: bool) -> list[Expression]:
        plan = Steps()
        values = [self._plan(plan, wanted, type_) for wanted, type_ in fields]
        before: Step | None = None
        for step, following in zip(plan.steps, [*plan.steps[1:], None], strict=True):
            match step:
                case Run() if isinstance(before, Blob):
                    self._unpack(step)  # it was checked with the blob
                case Run():
                    self._need(str(size_of(step.codes)), self.position + size_of(step.codes))
                    self._unpack(step)
                case Blob() if is_whole and following is None:
                    self._read_last_blob(step)
                    return values
                case Blob():
                    self._read_blob(step, size_of(following.codes) if isinstance(following, Run) else 0)
                case Elements(item=item, count=count, type=type_):
                    self._call(item, f"{self._vocabulary.reader_of(type_)}(data, {self.position}, {count})")
                case Nested(item=item, type=struct):
                    self._call(item, f"{self._vocabulary.reader_of(struct)}(data, {self.position})")
            before = step
        if is_whole:
            self.lines.append(f"if len(data) > {self.position}:")
            self.lines.extend(indented([f"raise tce.left_over(data, {self.position})"]))
        return values

    def names_of(self, fields: Iterable[tuple[str, Type]]) -> tuple[Run, list[Expression]]:
        """For fields of fixed size: the one run that they make, and the expressions of their values."""
        plan = Steps()
        values = [self._plan(plan, wanted, type_) for wanted, type_ in fields]
        (run,) = plan.steps
        assert isinstance(run, Run)
        return run, values

    def _plan(self, plan: Steps, wanted: str, type_: Type) -> Expression:
        """Put the steps for one field. The expression of its value."""
        if isinstance(type_, Struct) and fixed_codes(type_) is not None:
            inner = zip(member_names(type_), type_.members, strict=True)
            values = [self._plan(plan, f"{wanted}_{name}", member.type) for name, member in inner]
            return Call(f"{self._vocabulary.constructor_of(type_)}(", tuple(values))
        item = self._names.take(wanted)
        if isinstance(type_, Struct):
            plan.add(Nested(item, type_))
        elif isinstance(type_, Builtin) and type_ in CODES:
            plan.put(CODES[type_], item)
        elif isinstance(type_, Builtin) or (isinstance(type_, SequenceType) and type_.is_bytes):
            size = self._names.take(f"{wanted}_size")
            plan.put(COUNT, size)
            plan.add(Blob(item, size, is_text=isinstance(type_, Builtin)))
        else:
            count = self._names.take(f"{wanted}_count")
            plan.put(COUNT, count)
            plan.add(Elements(item, count, type_))
        return item

    def _need(self, size: str, end: Position) -> None:
        self.lines.append(f"if len(data) < {end}:")
        self.lines.extend(indented([f"raise tce.truncated(data, {self.position}, {size})"]))

    def _unpack(self, run: Run) -> None:
        closing = f" = {self._vocabulary.format(run.codes)}.unpack_from(data, {self.position})"
        if len(run.items) == 1:
            self.lines.append(f"({run.items[0]},){closing}")
        else:
            line = f"{', '.join(run.items)}{closing}"
            fits = is_short(line, self._depth)
            self.lines.extend([line] if fits else exploded("(", run.items, f"){closing}", self._depth))
        self.position += size_of(run.codes)

    def _read_blob(self, blob: Blob, behind: int) -> None:
        """A string or bytes, with one check for it and the ``behind`` bytes of the run behind it."""
        self.settle()
        self.lines.append(f"end = at + {blob.size}")
        self._need(f"{blob.size} + {behind}" if behind else blob.size, Position("end", behind))
        self._take(blob, "data[at:end]")
        self.position = Position("end")

    def _read_last_blob(self, blob: Blob) -> None:
        """A string or bytes, with one check for it and the end of the stream."""
        if self.position.variable:
            self.settle()
        self.lines.append(f"if len(data) != {self.position} + {blob.size}:")
        self.lines.extend(indented([f"raise tce.misfit(data, {self.position}, {blob.size})"]))
        self._take(blob, f"data[{self.position}:]")

    def _take(self, blob: Blob, raw: str) -> None:
        self.lines.append(f"{blob.item} = {f'tce.decode_text({raw})' if blob.is_text else raw}")

    def _call(self, item: str, call: str) -> None:
        self.lines.append(f"{item}, at = {call}")
        self.position = Position("at")

    def settle(self) -> None:
        """See that reading has come to what the variable ``at`` says."""
        if self.position.variable == "at" and self.position.plus:
            self.lines.append(f"at += {self.position.plus}")
        elif self.position.variable != "at":
            self.lines.append(f"at = {self.position}")
        self.position = Position("at")
