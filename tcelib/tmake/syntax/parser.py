"""One file's text -> its syntax tree, or the list of what is wrong with it.

Decides how reading goes on behind an error, so that one run reports several. It reads no files and resolves nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from lark import Lark, Token, UnexpectedToken
from lark.lark import PostLex
from lark.parsers.lalr_interactive_parser import InteractiveParser

from tcelib.tmake.syntax.builder import SyntaxBuilder
from tcelib.tmake.syntax.error import UNEXPECTED, Problem
from tcelib.tmake.syntax.expectation import END, accepted_by, forked, in_words
from tcelib.tmake.syntax.tree import File, Place


def parse(text: str, file: str) -> tuple[File, tuple[Problem, ...]]:
    """The syntax of ``text``, and its errors in the order of the text. With errors the file is what could be read.

    ``file`` is the name for places. A byte order mark and every kind of line end are fine.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return _Reading(file, text).read()


class _AllTokens(PostLex):
    """Keeps the terminals that no rule uses: they are what the parser is to object to."""

    always_accept = ("UNCLOSED_STRING", "UNKNOWN")

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        return stream


@cache
def _lark() -> Lark:
    return Lark.open(
        "grammar.lark", rel_to=__file__, parser="lalr", lexer="basic", start="file", postlex=_AllTokens()
    )


@dataclass
class _Reading:
    """The parser at work on one text.

    ``checkpoints`` are its states to go back to, one for each open brace and one for the file: where the brace's next
    part may begin.
    """

    file: str
    text: str
    errors: list[Problem] = field(default_factory=list)
    checkpoints: list[InteractiveParser] = field(default_factory=list)

    def read(self) -> tuple[File, tuple[Problem, ...]]:
        tokens = [*_lark().lex(self.text), self._end()]
        parser = _lark().parse_interactive("")
        self.checkpoints = [forked(parser)]
        at, tree = 0, None
        while at < len(tokens):
            try:
                tree = parser.feed_token(tokens[at])
            except UnexpectedToken:
                self._object(parser, tokens[at])
                at = self._behind_error(tokens, at)
                parser = forked(self.checkpoints[-1])
            else:
                self._remember(parser, tokens[at].type)
                at += 1
        syntax = File(()) if tree is None else SyntaxBuilder(self.file).transform(tree)
        return syntax, tuple(self.errors)

    def _object(self, parser: InteractiveParser, token: Token) -> None:
        place = Place(self.file, token.line or 1, token.column or 1)
        self.errors.append(UNEXPECTED.at(place, _joined(accepted_by(parser)), in_words(token)))

    def _end(self) -> Token:
        lines = self.text.split("\n")
        return Token(END, "", line=len(lines), column=len(lines[-1]) + 1)

    def _remember(self, parser: InteractiveParser, token_type: str) -> None:
        if token_type == "LBRACE":
            self.checkpoints.append(forked(parser))
        elif token_type == "SEMICOLON":
            self.checkpoints[-1] = forked(parser)
        elif token_type == "RBRACE":
            self.checkpoints.pop()
            if len(self.checkpoints) == 1:  # a module needs no `;`
                self.checkpoints[0] = forked(parser)

    def _behind_error(self, tokens: list[Token], at: int) -> int:
        """Return the place where reading goes on, with ``checkpoints[-1]``.

        It is behind a ``;``, or at the ``}`` that closes an open body.
        """
        depth = 0
        while tokens[at].type != END:
            kind = tokens[at].type
            if kind == "RBRACE" and depth == 0:
                if len(self.checkpoints) > 1:
                    return at
            elif kind == "RBRACE":
                depth -= 1
            elif kind == "LBRACE":
                depth += 1
            elif depth == 0 and self._may_go_on(kind):
                return at + (kind == "SEMICOLON")
            at += 1
        return len(tokens)

    def _may_go_on(self, kind: str) -> bool:
        if len(self.checkpoints) == 1:
            return kind in ("MODULE", "IMPORT")
        return kind == "SEMICOLON"


def _joined(words: tuple[str, ...]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last
