"""Files -> model: the steps in their order, and what is wrong, sorted as the user reads it.

Nothing here knows a target language; what a model is turned into is the emitters' affair.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tcelib.tmake.declaration import declare
from tcelib.tmake.index_list import IndexList, parse_index_list
from tcelib.tmake.model import Model
from tcelib.tmake.model_builder import build
from tcelib.tmake.numbering import number
from tcelib.tmake.source import Read, load, read_file, reason_of
from tcelib.tmake.structure import interfaces_in_order, meaning_of, types_in_order
from tcelib.tmake.syntax.error import FILE_NOT_READABLE, Problem
from tcelib.tmake.syntax.tree import Module, Place


@dataclass(frozen=True, slots=True)
class Compilation:
    """``model`` is None exactly if some of ``problems`` are mistakes."""

    model: Model | None
    problems: tuple[Problem, ...]


def compile_files(paths: Sequence[str], index_list_path: str | None = None, read: Read = read_file) -> Compilation:
    """Compile the IDL files ``paths``, with what they import, to one model.

    ``read`` gives the bytes of a file. Raises nothing: what cannot be read is a problem, too.
    """
    modules, found = load(paths, read)
    problems = list(found)
    index_list = IndexList() if index_list_path is None else _read_list(index_list_path, read, problems)
    # What is built on half a file would be reported for what the other half declares.
    model = None if problems else _model_of(modules, index_list, problems)
    is_fine = not any(problem.is_mistake for problem in problems)
    return Compilation(model if is_fine else None, tuple(sorted(problems, key=lambda problem: problem.place)))


def _model_of(modules: Sequence[Module], index_list: IndexList, problems: list[Problem]) -> Model | None:
    declarations = declare(modules, problems)
    meaning = meaning_of(declarations, problems)
    types = types_in_order(declarations, meaning, problems)
    interfaces = interfaces_in_order(declarations, meaning, problems)
    numbers = number(declarations, index_list, problems)
    if any(problem.is_mistake for problem in problems):
        return None
    return build(declarations, meaning, (*types, *interfaces), numbers)


def _read_list(path: str, read: Read, problems: list[Problem]) -> IndexList:
    try:
        text = read(path).decode("utf-8", "replace")
    except (OSError, ValueError) as error:
        problems.append(FILE_NOT_READABLE.at(Place(path, 1, 1), path, reason_of(error)))
        return IndexList()
    return parse_index_list(text, path, problems)
