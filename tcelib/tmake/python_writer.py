"""The bodies of generated writers: lines that turn the values of fields into the pieces of a parameter stream."""

from collections.abc import Iterable, Sequence

from tcelib.tmake.model import Builtin, Struct, Type
from tcelib.tmake.model import Sequence as SequenceType
from tcelib.tmake.python_name import LOCALS, Names, member_names
from tcelib.tmake.python_text import Call, Expression, expressed, is_short, listed
from tcelib.tmake.python_wire import CODES, COUNT, Blob, Elements, Nested, Run, Steps, Vocabulary, fixed_codes


class Writer:
    """One writer's body in the making. ``lines`` come before the pieces."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.lines: list[str] = []
        self._vocabulary = vocabulary
        self._names = Names(vocabulary.taken | LOCALS)

    def take(self, wanted: str) -> str:
        """A name that nothing else has in this body."""
        return self._names.take(wanted)

    def write(self, fields: Iterable[tuple[str, str, Type]]) -> list[Expression]:
        """The pieces of ``bytes`` that fields make.

        Of a field come the name that a variable for it is to have, the expression of its value, and its type.
        """
        plan = Steps()
        for wanted, value, type_ in fields:
            self._plan(plan, wanted, value, type_)
        return [self._piece(step) for step in plan.steps]

    def _plan(self, plan: Steps, wanted: str, value: str, type_: Type) -> None:
        if isinstance(type_, Struct) and fixed_codes(type_) is not None:
            for name, member in zip(member_names(type_), type_.members, strict=True):
                self._plan(plan, f"{wanted}_{name}", f"{value}.{name}", member.type)
        elif isinstance(type_, Struct):
            plan.add(Nested(value, type_))
        elif isinstance(type_, Builtin) and type_ in CODES:
            plan.put(CODES[type_], value)
        elif isinstance(type_, Builtin):
            raw = self._names.take(f"{wanted}_bytes")
            self.lines.append(f"{raw} = tce.encode_text({value})")
            plan.put(COUNT, f"len({raw})")
            plan.add(Blob(raw, "", is_text=True))
        elif isinstance(type_, SequenceType) and type_.is_bytes:
            raw = self._names.take(f"{wanted}_bytes")
            self.lines.append(f"{raw} = tce.encode_bytes({value})")
            plan.put(COUNT, f"len({raw})")
            plan.add(Blob(raw, "", is_text=False))
        else:
            plan.put(COUNT, f"tce.count_of({value})" if isinstance(type_, SequenceType) else f"len({value})")
            plan.add(Elements(value, "", type_))

    def _piece(self, step: Run | Blob | Elements | Nested) -> Expression:
        match step:
            case Run(codes=codes, items=items):
                return Call(f"{self._vocabulary.format(codes)}.pack(", tuple(items))
            case Blob(item=item):
                return item
            case Elements(item=item, type=type_):
                return f"{self._vocabulary.writer_of(type_)}({item})"
            case Nested(item=item, type=struct):
                return f"{self._vocabulary.writer_of(struct)}({item})"


def returned(pieces: Sequence[Expression]) -> list[str]:
    """The lines that return the pieces joined."""
    if len(pieces) == 1:
        return expressed("return ", pieces[0], "", depth=1)
    line = f"return {' + '.join(map(str, pieces))}"
    if len(pieces) == 2 and is_short(line, depth=1):
        return [line]
    return [*listed("parts = (", pieces, ")", depth=1), 'return b"".join(parts)']
