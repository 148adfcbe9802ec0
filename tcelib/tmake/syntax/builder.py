"""The parser's tree -> the syntax tree, one method for each rule of the grammar."""

from typing import Any

from lark import Token, Transformer

from tcelib.tmake.syntax.tree import (
    Annotation,
    Dictionary,
    File,
    Import,
    Interface,
    Module,
    Name,
    Operation,
    Place,
    Sequence,
    Struct,
    TypeName,
    Variable,
)


class SyntaxBuilder(Transformer[Token, File]):
    """``SyntaxBuilder(file).transform(tree)``; ``file`` is the name for places.

    Each method is handed what its rule's parts have become, and None for an optional part that is not there.
    """

    def __init__(self, file: str) -> None:
        super().__init__(visit_tokens=True)
        self._file = file

    def _place(self, token: Token) -> Place:
        return Place(self._file, token.line or 1, token.column or 1)

    def IDENT(self, token: Token) -> Name:  # noqa: N802 (the terminal's name)
        return Name(str(token), self._place(token))

    def file(self, parts: list[Any]) -> File:
        return File(tuple(part for part in parts if not isinstance(part, Token)))

    def import_(self, parts: list[Any]) -> Import:
        return Import(parts[0])

    def module(self, parts: list[Any]) -> Module:
        name, *elements = parts
        return Module(name, tuple(elements))

    def struct(self, parts: list[Any]) -> Struct:
        name, *members = parts
        return Struct(name, tuple(members))

    def sequence(self, parts: list[Any]) -> Sequence:
        element, name = parts
        return Sequence(name, element)

    def dictionary(self, parts: list[Any]) -> Dictionary:
        key, value, name = parts
        return Dictionary(name, key, value)

    def interface(self, parts: list[Any]) -> Interface:
        annotations, name, base, *operations = parts
        return Interface(annotations or (), name, base, tuple(operations))

    def operation(self, parts: list[Any]) -> Operation:
        annotations, result, name, params = parts
        return Operation(annotations or (), result, name, params or ())

    def params(self, parts: list[Any]) -> tuple[Variable, ...]:
        return tuple(parts)

    def variable(self, parts: list[Any]) -> Variable:
        return Variable(*parts)

    def annotations(self, parts: list[Any]) -> tuple[Annotation, ...]:
        return tuple(parts)

    def annotation(self, parts: list[Any]) -> Annotation:
        key, value = parts
        if isinstance(value, Name):
            return Annotation(key, value.text, value.place)
        return Annotation(key, value.strip('"'), self._place(value))

    def type(self, parts: list[Any]) -> TypeName:
        first, second = parts
        return TypeName(None, first) if second is None else TypeName(first, second)
