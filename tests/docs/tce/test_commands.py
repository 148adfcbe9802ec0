"""The tutorial's statements about the compiler: options, mistakes, index files."""

import re

import pytest

from tests.docs.document import blocks, code, table
from tests.docs.tce.workshop import TUTORIAL, Workshop, shown

OPTION = re.compile(r"^  (-[-\w]+)", re.MULTILINE)


def test_every_option_is_in_the_table(empty_workshop: Workshop) -> None:
    offered = {
        option for tool in ("tce2py", "tce2js") for option in OPTION.findall(empty_workshop.run(f"{tool} -h")[0])
    }
    in_table = {code(row[0]).split()[0] for row in table(TUTORIAL, "option", "what it does")}
    assert in_table == offered - {"-h"}


def test_mistakes_are_said_as_shown_and_nothing_is_written(empty_workshop: Workshop) -> None:
    before = set(empty_workshop.directory.iterdir())
    output, errors = empty_workshop.run("tce2py -i mistakes.idl", status=1)
    assert (output, errors) == ("", shown("text tce2py -i mistakes.idl"))
    assert set(empty_workshop.directory.iterdir()) == before


def test_the_table_of_numbers_is_the_one_that_is_written(workshop: Workshop) -> None:
    written = (workshop.directory / "ifxdef.txt").read_text(encoding="utf-8")
    assert written == shown("text ifxdef.txt")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("if-index-list.txt", shown("text if-index-list.txt")),
        ("ifx-index-list.txt", shown("text if-index-list.txt")),
        ("ifx-index-list.xml", blocks(TUTORIAL, "xml")[0]),
    ],
    ids=["as documented", "as the compilers read it", "xml"],
)
def test_an_index_list_gives_the_numbers_that_are_not_in_the_idl(
    empty_workshop: Workshop, name: str, text: str
) -> None:
    empty_workshop.write(name, text)
    empty_workshop.run("tce2py -i test.idl")
    numbers = (empty_workshop.directory / "ifxdef.txt").read_text(encoding="utf-8")
    assert '<if id="30" name="test.Server"/>' in numbers
    assert '<if id="31" name="test.ITerminal"/>' in numbers
    generated = (empty_workshop.directory / "test.py").read_text(encoding="utf-8")
    assert "class ITerminalPrx(" in generated
    assert "class ITerminal(" not in generated


def test_the_compiled_modules_come_out_the_same_every_time(workshop: Workshop, empty_workshop: Workshop) -> None:
    empty_workshop.run("tce2py -i test.idl,stock.idl")
    for name in ("test.py", "stock.py"):
        first, second = ((each.directory / name).read_bytes() for each in (workshop, empty_workshop))
        assert first == second
