"""Words of a syntax error: the token that was found, and those that could have stood there."""

from typing import cast

from lark import Token
from lark.parsers.lalr_interactive_parser import InteractiveParser

END = "$END"
NAME, TYPE = "a name", "a type"
SIGNS = {
    "COLON": "':'",
    "COMMA": "','",
    "EQUAL": "'='",
    "LBRACE": "'{'",
    "LESSTHAN": "'<'",
    "LPAR": "'('",
    "LSQB": "'['",
    "MORETHAN": "'>'",
    "RBRACE": "'}'",
    "RPAR": "')'",
    "RSQB": "']'",
    "SEMICOLON": "';'",
}
WORDS = {"NUMBER": "a number", "STRING": "a text in quotes", END: "the end of the file"}


def forked(parser: InteractiveParser) -> InteractiveParser:
    """The parser in its present state; what is fed to the one does not reach the other."""
    return cast("InteractiveParser", parser.copy(deepcopy_values=False))  # type: ignore[no-untyped-call]


def _accepted(parser: InteractiveParser) -> set[str]:
    return cast("set[str]", parser.accepts())  # type: ignore[no-untyped-call]


def in_words(token: Token) -> str:
    """Return the token that was found, in words."""
    if token.type == END:
        return WORDS[END]
    if token.type == "UNCLOSED_STRING":
        return "a text that is not closed on its line"
    if token.type == "UNKNOWN":
        return f"the character {str(token)!r}"
    if token.type in ("IDENT", "NUMBER", "STRING") or token.type in SIGNS:
        return f"'{token}'"
    return f"the keyword '{token}'"


def accepted_by(parser: InteractiveParser) -> tuple[str, ...]:
    """Return what the parser would have accepted, in an order that is always the same: values, keywords, signs."""
    accepted = _accepted(parser)
    if len(accepted) > 1:
        # A doubled `;` is passed over, but nobody is told to write it; nor is every type told that `::` may follow.
        accepted -= {"SEMICOLON", "COLON"}
    values = [words for kind, words in WORDS.items() if kind in accepted]
    signs = [words for kind, words in SIGNS.items() if kind in accepted]
    keywords = [f"'{kind.lower()}'" for kind in sorted(accepted - {"IDENT"} - WORDS.keys() - SIGNS.keys())]
    return (*([_name_or_type(parser)] if "IDENT" in accepted else []), *values, *keywords, *signs)


def _name_or_type(parser: InteractiveParser) -> str:
    """A type is a name that a `::` may follow."""
    behind = forked(parser)
    behind.feed_token(Token("IDENT", ""))
    return TYPE if "COLON" in _accepted(behind) else NAME
